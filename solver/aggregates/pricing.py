"""The best pattern of every aggregate for given prices: a dynamic program over its blocks.

A base block leaves `r` of its nodes to units of larger regions and packs the others with units of
its own; a region adds up what its two halves leave, gives it to units of its own span, and leaves
the rest. The value of the best packing as a function of `r` is all that a larger region has to
know.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from .patterns import Anchors, Pattern, Prices, Reserved
from .regions import Bools, Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats, Items, Tables, joined, packed
from .top import priced_nodes, reserved_nodes


@dataclass(frozen=True)
class _Level:
    """Regions of one span: how their halves and their own units share what is left.

    Attributes
    ----------
    left, taken
        Per charge and region, and nodes left: what the first half leaves, and who takes of it.
    closed
        Per region the charge that is best where nothing is left.
    forced
        Per region of a settled aggregate, who takes of it in any case.
    """

    span: int
    left: Ints
    taken: Ints
    closed: Ints
    forced: dict[int, list[int]]


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
        self.is_lone = np.array([is_strict and slot.spreads for slot in slots], dtype=np.int64)
        self.spans = [1 << level for level in range(regions.span.bit_length())]
        self.of_span: dict[int | None, list[int]] = defaultdict(list)
        self.held: list[int] = []
        for index, slot in enumerate(slots):
            (self.held if slot.holds else self.of_span[slot.span]).append(index)
        larger = {int(regions.charge[i]) for i, slot in enumerate(slots) if slot.span != 1}
        self.is_strict = is_strict
        self._settled: dict[int, Anchors] = {}
        # Without a reservation units beyond all levels take what is best for them.
        nothing = np.zeros(regions.num_aggregates, dtype=np.int64)
        wide = np.zeros(len(regions.wide), dtype=np.int64)
        self._reserved = Reserved(nothing, nothing, wide) if is_strict else None
        # Per class of charges: what each node left is charged, and which slots that covers.
        self.charges = np.array(
            sorted(larger) if is_strict and larger else [min(larger, default=0)]
        )
        self.covers = (
            regions.charge <= self.charges[:, None]
            if is_strict
            else np.ones((1, len(slots)), dtype=bool)
        )

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
    def settled(self) -> Set[int]:
        """Aggregates whose larger units are settled."""
        return self._settled.keys()

    def best(self, prices: Prices) -> tuple[Floats, list[Pattern]]:
        """Value and pattern per aggregate; the empty pattern is worth 0."""
        values, group = self._values(prices)
        block_value, tables, table_of = self._blocks(values, group)
        gain, levels = self._combine(block_value.gain, values, group)
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
        left, classes = self._trace(levels, top.nodes, top.classes, patterns)
        for pattern, of_blocks in zip(patterns, left.reshape(len(patterns), -1), strict=True):
            pattern.left = tuple(of_blocks.tolist())
        charges: Ints = self.charges[classes] * left
        budgets: Ints = self.regions.budget - charges
        self._fill_blocks(block_value, tables, table_of, left, budgets, patterns)
        return top.worth, patterns

    def worth_by_left(self, prices: Prices) -> Floats:
        """Worth of aggregates without the nodes that they leave to units beyond all levels.

        Per class of charges, aggregate, and nodes.
        """
        values, group = self._values(prices)
        blocks, _, _ = self._blocks(values, group)
        gain, _ = self._combine(blocks.gain, values, group)
        return gain.reshape(len(self.charges), self.regions.num_aggregates, -1)

    @property
    def class_of(self) -> Ints:
        """Per slot the class of charges at which nodes are left to it."""
        found = np.searchsorted(self.charges, self.regions.charge)
        return found.clip(max=len(self.charges) - 1)

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

    def _blocks(self, values: Floats, group: Ints) -> tuple[_Blocks, Tables, Ints]:
        """Worth of every base block for each number of nodes it leaves."""
        regions = self.regions
        most = int(regions.free.max(initial=0))
        budget = int(regions.budget.max(initial=0))
        block_group = np.repeat(group, regions.span)
        kinds, table_of = np.unique(
            np.stack([regions.zone, block_group]), axis=1, return_inverse=True
        )
        table_of = table_of.reshape(-1)
        items = self._block_items(values[:, kinds[1]], regions.zones[kinds[0]].T)
        tables = packed(items, most, budget)
        left = np.arange(most + 1)
        nodes = regions.free[:, None] - left
        budgets = regions.budget[:, None] - self.charges[:, None, None] * left
        gain = np.where(
            (nodes >= 0) & (budgets >= 0),
            tables.worth[table_of[:, None], nodes.clip(0), budgets.clip(0)],
            IMPOSSIBLE,
        )
        holder = self._hold(gain, values, block_group)
        gain = gain.reshape(-1, most + 1)
        return _Blocks(gain, holder), tables, table_of

    def _block_items(self, values: Floats, is_allowed: Bools) -> Items:
        """The best slot of each size and charge, per table.

        Parameters
        ----------
        values, is_allowed
            Per slot and table, its worth, and whether the base blocks may host it.
        """
        slots = np.array(self.of_span[1], dtype=np.int64)
        worth = np.where(is_allowed[slots], values[slots], 0.0)
        slots = slots[worth.max(axis=1, initial=0.0) > TOLERANCE]
        kinds = [self.size[slots], self.regions.charge[slots], self.is_lone[slots]]
        sizes, item_of = np.unique(np.stack(kinds, axis=1), axis=0, return_inverse=True)
        best = np.zeros((len(sizes), values.shape[1]))
        slot_of = np.full(best.shape, -1)
        for slot, item in zip(slots, item_of.reshape(-1), strict=True):
            value = np.where(is_allowed[slot], values[slot], 0.0)
            is_better = value > np.maximum(best[item], TOLERANCE)
            best[item][is_better] = value[is_better]
            slot_of[item][is_better] = slot
        is_lone = sizes[:, 2] > 0
        return Items(sizes[:, 0], sizes[:, 0] * sizes[:, 1], is_lone, best, slot_of)

    def _hold(self, gain: Floats, values: Floats, block_group: Ints) -> Ints:
        """Let exclusive jobs take whole base blocks where that is worth more.

        Where nothing is left, its charge does not matter: all classes have the same gain.
        """
        regions = self.regions
        holder = np.full(len(regions.free), -1)
        for slot in self.held:
            value = values[slot][block_group]
            is_better = (
                regions.is_job_free
                & regions.zones[regions.zone, slot]
                & (regions.free >= regions.held_nodes[slot])
                & (regions.budget >= regions.held_nodes[slot] * regions.charge[slot])
                & (value > gain[0, :, 0] + TOLERANCE)
            )
            gain[:, is_better, 0] = value[is_better]
            holder[is_better] = slot
        return holder

    def _combine(self, gain: Floats, values: Floats, group: Ints) -> tuple[Floats, list[_Level]]:
        """From base blocks to aggregates."""
        levels = []
        num_classes = len(self.charges)
        for span in self.spans[1:]:
            free = np.tile(self.regions.free.reshape(-1, span // 2).sum(axis=1), num_classes)
            gain, left = joined(gain, free)
            of_region = np.repeat(group, self.regions.span // span)
            taken = self._take(gain, span, values, of_region)
            forced = self._forced(span)
            for region, slots in forced.items():
                self._force(gain, region, slots, values[:, of_region[region]])
            closed = gain[:, 0].reshape(num_classes, -1)
            best = closed.argmax(axis=0)
            gain[:, 0] = np.tile(closed.max(axis=0), num_classes)
            levels.append(_Level(span, left, taken, best, forced))
        return gain, levels

    def _take(self, gain: Floats, span: int, values: Floats, group: Ints) -> Ints:
        """Give what is left to units of this span, as often as that pays; the slot per entry."""
        taken = np.full(gain.shape, -1)
        sizes, worth, slot_of = self._region_items(span, values, group, gain.shape[1] - 1)
        everyone = np.arange(len(gain))
        for left in range(gain.shape[1] - 1 - min(sizes, default=gain.shape[1]), -1, -1):
            fitting = sizes + left < gain.shape[1]
            offers = gain[:, sizes[fitting] + left] + worth[:, fitting]
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
        rows[:, :kept] = rows[:, size:] + values[slots].sum()
        rows[:, kept:] = IMPOSSIBLE
        rows[~self.covers[:, slots].all(axis=1)] = IMPOSSIBLE

    def _region_items(
        self, span: int, values: Floats, group: Ints, most: int
    ) -> tuple[Ints, Floats, Ints]:
        """Sizes; per charge, region and size the worth of the best slot allowed, and the slot."""
        of_size: dict[int, list[int]] = defaultdict(list)
        for slot in self.of_span[span]:
            if self.size[slot] <= most and values[slot].max() > TOLERANCE:
                of_size[int(self.size[slot])].append(slot)
        sizes = np.array(sorted(of_size), dtype=np.int64)
        worth = np.full((len(self.charges), len(group), len(sizes)), IMPOSSIBLE)
        slot_of = np.full(worth.shape, -1)
        for column, size in enumerate(sizes):
            for slot in of_size[int(size)]:
                value = np.where(self.regions.allowed[slot], values[slot][group], IMPOSSIBLE)
                is_better = self.covers[:, [slot]] & (value > worth[:, :, column])
                worth[:, :, column] = np.where(is_better, value, worth[:, :, column])
                slot_of[:, :, column][is_better] = slot
        per_aggregate = self.regions.span // span
        for aggregate in self._settled:
            worth[:, aggregate * per_aggregate : (aggregate + 1) * per_aggregate] = IMPOSSIBLE
        rows = len(self.charges) * len(group)
        return sizes, worth.reshape(rows, -1), slot_of.reshape(rows, -1)

    def _trace(
        self, levels: list[_Level], left: Ints, classes: Ints, patterns: list[Pattern]
    ) -> tuple[Ints, Ints]:
        """What every base block leaves, and for which charge; fills in who gets it."""
        for level in reversed(levels):
            left = left.copy()
            classes = np.where(left == 0, level.closed, classes)
            per_aggregate = self.regions.span // level.span
            rows = classes * len(left) + np.arange(len(left))
            for settled, hosts in level.forced.items():
                pattern = patterns[settled // per_aggregate]
                pattern.counts.update(hosts)
                pattern.regions += [(slot, settled) for slot in hosts]
                left[settled] += self.size[hosts].sum()
            while True:
                slots = level.taken[rows, left]
                takers = np.nonzero(slots >= 0)[0]
                if not takers.size:
                    break
                for region in takers:
                    slot = int(slots[region])
                    pattern = patterns[region // per_aggregate]
                    pattern.counts[slot] += 1
                    pattern.regions.append((slot, int(region)))
                left[takers] += self.size[slots[takers]]
            first = level.left[rows, left]
            left = np.stack([first, left - first], axis=1).reshape(-1)
            classes = np.repeat(classes, 2)
        return left, classes

    def _fill_blocks(
        self,
        blocks: _Blocks,
        tables: Tables,
        table_of: Ints,
        left: Ints,
        budgets: Ints,
        patterns: list[Pattern],
    ) -> None:
        """Add what the base blocks host themselves, within what is left of their budgets."""
        regions = self.regions
        nodes = regions.free - left
        known: dict[tuple[int, int, int], Counter[int]] = {}
        for block in np.nonzero(nodes > 0)[0]:
            counts = patterns[block // regions.span].counts
            if left[block] == 0 and blocks.holder[block] >= 0:
                counts[int(blocks.holder[block])] += 1
                continue
            key = int(table_of[block]), int(nodes[block]), int(budgets[block])
            if key not in known:
                known[key] = tables.content(*key)
            counts.update(known[key])


@dataclass(frozen=True)
class _Blocks:
    """Worth of base blocks per nodes left, and the exclusive slot that takes one whole, or -1."""

    gain: Floats
    holder: Ints
