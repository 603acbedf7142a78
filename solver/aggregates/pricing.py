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

from .packs import Kind, Packs
from .passed import passed_on, passing_of
from .patterns import Anchors, Pattern, Prices, Reserved
from .regions import Bools, Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats, Items, Tables, joined, packed
from .top import classes_of, is_paid, priced_nodes, reserved_nodes


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
    alone
        Per region where nothing is left, the consolidated job that takes all that is, or -1.
    """

    span: int
    left: Ints
    taken: Ints
    closed: Ints
    forced: dict[int, list[int]]
    alone: Ints


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
            if not slot.holds:
                self.of_span[slot.span].append(index)
            elif slot.packing is None:
                self.held.append(index)
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
    def settled(self) -> Set[int]:
        """Aggregates whose larger units are settled."""
        return self._settled.keys()

    def best(self, prices: Prices) -> tuple[Floats, list[Pattern]]:
        """Value and pattern per aggregate; the empty pattern is worth 0."""
        values, group = self._values(prices)
        block_value, tables, table_of = self._blocks(values, group, prices)
        values, group = self._net(values, group, prices)
        gain, levels, packs = self._combine(block_value.gain, values, group)
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
        left, classes = self._trace(levels, packs, top.nodes, top.classes, patterns)
        for pattern, of_blocks in zip(patterns, left.reshape(len(patterns), -1), strict=True):
            pattern.left = tuple(of_blocks.tolist())
        passed = block_value.passed[np.arange(len(left)), left]
        charges: Ints = self.charges[classes] * left + passed
        budgets: Ints = self.regions.budget - charges
        self._settle_charges(patterns, passed)
        self._fill_blocks(block_value, tables, table_of, left, budgets, patterns)
        if self._reserved is None or not prices.passed.any():
            return top.worth, patterns
        return top.worth - prices.passed * self._reserved.excess, patterns

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

    def _settle_charges(self, patterns: list[Pattern], passed: Ints) -> None:
        """Tell what larger units take beyond the least charge, and base blocks do not pass.

        Before patterns know what base blocks host themselves.
        """
        if self._passing is None:
            return
        for pattern, given in zip(
            patterns, passed.reshape(len(patterns), -1).sum(axis=1).tolist(), strict=True
        ):
            excess = self._passing.excess
            taken = sum(int(excess[slot]) * count for slot, count in pattern.counts.items())
            pattern.lacking = taken - given

    def worth_by_left(self, prices: Prices) -> Floats:
        """Worth of aggregates without the nodes that they leave to units beyond all levels.

        Per class of charges, aggregate, and nodes.
        """
        values, group = self._values(prices)
        blocks, _, _ = self._blocks(values, group, prices)
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

    def _blocks(self, values: Floats, group: Ints, prices: Prices) -> tuple[_Blocks, Tables, Ints]:
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
        if self._passing is not None and self._passing.is_needed:
            earned = np.repeat(prices.passed, regions.span)
            own, passed = passed_on(tables, table_of, regions, self._passing, earned)
            gain = own[None]
        else:
            left = np.arange(most + 1)
            nodes = regions.free[:, None] - left
            budgets = regions.budget[:, None] - self.charges[:, None, None] * left
            gain = np.where(
                (nodes >= 0) & (budgets >= 0),
                tables.worth[table_of[:, None], nodes.clip(0), budgets.clip(0)],
                IMPOSSIBLE,
            )
            passed = np.zeros(nodes.shape, dtype=np.int64)
        holder = self._hold(gain, values, block_group)
        gain = gain.reshape(-1, most + 1)
        return _Blocks(gain, holder, passed), tables, table_of

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
                & (regions.free >= self.size[slot])
                & (regions.budget >= self.size[slot] * regions.charge[slot])
                & (value > gain[0, :, 0] + TOLERANCE)
            )
            gain[:, is_better, 0] = value[is_better]
            holder[is_better] = slot
        return holder

    def _combine(
        self, gain: Floats, values: Floats, group: Ints
    ) -> tuple[Floats, list[_Level], Packs]:
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
            levels.append(_Level(span, left, taken, best, forced, alone))
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

    def _trace(
        self,
        levels: list[_Level],
        packs: Packs,
        left: Ints,
        classes: Ints,
        patterns: list[Pattern],
    ) -> tuple[Ints, Ints]:
        """What every base block leaves, and for which charge; fills in who gets it."""
        # Regions that leave whole units to one job: the kind and how many.
        packed: dict[int, tuple[int, int]] = {}
        for number, level in reversed(list(enumerate(levels))):
            left = left.copy()
            per_aggregate = self.regions.span // level.span
            for region, (kind, units) in list(packed.items()):
                if packs.is_counted(number, kind, region, units):
                    del packed[region]
            classes = np.where(left == 0, level.closed, classes)
            for region in np.nonzero((left == 0) & (level.alone >= 0))[0].tolist():
                slot = int(level.alone[region])
                packing = self.slots[slot].packing
                if region not in packed and packing is not None:
                    packed[region] = self.kinds[slot], packing[0]
                    pattern = patterns[region // per_aggregate]
                    pattern.counts[slot] += 1
                    pattern.regions.append((slot, region))
            rows = classes * len(left) + np.arange(len(left))
            for settled, hosts in level.forced.items():
                if settled in packed:
                    continue
                pattern = patterns[settled // per_aggregate]
                pattern.counts.update(hosts)
                pattern.regions += [(slot, settled) for slot in hosts]
                left[settled] += self.size[hosts].sum()
            is_packed = np.isin(np.arange(len(left)), list(packed))
            while True:
                slots = np.where(is_packed, -1, level.taken[rows, left])
                takers = np.nonzero(slots >= 0)[0]
                if not takers.size:
                    break
                for region in takers.tolist():
                    slot = int(slots[region])
                    pattern = patterns[region // per_aggregate]
                    pattern.counts[slot] += 1
                    pattern.regions.append((slot, region))
                left[takers] += self.size[slots[takers]]
            first = level.left[rows, left]
            left = np.stack([first, left - first], axis=1).reshape(-1)
            classes = np.repeat(classes, 2)
            halves: dict[int, tuple[int, int]] = {}
            for region, (kind, units) in packed.items():
                parts = packs.halves(number, kind, region, units)
                for half, part in zip((2 * region, 2 * region + 1), parts, strict=True):
                    halves[half] = kind, part
                    left[half] = part * self._packed[kind].size
                    classes[half] = self._packed[kind].charge_class
            packed = halves
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
    """Worth of base blocks per nodes left, and the exclusive slot that takes one whole, or -1.

    And per nodes left what they pass beyond the least charge.
    """

    gain: Floats
    holder: Ints
    passed: Ints
