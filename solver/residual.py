"""What is left of an instance when part of its plan is fixed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from ..models.instance import Instance, RunningJob
from ..models.plan import Placement, Plan, PlanOptions
from ..models.rules.usage import layer_usage


def residual(
    instance: Instance,
    options: PlanOptions,
    window: frozenset[int],
    others: Plan,
    chosen: Set[str],
) -> Instance:
    """A window as an instance: planned jobs outside of it run, all other free nodes are gone.

    Parameters
    ----------
    window
        Free nodes that may be used.
    others
        Placements that stay; they may lie inside the window.
    chosen
        Ids of the jobs to place in the window.
    """
    running = tuple(_as_running(instance, placement) for placement in others.placements)
    taken = frozenset(node for placement in others.placements for node in placement.nodes)
    outside = instance.free - window - taken
    used = layer_usage(instance, others, options.legality)
    for resource in instance.cluster.resources:
        if resource.is_power and resource.idle_w:
            # The instance adds the idle watts of its own free nodes again.
            for index, layer in enumerate(resource.layers):
                free = len(layer.nodes & (window - taken))
                used[resource.name][index] -= resource.idle_w * free
    return replace(
        instance,
        jobs=tuple(job for job in instance.jobs if job.job_id in chosen),
        running=instance.running + running,
        unavailable=instance.unavailable | outside,
        used={name: tuple(amounts) for name, amounts in used.items()},
    )


def _as_running(instance: Instance, placement: Placement) -> RunningJob:
    job = instance.job_with_id[placement.job_id]
    return RunningJob(job, frozenset(placement.nodes), placement.partition)
