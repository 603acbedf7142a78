"""topology/block: aligned regions, lower-level blocks, spread and consolidated segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import filterfalse

from ..capacity import UnitCounts, left_per_unit
from ..cluster import Partition
from ..instance import Instance
from ..job import Job
from ..legality import Legality
from ..topology import BlockTopology, UnitLimits
from .exclusive import held_nodes, is_enforced, unit_nodes
from .start import Start


def _ruling(start: Start) -> BlockTopology | None:
    """The block topology that binds the start, if one does."""
    topology = start.topology
    return topology if isinstance(topology, BlockTopology) and start.is_ruled else None


def _blocks(topology: BlockTopology, nodes: Iterable[int]) -> set[int]:
    """Base blocks that `nodes` touch; outside_blocks judges nodes in none."""
    return {block for block in set(map(topology.block_of.get, nodes)) if block is not None}


def block_region(start: Start) -> str | None:
    """B1: a unit lies in one aligned block of the smallest enabled level for its size (3.1.1)."""
    topology = _ruling(start)
    if topology is None:
        return None
    span = topology.unit_limits(start.units.size).region_span
    for unit in start.placement.segments:
        regions = {block // span for block in _blocks(topology, unit)}
        if len(regions) > 1:
            return f"a unit of {len(unit)} nodes spans {len(regions)} blocks of {span} base blocks"
    return None


def lower_level_blocks(start: Start) -> str | None:
    """B2: a unit touches at most M blocks of the next lower enabled level (3.1.1)."""
    topology = _ruling(start)
    if topology is None:
        return None
    limits = topology.unit_limits(start.units.size)
    if not limits.is_limited:
        return None
    for unit in start.placement.segments:
        lower = {block // limits.lower_span for block in _blocks(topology, unit)}
        if len(lower) > limits.max_lower:
            return (
                f"a unit of {len(unit)} nodes touches {len(lower)} blocks of "
                f"{limits.lower_span} base blocks, at most {limits.max_lower} allowed"
            )
    return None


def outside_blocks(start: Start) -> str | None:
    """A multi-node job uses no node outside all blocks while it has one inside (0.4(1))."""
    topology = _ruling(start)
    if topology is None:
        return None
    outside = list(filterfalse(topology.block_of.__contains__, start.nodes))
    return f"{start.names(outside)} in no block" if outside else None


def whole_topology_floor(start: Start) -> str | None:
    """26.11 forgets an incomplete last lower-level block of whole-topology units (8.1 bug 1)."""
    topology = _ruling(start)
    if topology is None or has_floor_capacity(start.instance, start.job, start.partition):
        return None
    return f"the complete lower-level blocks hold no unit of {start.units.size} nodes"


def has_floor_capacity(instance: Instance, job: Job, partition: Partition) -> bool:
    """Whether Slurm 26.11 finds room for a whole-topology unit of `job` in the start state.

    True for units that fit an enabled level. The M largest counts of nodes that the job could use,
    held units left out, among the first ``K // lower_span`` lower-level blocks must hold the unit;
    required nodes skip the check (9.4).
    """
    topology = instance.cluster.topology_of(partition)
    if not isinstance(topology, BlockTopology) or instance.required(job, partition):
        return True
    size = instance.units(job, partition).size
    limits = topology.unit_limits(size)
    if not (limits.is_top and limits.is_limited):
        return True
    usable = _usable_at_start(instance, job, partition, topology)
    return floor_capacity(topology, limits, left_per_unit(topology, usable)) >= size


def floor_capacity(topology: BlockTopology, limits: UnitLimits, left: UnitCounts) -> int:
    """Nodes that 26.11 finds for a whole-topology unit, given what is left in every base block."""
    complete = len(topology.blocks) // limits.lower_span
    lower = left.per_group(limits.lower_span).items()
    counts = sorted((count for index, count in lower if index < complete), reverse=True)
    return sum(counts[: limits.max_lower])


def _usable_at_start(
    instance: Instance, job: Job, partition: Partition, topology: BlockTopology
) -> frozenset[int]:
    """Nodes that 26.11 counts for the job: BLOCKED ones are not available to it (0.2, 7)."""
    legality = Legality.SLURM_26_11
    nodes = instance.eligible(job, partition) & instance.free
    nodes -= held_nodes(instance, topology, legality)
    if instance.is_exclusive(job, partition) and is_enforced(topology, legality):
        nodes -= unit_nodes(topology, instance.occupied)
    return nodes


def spread_segments(start: Start) -> str | None:
    """``--spread-segments``: no base block hosts two segments of the job (3.1.5)."""
    topology = _ruling(start)
    if topology is None or not start.units.spreads:
        return None
    shared = shared_blocks(topology, start.placement.segments)
    return f"{len(shared)} blocks host two segments" if shared else None


def shared_blocks(topology: BlockTopology, segments: Sequence[Sequence[int]]) -> set[int]:
    """Base blocks touched by more than one of `segments`."""
    seen: set[int] = set()
    shared: set[int] = set()
    for unit in segments:
        touched = _blocks(topology, unit)
        shared |= touched & seen
        seen |= touched
    return shared


def consolidate_segments(start: Start) -> str | None:
    """``--consolidate-segments``: one aggregated block holds all segments (3.1.5)."""
    topology = _ruling(start)
    if topology is None or not start.units.consolidates:
        return None
    units = start.units
    span = topology.consolidate_span(units.count, units.size, units.spreads)
    regions = {block // span for block in _blocks(topology, start.nodes)}
    if len(regions) > 1:
        return f"segments lie in {len(regions)} blocks of {span} base blocks"
    return None
