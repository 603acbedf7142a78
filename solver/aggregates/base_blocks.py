"""What base blocks host themselves, given how many nodes they leave to larger units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .patterns import Pattern
from .regions import Bools, Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats, Items, Tables, packed


@dataclass(frozen=True)
class Hosted:
    """The best packing of all base blocks.

    Attributes
    ----------
    gain
        Worth per nodes left; one base block after the other, for each class of charges.
    holder
        The exclusive slot that takes one whole, or -1.
    tables, table_of
        What they host, and the table of each.
    """

    gain: Floats
    holder: Ints
    tables: Tables
    table_of: Ints


class BaseBlocks:
    """Packs base blocks by knapsacks over nodes and budget.

    Parameters
    ----------
    charges
        Per class, what each node left is charged.
    is_lone
        Whether a base block hosts one unit of a kind that spreads, not one of each job.
    """

    def __init__(
        self,
        regions: Regions,
        slots: Sequence[Slot],
        charges: Ints,
        *,
        is_lone: bool,
    ) -> None:
        self._regions, self._charges = regions, charges
        self._size = np.array([slot.size for slot in slots], dtype=np.int64)
        self._is_lone = np.array([is_lone and slot.spreads for slot in slots], dtype=np.int64)
        self._own = [n for n, slot in enumerate(slots) if slot.span == 1 and not slot.holds]
        self._held = [n for n, slot in enumerate(slots) if slot.holds and slot.packing is None]

    def best(self, values: Floats, group: Ints) -> Hosted:
        """Worth of every base block for each number of nodes it leaves.

        Parameters
        ----------
        values, group
            Worth of one slot per price group, and the group of each aggregate.
        """
        regions = self._regions
        most = int(regions.free.max(initial=0))
        budget = int(regions.budget.max(initial=0))
        block_group = np.repeat(group, regions.span)
        kinds, table_of = np.unique(
            np.stack([regions.zone, block_group]), axis=1, return_inverse=True
        )
        table_of = table_of.reshape(-1)
        items = self._items(values[:, kinds[1]], regions.zones[kinds[0]].T)
        tables = packed(items, most, budget)
        left = np.arange(most + 1)
        nodes = regions.free[:, None] - left
        budgets = regions.budget[:, None] - self._charges[:, None, None] * left
        gain = np.where(
            (nodes >= 0) & (budgets >= 0),
            tables.worth[table_of[:, None], nodes.clip(0), budgets.clip(0)],
            IMPOSSIBLE,
        )
        holder = self._hold(gain, values, block_group)
        gain = gain.reshape(-1, most + 1)
        return Hosted(gain, holder, tables, table_of)

    def _items(self, values: Floats, is_allowed: Bools) -> Items:
        """The best slot of each size and charge, per table.

        Parameters
        ----------
        values, is_allowed
            Per slot and table, its worth, and whether the base blocks may host it.
        """
        slots = np.array(self._own, dtype=np.int64)
        worth = np.where(is_allowed[slots], values[slots], 0.0)
        slots = slots[worth.max(axis=1, initial=0.0) > TOLERANCE]
        kinds = [self._size[slots], self._regions.charge[slots], self._is_lone[slots]]
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
        regions = self._regions
        holder = np.full(len(regions.free), -1)
        for slot in self._held:
            value = values[slot][block_group]
            is_better = (
                regions.is_job_free
                & regions.zones[regions.zone, slot]
                & (regions.free >= self._size[slot])
                & (regions.budget >= self._size[slot] * regions.charge[slot])
                & (value > gain[0, :, 0] + TOLERANCE)
            )
            gain[:, is_better, 0] = value[is_better]
            holder[is_better] = slot
        return holder

    def fill(self, blocks: Hosted, left: Ints, budgets: Ints, patterns: Sequence[Pattern]) -> None:
        """Add what the base blocks host themselves, within what is left of their budgets."""
        regions = self._regions
        nodes = regions.free - left
        known: dict[tuple[int, int, int], Counter[int]] = {}
        hosted: list[Mapping[int, int]] = [{}] * len(nodes)
        for block in np.nonzero(nodes > 0)[0].tolist():
            if left[block] == 0 and blocks.holder[block] >= 0:
                hosted[block] = {int(blocks.holder[block]): 1}
                continue
            key = int(blocks.table_of[block]), int(nodes[block]), int(budgets[block])
            if key not in known:
                known[key] = blocks.tables.content(*key)
            hosted[block] = known[key]
        for number, pattern in enumerate(patterns):
            first = number * regions.span
            pattern.hosted = tuple(hosted[first : first + regions.span])
            for counts in pattern.hosted:
                pattern.counts.update(counts)
