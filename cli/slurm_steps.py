"""Slurm, one start after the other: what it does with a pinned job, and the state after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..heuristics.slurm import choose
from ..models.instance import Instance, RunningJob
from ..models.job import Job
from ..models.legality import Legality
from ..models.plan import Placement, Plan
from ..models.rules import layer_usage


def slurm_starts_on(instance: Instance, job: Job, nodes: Iterable[int]) -> bool:
    """Whether Slurm 26.11 would start `job` on exactly `nodes` once they are its nodelist."""
    wanted = frozenset(nodes)
    pinned = replace(job, nodelist=tuple(instance.cluster.names(wanted)))
    answer = choose(instance, pinned)
    return answer.starts and frozenset(answer.nodes) == wanted


def after_start(instance: Instance, placement: Placement, legality: Legality) -> Instance:
    """The state once the placed job runs; it is no longer pending."""
    job = instance.job_with_id[placement.job_id]
    usage = layer_usage(instance, Plan((placement,)), legality)
    running = RunningJob(job, frozenset(placement.nodes), placement.partition)
    after = replace(
        instance,
        jobs=tuple(other for other in instance.jobs if other.job_id != job.job_id),
        running=(*instance.running, running),
    )
    used = {
        resource.name: tuple(
            # `used` leaves out the idle watts of free nodes, which the usage contains.
            amount - resource.idle_w * len(layer.nodes & after.free)
            for amount, layer in zip(usage[resource.name], resource.layers, strict=True)
        )
        for resource in instance.cluster.resources
    }
    return replace(after, used=used)
