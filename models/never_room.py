"""Which units the geometry of a topology has no room for, whatever else runs."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from .capacity import arcs_left, left_per_unit, region_capacities
from .instance import Units
from .job import Job
from .never_layers import Finding
from .rules.block import floor_capacity
from .topology import (
    BlockTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
    UnitLimits,
)


class FlatRoom:
    """Nodes whose order alone matters."""

    def __init__(self, nodes: frozenset[int]) -> None:
        self._nodes = nodes

    def finding(self, job: Job) -> Finding | None:
        """The rule that refuses `job`, and one line for people."""
        if not job.contiguous or self._longest_run >= job.num_nodes:
            return None
        return "contiguous", f"the longest run of its nodes has {self._longest_run}"

    @cached_property
    def _longest_run(self) -> int:
        longest = run = 0
        previous = -2
        for node in sorted(self._nodes):
            run = run + 1 if node == previous + 1 else 1
            longest = max(longest, run)
            previous = node
        return longest


class BlockRoom:
    """Nodes of a block topology, counted per base block and per group of them."""

    def __init__(self, topology: BlockTopology, nodes: frozenset[int]) -> None:
        self._topology = topology
        self._left = left_per_unit(topology, nodes)
        self._reach: dict[UnitLimits, int] = {}

    def passes_floor(self, size: int) -> bool:
        """Whether 26.11 finds room for a whole-topology unit (8.1 bug 1); True for others.

        The answer of `rules.block.has_floor_capacity`, from counts at hand.
        """
        limits = self._topology.unit_limits(size)
        if not (limits.is_top and limits.is_limited):
            return True
        return floor_capacity(self._topology, limits, self._left) >= size

    def finding(self, units: Units) -> Finding | None:
        """The rule that refuses `units`, and one line for people."""
        return (
            self._region(units)
            or self._lower(units)
            or self._spread(units)
            or (self._consolidate(units))
        )

    def _region(self, units: Units) -> Finding | None:
        span = self._topology.unit_limits(units.size).region_span
        regions = self._left.per_group(span).units_with
        room = sum(number * (count // units.size) for count, number in regions.items())
        if room >= units.count:
            return None
        message = f"all nodes up, blocks of its level hold {room} of {units.count} units"
        return "block_region", f"{message} of {units.size} nodes"

    def _lower(self, units: Units) -> Finding | None:
        limits = self._topology.unit_limits(units.size)
        if not limits.is_limited:
            return None
        reach = self._reach.get(limits)
        if reach is None:
            reach = self._reach[limits] = max(region_capacities(self._left, limits))
        if reach >= units.size:
            return None
        return (
            "lower_level_blocks",
            f"{limits.max_lower} blocks of {limits.lower_span} base blocks hold {reach} of "
            f"the {units.size} nodes of a unit",
        )

    def _spread(self, units: Units) -> Finding | None:
        if not units.spreads or units.size > self._topology.base_size:
            return None
        blocks = self._left.units_with
        hosts = sum(number for count, number in blocks.items() if count >= units.size)
        if hosts >= units.count:
            return None
        return "spread_segments", f"only {hosts} blocks can host one of {units.count} segments"

    def _consolidate(self, units: Units) -> Finding | None:
        if not units.consolidates:
            return None
        span = self._topology.consolidate_span(units.count, units.size, units.spreads)
        most = max(self._left.per_group(span).units_with)
        if most >= units.count * units.size:
            return None
        return "consolidate_segments", f"no block of {span} base blocks has more than {most}"


class RingRoom:
    """Arcs of the nodes on every ring; most rings look alike."""

    def __init__(self, topology: RingTopology, nodes: frozenset[int]) -> None:
        self._rings = Counter(tuple(arcs_left(ring, nodes)) for ring in topology.rings)

    def finding(self, units: Units, *, one_per_ring: bool) -> Finding | None:
        """The rule that refuses `units`, and one line for people.

        Parameters
        ----------
        one_per_ring
            Whether a ring hosts at most one segment of a job, as in 26.11.
        """
        rings = self._rings.items()
        room = sum(number * (arc // units.size) for arcs, number in rings for arc in arcs)
        if room < units.count:
            return "ring_arc", f"rings have arcs for {room} of {units.count} units of {units.size}"
        hosts = sum(number for arcs, number in rings if max(arcs, default=0) >= units.size)
        if one_per_ring and hosts < units.count:
            return "one_segment_per_ring", f"only {hosts} rings for {units.count} segments"
        return None


class TorusRoom:
    """Placements of every size that lie within the nodes."""

    def __init__(self, topology: TorusTopology, nodes: frozenset[int]) -> None:
        self._covered: dict[int, set[int]] = {}
        for torus in topology.toruses:
            for anchor in torus.anchor_sets:
                if anchor <= nodes:
                    self._covered.setdefault(len(anchor), set()).update(anchor)

    def finding(self, units: Units) -> Finding | None:
        """The rule that refuses `units`, and one line for people."""
        if units.size not in self._covered:
            return "torus_anchor", f"no placement of {units.size} nodes"
        covered = len(self._covered[units.size])
        if covered >= units.count * units.size:
            return None
        return "torus_anchor", f"placements of {units.size} nodes cover only {covered} nodes"


class TreeRoom:
    """The most nodes below one switch of a tree."""

    def __init__(self, topology: TreeTopology, nodes: frozenset[int]) -> None:
        below = (len(topology.members[root] & nodes) for root in topology.roots)
        self._most = max(below, default=0)

    def finding(self, units: Units) -> Finding | None:
        """The rule that refuses `units`, and one line for people."""
        if self._most >= units.size:
            return None
        return "common_switch", f"no switch has more than {self._most} of its nodes below it"


Room = FlatRoom | BlockRoom | RingRoom | TorusRoom | TreeRoom


def room_on(topology: Topology, nodes: frozenset[int]) -> Room:
    """What `topology` offers to jobs that may use `nodes`."""
    match topology:
        case BlockTopology():
            return BlockRoom(topology, nodes)
        case RingTopology():
            return RingRoom(topology, nodes)
        case TorusTopology():
            return TorusRoom(topology, nodes)
        case TreeTopology():
            return TreeRoom(topology, nodes)
        case _:
            return FlatRoom(nodes)
