"""The best pattern of every aggregate for given prices: a dynamic program over its blocks.

A base block leaves `r` of its nodes to units of larger regions and packs the others with units of
its own; a region adds up what its two halves leave, gives it to units of its own span, and leaves
the rest. The value of the best packing as a function of `r` is all that a larger region has to
know, but for what is charged for these nodes: that is one row for each *class* of charges.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from .base_blocks import BaseBlocks, Hosted
from .classes import classes_of
from .packs import Kind, Packs
from .pairs import Pairs, PricedPairs
from .patterns import Anchors, Pattern, Prices, Reserved
from .region_units import RegionUnits, independent
from .regions import Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats, joined
from .top import is_paid, is_possible, priced_nodes, reserved_nodes
from .trace import Level, Tracer

# Prices whose tables are kept: a cut is made of the best of a few.
LATEST = 4


class Pricer:
    """Finds the best pattern of all aggregates at once.

    Parameters
    ----------
    regions, slots
        The state and what may be offered.
    is_strict
        Whether a region that hosts a larger unit and leaves nodes to still larger ones charges
        all of them for the dearest, so that a plan can follow the pattern, instead of for the
        cheapest, as a bound must; and whether a base block hosts one unit of a kind that spreads,
        not one of each job.

    Notes
    -----
    A region that leaves nothing charges its units exactly what they draw, and so does, in a bound,
    a pair of base blocks that hosts one (`pairs`).
    One call costs O(B s k) for B kinds of base blocks and O(q n c (c + k)) per span for q classes
    of charges, n regions of c free nodes, and k sizes, in vectorised steps.
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
        # Of the last prices, worth of aggregates by nodes left.
        self._latest: deque[tuple[Prices, Floats]] = deque(maxlen=LATEST)
        # Without a reservation units beyond all levels take what is best for them.
        nothing = np.zeros(regions.num_aggregates, dtype=np.int64)
        wide = np.zeros(len(regions.wide), dtype=np.int64)
        self._reserved = Reserved(nothing, nothing, nothing, wide) if is_strict else None
        self.classes = classes_of(regions, slots, is_rounded_up=is_strict)
        self.kinds = self._kinds()
        self._blocks = BaseBlocks(regions, slots, self.classes.charges, is_lone=is_strict)
        self._pairs = None if is_strict else Pairs(regions, slots, self.classes.charges)
        self._tracer = Tracer(regions.span, slots, self.kinds, self._packed, self.classes)

    def _kinds(self) -> dict[int, int]:
        """Per consolidated job over several base blocks, as a slot, the number of its kind."""
        most = self.regions.base_size
        spans: dict[tuple[int, bool, int], int] = {}
        of_slot = {}
        for index, slot in enumerate(self.slots):
            if slot.packing and not slot.holds and slot.span and slot.packing[1] <= most:
                key = slot.packing[1], slot.packing[2], int(self.classes.of_slot[index])
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
        self._latest.clear()

    def release(self, aggregate: int) -> None:
        """Undo `settle`."""
        del self._settled[aggregate]
        self._latest.clear()

    @property
    def settled(self) -> Set[int]:
        """Aggregates whose larger units are settled."""
        return self._settled.keys()

    def best(self, prices: Prices) -> tuple[Floats, list[Pattern]]:
        """Value and pattern per aggregate; the empty pattern is worth 0."""
        priced = self._priced(prices)
        values, group, gain = priced.values, priced.group, priced.gain
        top = (
            priced_nodes(gain[0], self.regions, self.slots, values, group, prices)
            if self._reserved is None
            else reserved_nodes(gain, self._reserved.nodes, self._class_of(self._reserved))
        )
        spared = top.nodes if self._reserved is None else self._reserved.nodes
        patterns = [Pattern(number, spared=nodes) for number, nodes in enumerate(spared.tolist())]
        for aggregate in np.nonzero(top.slot >= 0)[0]:
            slot = int(top.slot[aggregate])
            patterns[aggregate].counts[slot] += int(top.nodes[aggregate])
            if self.slots[slot].max_lower is not None:
                patterns[aggregate].touched_by = slot
        # Base blocks may be unable to leave what an aggregate as a whole has room for.
        can_leave = is_possible(top.worth)
        nodes = np.where(can_leave, top.nodes, 0)
        left, charges = self._tracer.trace(
            priced.levels, priced.packs, nodes, top.classes, patterns
        )
        for pattern, of_blocks in zip(patterns, left.reshape(len(patterns), -1), strict=True):
            pattern.left = tuple(of_blocks.tolist())
        self._blocks.fill(priced.blocks, left, self.regions.budget - charges, patterns)
        for number in np.nonzero(~can_leave)[0].tolist():
            patterns[number] = Pattern(number)
        return top.worth, patterns

    def _class_of(self, reserved: Reserved) -> Ints:
        """Per aggregate, the class that reserved nodes are charged for."""
        charge = reserved.dearest if self.is_strict else reserved.cheapest
        return self.classes.of(charge)

    def worth_by_left(self, prices: Prices) -> Floats:
        """Worth of aggregates without the nodes that they leave to units beyond all levels.

        Per class of charges, aggregate, and nodes.
        """
        known = next((gain for other, gain in self._latest if other is prices), None)
        return self._priced(prices).gain if known is None else known

    def _priced(self, prices: Prices) -> _Priced:
        """All tables, of which the worth of aggregates is kept for a while."""
        values, group = self._values(prices)
        blocks = self._blocks.best(values, group)
        pairs = None if self._pairs is None else self._pairs.priced(blocks)
        gain, levels, packs = self._combine(blocks.gain, values, group, pairs)
        gain = gain.reshape(self.classes.number, self.regions.num_aggregates, -1)
        self._latest.append((prices, gain))
        return _Priced(values, group, blocks, gain, levels, packs)

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
        self, gain: Floats, values: Floats, group: Ints, pairs: PricedPairs | None
    ) -> tuple[Floats, list[Level], Packs]:
        """From base blocks to aggregates."""
        levels = []
        num_classes = self.classes.number
        packs = Packs(
            self._packed, gain.reshape(num_classes, -1, gain.shape[1]), self.regions.free
        )
        for span in self.spans[1:]:
            free = np.tile(self.regions.free.reshape(-1, span // 2).sum(axis=1), num_classes)
            halves, gain = gain, joined(gain, free)
            of_region = np.repeat(group, self.regions.span // span)
            packs.join(span)
            own_pairs = pairs if span == 2 else None
            taken, offered, beside = self._take(gain, span, values, of_region, own_pairs)
            forced = self._forced(span)
            for region, slots in forced.items():
                self._force(gain, region, slots, values[:, of_region[region]])
            closed = gain[:, 0].reshape(num_classes, -1)
            best = closed.argmax(axis=0)
            worth = closed.max(axis=0)
            alone = self._pack(worth, packs, span, values, of_region, forced)
            gain[:, 0] = np.tile(worth, num_classes)
            levels.append(Level(span, halves, taken, offered, best, forced, alone, own_pairs))
            by_class = gain.reshape(num_classes, -1, gain.shape[1])
            beside[:, list(forced)] = by_class[:, list(forced)]
            packs.count(by_class, beside)
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

    def _take(
        self, gain: Floats, span: int, values: Floats, group: Ints, pairs: PricedPairs | None
    ) -> tuple[Ints, Ints, Floats]:
        """Give what is left to units of this span, as often as that pays.

        Returns
        -------
        array, array, array
            The slot per entry of `gain`, or -1; the best one whether it pays or not, and what the
            region is worth then, per class, region and nodes left.
        """
        most = gain.shape[1] - 1
        items = self._region_items(span, values, group, most)
        every = gain.reshape(self.classes.number, -1, gain.shape[1])
        taken, offered = np.full(every.shape, -1), np.full(every.shape, -1)
        beside = np.full(every.shape, IMPOSSIBLE)
        least = min(items.sizes, default=most + 1)
        free = self.regions.free.reshape(-1, span).sum(axis=1)
        if pairs is not None:
            # All pairs are hosts, even if nobody pays for a unit that fits.
            least = min(least, int(free[pairs.numbers].min()))
        hosts = np.nonzero(free >= least)[0]
        items = items.of_regions(hosts, pairs)
        rows = every[:, hosts]
        by_host = np.full(rows.shape, IMPOSSIBLE)
        for first, last in independent(most, least):
            offer, slots = items.best(rows, by_host, first, last)
            left = slice(first, last + 1)
            by_host[:, :, left], offered[:, hosts, left] = offer, slots
            is_better = offer > rows[:, :, left] + TOLERANCE
            np.copyto(rows[:, :, left], offer, where=is_better)
            taken[:, hosts, left] = np.where(is_better, slots, -1)
        every[:, hosts], beside[:, hosts] = rows, by_host
        return taken.reshape(gain.shape), offered.reshape(gain.shape), beside

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
        rows = gain.reshape(self.classes.number, -1, gain.shape[1])[:, region]
        kept = rows.shape[1] - size
        worth = np.where(is_paid(values[slots]), values[slots], 0.0)
        own = self.classes.of_slot[slots].max()
        before = rows[self.classes.shared(own, np.arange(len(rows))), size:]
        before[:, 0] = rows[own, size]
        rows[:, :kept] = before + worth.sum()
        rows[:, kept:] = IMPOSSIBLE
        if len(slots) == 1 and slots[0] in self.kinds:
            # Alone a consolidated job takes whole units (`_pack`).
            rows[:, 0] = IMPOSSIBLE

    def _region_items(self, span: int, values: Floats, group: Ints, most: int) -> RegionUnits:
        """What may take nodes of regions of a span, if it has at most so many."""
        of_kind: dict[tuple[int, bool, int], list[int]] = defaultdict(list)
        for slot in self.of_span[span]:
            if self.size[slot] <= most and is_paid(values[slot]).any():
                own = int(self.classes.of_slot[slot])
                of_kind[int(self.size[slot]), slot in self.kinds, own].append(slot)
        kinds = sorted(of_kind)
        sizes, packed, own_class = (
            np.array([kind[part] for kind in kinds], dtype=np.int64) for part in range(3)
        )
        every = np.arange(self.classes.number)[:, None]
        worth = np.full((len(every), len(group), len(kinds)), IMPOSSIBLE)
        slot_of = np.full(worth.shape, -1)
        for column, kind in enumerate(kinds):
            for slot in of_kind[kind]:
                value = values[slot][group]
                is_host = self.regions.allowed[slot] & is_paid(value)
                is_better = is_host & (value > worth[:, :, column])
                worth[:, :, column] = np.where(is_better, value, worth[:, :, column])
                slot_of[:, :, column][is_better] = slot
        per_aggregate = self.regions.span // span
        for aggregate in self._settled:
            worth[:, aggregate * per_aggregate : (aggregate + 1) * per_aggregate] = IMPOSSIBLE
        return RegionUnits(
            sizes,
            packed > 0,
            worth,
            slot_of,
            own=own_class,
            sharing=self.classes.shared(own_class, every),
        )


@dataclass(frozen=True)
class _Priced:
    """What was found at some prices on the way up.

    Attributes
    ----------
    values, group
        Worth of one slot per price group, and the group of each aggregate.
    gain
        Per class of charges, aggregate, and nodes left: its worth.
    """

    values: Floats
    group: Ints
    blocks: Hosted
    gain: Floats
    levels: list[Level]
    packs: Packs
