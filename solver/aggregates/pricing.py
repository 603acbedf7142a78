"""The best pattern of every aggregate for given prices: a dynamic program over its blocks.

A base block leaves `r` of its nodes to units of larger regions and packs the others with units of
its own; a region adds up what its two halves leave, gives it to units of its own span, and leaves
the rest. The value of the best packing as a function of `r` is all that a larger region has to
know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set

import numpy as np

from .base_blocks import BaseBlocks
from .packs import Kind, Packs
from .passed import Passing, passing_of
from .patterns import Anchors, Pattern, Prices, Reserved
from .regions import Bools, Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats, joined
from .top import classes_of, is_paid, priced_nodes, reserved_nodes
from .trace import Level, Tracer


class Pricer:
    """Finds the best pattern of all aggregates at once.

    Parameters
    ----------
    regions, slots
        The state and what may be offered.
    is_strict
        Whether what a base block leaves to larger units is charged for the dearest of them, so
        that a plan can follow the pattern, instead of for the cheapest of all, as a bound must;
        and whether a base block hosts one unit of a kind that spreads, not one of each job.

    Notes
    -----
    Where larger units differ in charge, a region leaves nodes for one charge and all below it.
    One call costs O(B s k) for B kinds of base blocks and O(n c (c + k)) per span for n regions of
    c free nodes and k sizes, in vectorised steps.
    """

    def __init__(
        self, regions: Regions, slots: Sequence[Slot], *, is_strict: bool = False
    ) -> None:
        self.regions = regions
        self.slots = slots
        self.size = np.array([slot.size for slot in slots], dtype=np.int64)
        self.spans = [1 << level for level in range(regions.span.bit_length())]
        self.of_span: dict[int | None, list[int]] = defaultdict(list)
        for index, slot in enumerate(slots):
            if not slot.holds:
                self.of_span[slot.span].append(index)
        self.is_strict = is_strict
        self._settled: dict[int, Anchors] = {}
        # Without a reservation units beyond all levels take what is best for them.
        nothing = np.zeros(regions.num_aggregates, dtype=np.int64)
        wide = np.zeros(len(regions.wide), dtype=np.int64)
        self._reserved = Reserved(nothing, nothing, wide, nothing) if is_strict else None
        passing = passing_of(regions, slots)
        self._passing = None if is_strict else passing
        # Per class of charges: what each node left is charged, and which slots that covers.
        self.charges = passing.charges if is_strict else passing.charges[:1]
        self.covers = (
            regions.charge <= self.charges[:, None]
            if is_strict
            else np.ones((1, len(slots)), dtype=bool)
        )
        self.kinds = self._kinds()
        self._blocks = BaseBlocks(regions, slots, self.charges, self._passing, is_lone=is_strict)
        self._tracer = Tracer(regions.span, slots, self.kinds, self._packed)

    def _kinds(self) -> dict[int, int]:
        """Per consolidated job over several base blocks, as a slot, the number of its kind."""
        most = self.regions.base_size
        spans: dict[tuple[int, bool, int], int] = {}
        of_slot = {}
        for index, slot in enumerate(self.slots):
            if slot.packing and not slot.holds and slot.span and slot.packing[1] <= most:
                key = slot.packing[1], slot.packing[2], int(self.class_of[index])
                of_slot[index] = key
                spans[key] = max(slot.span, spans.get(key, 0))
        numbers = {key: number for number, key in enumerate(spans)}
        self._packed = [Kind(*key, span) for key, span in spans.items()]
        return {slot: numbers[key] for slot, key in of_slot.items()}

    def reserve(self, reserved: Reserved) -> None:
        """From now on aggregates leave so many nodes to units beyond all levels, unpaid."""
        self._reserved = reserved

    def settle(self, aggregate: int, anchors: Anchors) -> None:
        """From now on an aggregate hosts exactly these units beyond single base blocks."""
        self._settled[aggregate] = anchors

    def release(self, aggregate: int) -> None:
        """Undo `settle`."""
        del self._settled[aggregate]

    @property
    def work(self) -> float:
        """What one call takes, in nodes that no budget tells apart."""
        times = 2.0 if self._passing is not None and self._passing.is_needed else 1.0
        return times * int(self.regions.free.sum())

    @property
    def settled(self) -> Set[int]:
        """Aggregates whose larger units are settled."""
        return self._settled.keys()

    def best(self, prices: Prices) -> tuple[Floats, list[Pattern]]:
        """Value and pattern per aggregate; the empty pattern is worth 0."""
        values, group = self._values(prices)
        blocks = self._blocks.best(values, group, self._earned(prices))
        values, group = self._net(values, group, prices)
        gain, levels, packs = self._combine(blocks.gain, values, group)
        gain = gain.reshape(len(self.charges), -1, gain.shape[1])
        top = (
            priced_nodes(gain[0], self.regions, self.slots, values, group, prices)
            if self._reserved is None
            else reserved_nodes(gain, self.charges, self._reserved)
        )
        spared = top.nodes if self._reserved is None else self._reserved.nodes
        patterns = [Pattern(number, spared=nodes) for number, nodes in enumerate(spared.tolist())]
        for aggregate in np.nonzero(top.slot >= 0)[0]:
            slot = int(top.slot[aggregate])
            patterns[aggregate].counts[slot] += int(top.nodes[aggregate])
            if self.slots[slot].max_lower is not None:
                patterns[aggregate].touched_by = slot
        # Base blocks may be unable to leave what an aggregate as a whole has room for.
        is_possible = is_paid(top.worth)
        nodes = np.where(is_possible, top.nodes, 0)
        left, classes = self._tracer.trace(levels, packs, nodes, top.classes, patterns)
        for pattern, of_blocks in zip(patterns, left.reshape(len(patterns), -1), strict=True):
            pattern.left = tuple(of_blocks.tolist())
        passed = blocks.passed[np.arange(len(left)), left.clip(max=blocks.passed.shape[1] - 1)]
        charges: Ints = self.charges[classes] * left
        if self._passing is not None:
            charges = charges + self._passing.cost(passed)
            self._set_lacking(self._passing, patterns, passed)
        self._blocks.fill(blocks, left, self.regions.budget - charges, patterns)
        for number in np.nonzero(~is_possible)[0].tolist():
            patterns[number] = Pattern(number)
        return top.worth, patterns

    def _earned(self, prices: Prices) -> Floats:
        """Per base block, what is paid for what it passes."""
        return np.repeat(prices.passed, self.regions.span)

    def _net(self, values: Floats, group: Ints, prices: Prices) -> tuple[Floats, Ints]:
        """Worth of larger slots without what base blocks have to pass to them, per aggregate.

        It may be negative: the nodes that they take have earned as much. Those who pay nothing are
        impossible; without them a pattern is worth the same.
        """
        paid = np.where(values > TOLERANCE, values, IMPOSSIBLE)
        if self._passing is None or not prices.passed.any():
            return paid, group
        net = paid[:, group] - np.outer(self._passing.excess, prices.passed)
        return net, np.arange(len(group))

    def _set_lacking(self, passing: Passing, patterns: Sequence[Pattern], passed: Ints) -> None:
        """Tell what larger units take beyond the least charge, and base blocks do not pass.

        Before patterns know what base blocks host themselves.
        """
        for pattern, given in zip(
            patterns, passed.reshape(len(patterns), -1).sum(axis=1).tolist(), strict=True
        ):
            excess = passing.excess
            taken = sum(int(excess[slot]) * count for slot, count in pattern.counts.items())
            pattern.lacking = taken - given

    def worth_by_left(self, prices: Prices) -> Floats:
        """Worth of aggregates without the nodes that they leave to units beyond all levels.

        Per class of charges, aggregate, and nodes.
        """
        values, group = self._values(prices)
        blocks = self._blocks.best(values, group, self._earned(prices))
        values, group = self._net(values, group, prices)
        gain, _, _ = self._combine(blocks.gain, values, group)
        return gain.reshape(len(self.charges), self.regions.num_aggregates, -1)

    @property
    def class_of(self) -> Ints:
        """Per slot the class of charges at which nodes are left to it."""
        return classes_of(self.charges, self.regions.charge)

    def _values(self, prices: Prices) -> tuple[Floats, Ints]:
        """Worth of one slot per price group, and the group of each aggregate."""
        rows = [
            (price, row)
            for price, row in zip(prices.wide, self.regions.wide, strict=True)
            if price > TOLERANCE
        ]
        if not rows:
            return prices.slots[:, None], np.zeros(self.regions.num_aggregates, dtype=np.int64)
        covers = np.array([row.covers for _, row in rows])
        groups, group = np.unique(covers, axis=1, return_inverse=True)
        cost = sum(price * np.outer(row.charges, groups[i]) for i, (price, row) in enumerate(rows))
        return prices.slots[:, None] - cost, group.reshape(-1)

    def _combine(
        self, gain: Floats, values: Floats, group: Ints
    ) -> tuple[Floats, list[Level], Packs]:
        """From base blocks to aggregates."""
        levels = []
        num_classes = len(self.charges)
        packs = Packs(
            self._packed, gain.reshape(num_classes, -1, gain.shape[1]), self.regions.free
        )
        for span in self.spans[1:]:
            free = np.tile(self.regions.free.reshape(-1, span // 2).sum(axis=1), num_classes)
            gain, left = joined(gain, free)
            of_region = np.repeat(group, self.regions.span // span)
            packs.join(span)
            taken = self._take(gain, span, values, of_region)
            forced = self._forced(span)
            for region, slots in forced.items():
                self._force(gain, region, slots, values[:, of_region[region]])
            closed = gain[:, 0].reshape(num_classes, -1)
            best = closed.argmax(axis=0)
            worth = closed.max(axis=0)
            alone = self._pack(worth, packs, span, values, of_region, forced)
            gain[:, 0] = np.tile(worth, num_classes)
            levels.append(Level(span, left, taken, best, forced, alone))
            is_taken = (taken >= 0).reshape(num_classes, -1, gain.shape[1])
            is_taken[:, list(forced)] = True
            packs.count(gain.reshape(is_taken.shape), is_taken)
        return gain, levels, packs

    def _pack(
        self,
        worth: Floats,
        packs: Packs,
        span: int,
        values: Floats,
        group: Ints,
        forced: dict[int, list[int]],
    ) -> Ints:
        """Let consolidated jobs have all that regions leave, in whole units; the slot per region.

        `worth` is that of regions that leave nothing, and raised where this is better.
        """
        alone = np.full(len(worth), -1)
        per_aggregate = self.regions.span // span
        is_open = ~np.isin(np.arange(len(worth)) // per_aggregate, list(self._settled))
        for slot in self.of_span[span]:
            packing = self.slots[slot].packing
            if slot not in self.kinds or packing is None:
                continue
            may_host = self.regions.allowed[slot] & is_open & is_paid(values[slot][group])
            for region, hosts in forced.items():
                may_host[region] = hosts == [slot]
            offer = packs.worth(self.kinds[slot], packing[0]) + values[slot][group]
            is_better = may_host & (offer > worth + TOLERANCE)
            worth[is_better] = offer[is_better]
            alone[is_better] = slot
        return alone

    def _take(self, gain: Floats, span: int, values: Floats, group: Ints) -> Ints:
        """Give what is left to units of this span, as often as that pays; the slot per entry."""
        taken = np.full(gain.shape, -1)
        sizes, worth, slot_of, is_packed = self._region_items(
            span, values, group, gain.shape[1] - 1
        )
        everyone = np.arange(len(gain))
        for left in range(gain.shape[1] - 1 - min(sizes, default=gain.shape[1]), -1, -1):
            fitting = sizes + left < gain.shape[1]
            before = gain[:, sizes[fitting] + left]
            if left == 0:
                # Alone a consolidated job takes whole units (`_pack`).
                is_alone = is_packed[fitting] & (taken[:, sizes[fitting]] < 0)
                before = np.where(is_alone, IMPOSSIBLE, before)
            offers = before + worth[:, fitting]
            choice = offers.argmax(axis=1)
            offer = offers[everyone, choice]
            is_better = offer > gain[:, left] + TOLERANCE
            gain[is_better, left] = offer[is_better]
            taken[is_better, left] = slot_of[everyone, choice][is_better]
        return taken

    def _forced(self, span: int) -> dict[int, list[int]]:
        forced: dict[int, list[int]] = defaultdict(list)
        for regions in self._settled.values():
            for slot, region in regions:
                if self.slots[slot].span == span:
                    forced[region].append(slot)
        return forced

    def _force(self, gain: Floats, region: int, slots: list[int], values: Floats) -> None:
        """Give units of settled aggregates their nodes."""
        size = int(self.size[slots].sum())
        rows = gain.reshape(len(self.charges), -1, gain.shape[1])[:, region]
        kept = rows.shape[1] - size
        worth = np.where(is_paid(values[slots]), values[slots], 0.0)
        rows[:, :kept] = rows[:, size:] + worth.sum()
        rows[:, kept:] = IMPOSSIBLE
        rows[~self.covers[:, slots].all(axis=1)] = IMPOSSIBLE
        if len(slots) == 1 and slots[0] in self.kinds:
            # Alone a consolidated job takes whole units (`_pack`).
            rows[:, 0] = IMPOSSIBLE

    def _region_items(
        self, span: int, values: Floats, group: Ints, most: int
    ) -> tuple[Ints, Floats, Ints, Bools]:
        """What may take nodes of regions: per column its size, and whether it is consolidated.

        Per charge, region and column the worth of the best slot allowed, and the slot.
        """
        of_size: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for slot in self.of_span[span]:
            if self.size[slot] <= most and is_paid(values[slot]).any():
                of_size[int(self.size[slot]), slot in self.kinds].append(slot)
        columns = sorted(of_size)
        sizes = np.array([size for size, _ in columns], dtype=np.int64)
        is_packed = np.array([packed for _, packed in columns], dtype=bool)
        worth = np.full((len(self.charges), len(group), len(sizes)), IMPOSSIBLE)
        slot_of = np.full(worth.shape, -1)
        for column, key in enumerate(columns):
            for slot in of_size[key]:
                value = np.where(self.regions.allowed[slot], values[slot][group], IMPOSSIBLE)
                is_better = self.covers[:, [slot]] & (value > worth[:, :, column])
                worth[:, :, column] = np.where(is_better, value, worth[:, :, column])
                slot_of[:, :, column][is_better] = slot
        per_aggregate = self.regions.span // span
        for aggregate in self._settled:
            worth[:, aggregate * per_aggregate : (aggregate + 1) * per_aggregate] = IMPOSSIBLE
        rows = len(self.charges) * len(group)
        return sizes, worth.reshape(rows, -1), slot_of.reshape(rows, -1), is_packed
