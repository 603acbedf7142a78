"""Runs a baseline: jobs one at a time in queue order, each where its rule wants it, if legal."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from ...models.instance import Instance
from ...models.plan import Placer, PlanOptions, PlanResult, Progress
from ...models.score import score
from ..placing.attempt import Attempt
from ..placing.dispatch import can_ever_start
from ..reasons import unplaced
from ..state import State

KINDS = frozenset({"block", "ring", "torus3d", "tree", "flat"})


class Baseline(Protocol):
    """Takes the nodes of one job; the driver has checked that the topology's kind is supported."""

    def place(self, attempt: Attempt) -> bool:
        """Take all nodes of the job; on False the driver gives back what was taken."""
        ...


def placer(
    name: str, build: Callable[[State, PlanOptions], Baseline], supports: frozenset[str] = KINDS
) -> Placer:
    """The engine of a baseline.

    Parameters
    ----------
    name
        As in the registry.
    build
        Makes the baseline for one run.
    supports
        Kinds of topology it knows; jobs on others wait.
    """

    def place(
        instance: Instance, options: PlanOptions, *, progress: Progress | None = None
    ) -> PlanResult:
        started = perf_counter()
        state = State(instance, options.legality)
        baseline = build(state, options)
        for job in instance.jobs:
            for partition in instance.partitions_of(job):
                kind = instance.cluster.topology_of(partition).kind
                if kind not in supports or not can_ever_start(state, job, partition):
                    continue
                attempt = Attempt(state, job, partition)
                if baseline.place(attempt) and attempt.is_payable():
                    attempt.commit()
                    break
                attempt.undo()
        if progress is not None:
            progress(f"{name}: {len(state.started)} jobs start")
        plan = state.plan()
        return PlanResult(
            plan=plan,
            engine=name,
            options=options,
            objective=score(instance, plan, options),
            unplaced=unplaced(state, supports),
            wall_s=perf_counter() - started,
        )

    return place
