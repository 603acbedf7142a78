"""How many units of a size still fit on what a plan leaves free (design.md section 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from .instance import Instance
from .topology import (
    BlockTopology,
    FlatTopology,
    Ring,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
    UnitLimits,
)


def fits(instance: Instance, nodes_left: frozenset[int], topology: Topology, size: int) -> int:
    """Units of `size` nodes that the nodes left could hold on `topology`, without overlap.

    Torus anchors may overlap; they are counted each.

    Parameters
    ----------
    instance
        Its node table is the flat topology's only structure.
    nodes_left
        Node indices that a new job could use; see `score.nodes_left`.
    topology
        One of the cluster's.
    size
        Nodes of a unit, at least 1.
    """
    left = left_per_unit(topology, nodes_left)
    return fits_counted(instance, nodes_left, left, topology, size)


class UnitCounts(Counter[int]):
    """Nodes left per base block or leaf switch."""

    @cached_property
    def units_with(self) -> Counter[int]:
        """Number of units by their count."""
        return Counter(self.values())

    def per_group(self, span: int) -> UnitCounts:
        """Nodes left per group of `span` units; asked for the same few spans by many sizes."""
        if span not in self._groups:
            groups = UnitCounts()
            for unit, count in self.items():
                groups[unit // span] += count
            self._groups[span] = groups
        return self._groups[span]

    @cached_property
    def _groups(self) -> dict[int, UnitCounts]:
        return {1: self}


def left_per_unit(topology: Topology, nodes_left: Iterable[int]) -> UnitCounts:
    """Nodes left per base block or leaf switch; empty for the kinds where position matters."""
    match topology:
        case BlockTopology():
            owner = topology.block_of
        case TreeTopology():
            owner = topology.leaf_of
        case _:
            return UnitCounts()
    return UnitCounts(owner[node] for node in nodes_left if node in owner)


def fits_counted(
    instance: Instance,
    nodes_left: frozenset[int],
    left: UnitCounts,
    topology: Topology,
    size: int,
) -> int:
    """As `fits`, with `left` from `left_per_unit` at hand."""
    match topology:
        case BlockTopology():
            return _block_fits(topology, left, size)
        case RingTopology():
            return sum(
                run // size for ring in topology.rings for run in arcs_left(ring, nodes_left)
            )
        case TorusTopology():
            return sum(
                nodes_left.issuperset(anchor)
                for torus in topology.toruses
                for placement in torus.placements
                if placement.volume == size
                for anchor in torus.usable_anchors(placement)
            )
        case TreeTopology():
            return _tree_fits(topology, nodes_left, left, size)
        case FlatTopology():
            return len(nodes_left) // size


def _block_fits(topology: BlockTopology, left: UnitCounts, size: int) -> int:
    if size <= topology.base_size:
        return _units_below(left, size)
    capacities = region_capacities(left, topology.unit_limits(size))
    return sum(capacity >= size for capacity in capacities)


def region_capacities(left: UnitCounts, limits: UnitLimits) -> list[int]:
    """Nodes of every region that one unit could take: all, or the M largest lower-level blocks."""
    if not limits.is_limited:
        return list(left.per_group(limits.region_span).values())
    counts_of: dict[int, list[int]] = {}
    for index, count in left.per_group(limits.lower_span).items():
        # The whole topology is one region, whatever its span divides into.
        region = 0 if limits.is_top else index * limits.lower_span // limits.region_span
        counts_of.setdefault(region, []).append(count)
    return [sum(sorted(counts, reverse=True)[: limits.max_lower]) for counts in counts_of.values()]


def _units_below(left: UnitCounts, size: int) -> int:
    """Units of `size` nodes that lie within one base block or leaf each."""
    return sum(number * (count // size) for count, number in left.units_with.items())


def arcs_left(ring: Ring, nodes_left: frozenset[int]) -> list[int]:
    """Lengths of the maximal arcs of `ring` whose nodes are all left."""
    taken = [node in nodes_left for node in ring.nodes]
    if all(taken):
        return [len(taken)] if taken else []
    start = taken.index(False)
    runs: list[int] = []
    length = 0
    for offset in range(1, len(taken) + 1):
        if taken[(start + offset) % len(taken)]:
            length += 1
        elif length:
            runs.append(length)
            length = 0
    return runs


def _tree_fits(
    topology: TreeTopology, nodes_left: frozenset[int], left: UnitCounts, size: int
) -> int:
    if size <= base_size(topology):
        return _units_below(left, size)
    large = [i for i in range(len(topology.switches)) if len(topology.members[i]) >= size]
    if not large:
        return 0
    level = min(topology.levels[index] for index in large)
    return sum(
        topology.levels[index] == level and len(topology.members[index] & nodes_left) >= size
        for index in large
    )


def base_size(topology: Topology) -> int:
    """Nodes of the natural unit: base block, longest ring, largest shape or leaf; 1 on flat."""
    match topology:
        case BlockTopology():
            return topology.base_size
        case RingTopology():
            return max((len(ring.nodes) for ring in topology.rings), default=1)
        case TorusTopology():
            volumes = (shape.volume for torus in topology.toruses for shape in torus.placements)
            return max(volumes, default=1)
        case TreeTopology():
            sizes = (len(topology.switches[leaf].nodes) for leaf in topology.leaves)
            return max((1, *sizes))
        case FlatTopology():
            return 1
