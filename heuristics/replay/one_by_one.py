"""Makes a policy of an engine that stops at the first waiting job, as Slurm's does."""

from __future__ import annotations

from dataclasses import replace

from ...models.instance import Instance, RunningJob
from ...models.plan import Placement, Placer, Plan, PlanOptions, PlanResult, Progress
from ...models.score import score
from .live import charges_of


def one_by_one(placer: Placer) -> Placer:
    """An engine that asks `placer` about one job after another, each on what the last one left.

    Slurm places a job on the same nodes whoever admits it (main scheduler or backfill), so this is
    its choice of nodes under any admission.
    """

    def place(
        instance: Instance, options: PlanOptions, *, progress: Progress | None = None
    ) -> PlanResult:
        state = instance
        placements: list[Placement] = []
        for job in instance.jobs:
            alone = replace(state, jobs=(job,))
            found = placer(alone, options, progress=progress).plan.placements
            if found:
                placements += found
                state = _with_started(alone, found[0], options)
        plan = Plan(tuple(placements))
        return PlanResult(plan, "one by one", options, score(instance, plan, options))

    return place


def _with_started(instance: Instance, placement: Placement, options: PlanOptions) -> Instance:
    """The state once the job runs."""
    job = instance.job_with_id[placement.job_id]
    charges = charges_of((placement,), instance, options.legality)[job.job_id]
    used = {
        resource.name: tuple(
            amount + charges.get(resource.name, {}).get(layer, 0)
            for layer, amount in enumerate(
                instance.used.get(resource.name) or (0,) * len(resource.layers)
            )
        )
        for resource in instance.cluster.resources
    }
    held = RunningJob(job, frozenset(placement.nodes), placement.partition)
    return replace(instance, running=(*instance.running, held), used=used)
