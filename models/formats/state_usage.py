"""How much of each layer the running jobs use (slurm_semantics 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cluster import Cluster
from ..errors import ProblemLog
from ..instance import RunningJob
from ..job import Job
from ..resources import INFINITE, Mode, Resource


def used_by_running(
    cluster: Cluster, running: Sequence[RunningJob], allocated: Iterable[int]
) -> dict[str, tuple[int, ...]]:
    """Use per layer of every resource, `base` not included.

    Parameters
    ----------
    cluster
        The machine.
    running
        Jobs that hold nodes.
    allocated
        Nodes held by unknown jobs: they draw the watts of their profile, and request nothing.
    """
    # MODE_1 charges the first layer with enough left, so that the order of starts matters.
    in_order = sorted(running, key=lambda held: (held.job.start_s or 0, held.job.job_id))
    unknown = frozenset(allocated)
    return {
        resource.name: tuple(_used(cluster, resource, in_order, unknown))
        for resource in cluster.resources
    }


def _used(
    cluster: Cluster, resource: Resource, running: Iterable[RunningJob], unknown: frozenset[int]
) -> list[int]:
    used = [0] * len(resource.layers)
    for held in running:
        request = sum(count for name, count in held.job.licenses if name == resource.name)
        if resource.is_power:
            for node in held.nodes:
                draw = held.job.power_w
                if draw is None:
                    draw = request or cluster.nodes[node].power_w
                _add(used, resource.layers_of.get(node, ()), draw)
        elif request and resource.mode is Mode.MODE_3:
            for node in held.nodes:
                _add(used, resource.layers_of.get(node, ()), request)
        elif request:
            overlapping = {
                layer for node in held.nodes for layer in resource.layers_of.get(node, ())
            }
            _add(used, _charged(resource, sorted(overlapping), request, used), request)
    if resource.is_power:
        for node in unknown:
            _add(used, resource.layers_of.get(node, ()), cluster.nodes[node].power_w)
    return used


def _add(used: list[int], layers: Iterable[int], amount: int) -> None:
    for layer in layers:
        used[layer] += amount


def _charged(
    resource: Resource, overlapping: Sequence[int], request: int, used: Sequence[int]
) -> Sequence[int]:
    """MODE_2: every overlapping layer; MODE_1: the first with enough left, else the first."""
    if resource.mode is Mode.MODE_2:
        return overlapping
    for layer in overlapping:
        capacity = resource.layers[layer].capacity
        if capacity == INFINITE or capacity - used[layer] >= request:
            return [layer]
    return overlapping[:1]


def warn_overdrawn(cluster: Cluster, used: dict[str, tuple[int, ...]], log: ProblemLog) -> None:
    """Layers in which more is used than there is: nothing that needs them can start."""
    for resource in cluster.resources:
        for layer, amount in zip(resource.layers, used[resource.name], strict=True):
            if layer.capacity != INFINITE and amount > layer.capacity:
                found = f"{resource.name}: {amount} used in layer {layer.name}"
                log.warn("", f"{found}, which has {layer.capacity}")


def warn_unknown_draw(cluster: Cluster, jobs: Iterable[Job], log: ProblemLog) -> None:
    """Caps in watts count for nothing where nobody says what a node draws."""
    names = {resource.name for resource in cluster.resources if resource.is_power}
    if not names or all(node.power_w for node in cluster.nodes):
        return
    silent = sum(
        1
        for job in jobs
        if job.power_w is None and not any(name in names for name, _ in job.licenses)
    )
    if silent:
        found = f"{silent} jobs and some nodes have no power_w: they count as drawing 0 W there"
        log.warn("", found, "power_w in the node or job file, or --profile")
