"""Carries out a `Rule` on every kind of topology, within the legality rules."""

from __future__ import annotations

from collections.abc import Sequence

from ...models.legality import Legality
from ...models.rules.tree import leaf_limit
from ...models.topology import (
    BlockTopology,
    RingTopology,
    TorusTopology,
    TreeTopology,
    UnitLimits,
)
from ..placing.attempt import Attempt
from ..placing.block import passes_floor, place_required
from ..placing.flat import place_flat
from ..placing.ring import arc_mask, place_required_arc
from ..state import runs
from .rule import Anchor, Arc, Region, Rule, room_in


class ByRule:
    """A baseline that is only an order of preference; see `Rule`.

    Required nodes, one-node jobs outside all units and jobs that the flat algorithm places are
    treated alike for all of them. What the rule's first legal choice leads into is not undone:
    a later segment that finds nothing makes the job wait.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def place(self, attempt: Attempt) -> bool:
        """Take all nodes of the job; False if the rule's choices end nowhere."""
        topology = attempt.view.topology
        if attempt.job.num_nodes == 1 and topology.kind != "torus3d":
            return self._one_node(attempt)
        if attempt.state.is_placed_flat(attempt.job, attempt.partition):
            return place_flat(attempt)
        match topology:
            case BlockTopology():
                return self._block(attempt, topology)
            case RingTopology():
                return self._ring(attempt, topology)
            case TorusTopology():
                return self._torus(attempt, topology)
            case TreeTopology():
                return self._tree(attempt, topology)
            case _:
                return place_flat(attempt)

    def _one_node(self, attempt: Attempt) -> bool:
        view = attempt.view
        attempt.begin_segment()
        if attempt.required:
            unit, mask = next(iter(view.split(attempt.required).items()))
            return attempt.take_mask(unit, mask & attempt.mask(unit), 1) == 1
        units = [unit for unit in range(view.outside) if attempt.room(unit)]
        order = [*self._rule.units(attempt, units, 1), view.outside]
        return any(attempt.take(unit, 1) == 1 for unit in order)

    def _block(self, attempt: Attempt, topology: BlockTopology) -> bool:
        units = attempt.units
        limits = topology.unit_limits(units.size)
        if not passes_floor(attempt, limits):
            return False
        if attempt.required:
            return place_required(attempt, topology, limits)
        everything = range(len(topology.blocks))
        if not units.consolidates:
            return self._segments(attempt, limits, everything)
        span = topology.consolidate_span(units.count, units.size, units.spreads)
        total = units.count * units.size
        regions = [
            region for region in _aligned(everything, span) if room_in(attempt, region) >= total
        ]
        for region in self._rule.regions(attempt, regions, total):
            if self._segments(attempt, limits, region):
                return True
            attempt.undo()
        return False

    def _segments(self, attempt: Attempt, limits: UnitLimits, within: Region) -> bool:
        """Take all units one after another from base blocks `within`."""
        used: set[int] = set()
        for _ in range(attempt.units.count):
            attempt.begin_segment()
            blocks = [block for block in within if block not in used]
            if not self._unit(attempt, limits, blocks):
                return False
            if attempt.units.spreads:
                used.update(block for block, _ in attempt.segments[-1])
        return True

    def _unit(self, attempt: Attempt, limits: UnitLimits, blocks: Sequence[int]) -> bool:
        size = attempt.units.size
        rooms = attempt.rooms(0, attempt.view.outside)
        if limits.region_span == 1:
            fitting = [block for block in blocks if rooms[block] >= size]
            for block in self._rule.units(attempt, fitting, size):
                if self._fill(attempt, (block,), limits):
                    return True
            return False
        regions = [
            region
            for region in _aligned(blocks, limits.region_span)
            if sum(rooms[block] for block in region) >= size
        ]
        return any(
            self._fill(attempt, region, limits)
            for region in self._rule.regions(attempt, regions, size)
        )

    def _fill(self, attempt: Attempt, region: Region, limits: UnitLimits) -> bool:
        """Take a unit from the region, touching at most M lower-level blocks (3.1.2 B2)."""
        remaining = attempt.units.size
        lower: set[int] = set()
        blocks = [block for block in region if attempt.room(block)]
        for block in self._rule.units(attempt, blocks, remaining):
            own = block // limits.lower_span
            if limits.is_limited and own not in lower and len(lower) == limits.max_lower:
                continue
            lower.add(own)
            remaining -= attempt.take(block, remaining)
            if not remaining:
                return True
        attempt.undo(len(attempt.segments) - 1)
        attempt.begin_segment()
        return False

    def _ring(self, attempt: Attempt, topology: RingTopology) -> bool:
        if attempt.required:
            return place_required_arc(attempt, topology)
        own_ring_each = attempt.state.legality is Legality.SLURM_26_11
        size = attempt.units.size
        used: set[int] = set()
        for _ in range(attempt.units.count):
            attempt.begin_segment()
            arcs = [
                Arc(index, start, length)
                for index, ring in enumerate(topology.rings)
                if not (own_ring_each and index in used)
                for start, length in runs(attempt.mask(index), len(ring.nodes))
                if length >= size
            ]
            for arc in self._rule.arcs(attempt, arcs, size):
                mask = arc_mask(arc.start, size, len(topology.rings[arc.ring].nodes))
                if _take_exactly(attempt, arc.ring, mask):
                    used.add(arc.ring)
                    break
            else:
                return False
        return True

    def _torus(self, attempt: Attempt, topology: TorusTopology) -> bool:
        view = attempt.view
        size = attempt.units.size
        required = view.split(attempt.required)
        if len(required) > 1 or view.outside in required:
            return False
        for _ in range(attempt.units.count):
            attempt.begin_segment()
            anchors = [
                Anchor(index, mask)
                for index in range(len(topology.toruses))
                if not required or index in required
                for volume, mask in view.anchors(index)
                if volume == size and mask & attempt.mask(index) == mask
                if mask & required.get(index, 0) == required.get(index, 0)
            ]
            order = self._rule.anchors(attempt, anchors, size)
            if not any(_take_exactly(attempt, anchor.torus, anchor.mask) for anchor in order):
                return False
        return True

    def _tree(self, attempt: Attempt, topology: TreeTopology) -> bool:
        size = attempt.units.size
        required = attempt.view.split(attempt.required)
        below = attempt.view.leaves_below
        switches = sorted(range(len(below)), key=lambda switch: (topology.levels[switch], switch))
        regions = [
            below[switch]
            for switch in switches
            if required.keys() <= set(below[switch]) and room_in(attempt, below[switch]) >= size
        ]
        limit = leaf_limit(attempt.state.instance, topology, attempt.job)
        for region in self._rule.regions(attempt, regions, size):
            attempt.begin_segment()
            if self._fill_leaves(attempt, region, required, limit):
                return True
            attempt.undo()
        return False

    def _fill_leaves(
        self, attempt: Attempt, region: Region, required: dict[int, int], limit: int | None
    ) -> bool:
        remaining = attempt.units.size
        for leaf, mask in sorted(required.items()):
            if attempt.take_mask(leaf, mask & attempt.mask(leaf), remaining) != mask.bit_count():
                return False
            remaining -= mask.bit_count()
        leaves = [leaf for leaf in region if attempt.room(leaf)]
        used = set(required)
        order = self._rule.units(attempt, leaves, remaining)
        for leaf in [*(leaf for leaf in order if leaf in used), *order]:
            if not remaining:
                break
            if leaf in used or limit is None or len(used) < limit:
                used.add(leaf)
                remaining -= attempt.take(leaf, remaining)
        return not remaining


def _aligned(blocks: Sequence[int], span: int) -> list[list[int]]:
    """`blocks` by the aligned region of `span` base blocks they lie in."""
    regions: dict[int, list[int]] = {}
    for block in blocks:
        regions.setdefault(block // span, []).append(block)
    return list(regions.values())


def _take_exactly(attempt: Attempt, unit: int, mask: int) -> bool:
    """Take exactly these nodes for the current segment, or none."""
    size = mask.bit_count()
    if attempt.take_mask(unit, mask, size) == size:
        return True
    attempt.undo(len(attempt.segments) - 1)
    attempt.begin_segment()
    return False
