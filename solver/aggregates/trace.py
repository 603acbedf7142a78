"""From the best worth of aggregates back to who hosts what: the way down of `pricing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .classes import Classes
from .packs import Kind, Packs
from .pairs import PricedPairs, Share
from .patterns import Pattern
from .regions import Ints
from .slots import Slot
from .tables import Floats, left_by_first


@dataclass(frozen=True)
class Level:
    """Regions of one span: how their halves and their own units share what is left.

    Attributes
    ----------
    halves
        Per class of charges and half, and nodes left, its worth.
    taken, offered
        Per class of charges and region, and nodes left: who takes of it, or -1; who would do so
        best.
    closed
        Per region the class that is best where nothing is left.
    forced
        Per region of a settled aggregate, who takes of it in any case.
    alone
        Per region where nothing is left, the consolidated job that takes all that is, or -1.
    pairs
        Regions that share what is left more exactly between their halves, base blocks.
    """

    span: int
    halves: Floats
    taken: Ints
    offered: Ints
    closed: Ints
    forced: dict[int, list[int]]
    alone: Ints
    pairs: PricedPairs | None


class Tracer:
    """Follows the choices that were made on the way up.

    Parameters
    ----------
    span
        Base blocks of an aggregate.
    kinds
        Per slot of a consolidated job over several base blocks, the number of its kind.
    packed
        These kinds.
    """

    def __init__(
        self,
        span: int,
        slots: Sequence[Slot],
        kinds: Mapping[int, int],
        packed: Sequence[Kind],
        classes: Classes,
    ) -> None:
        self._span, self._slots, self._kinds, self._packed = span, slots, kinds, packed
        self._classes = classes
        self._size = np.array([slot.size for slot in slots], dtype=np.int64)

    def trace(
        self,
        levels: list[Level],
        packs: Packs,
        left: Ints,
        classes: Ints,
        patterns: list[Pattern],
    ) -> tuple[Ints, Ints]:
        """What every base block leaves, and what that draws; fills in who gets it."""
        # Regions that leave whole units to one job: the kind and how many.
        packed: dict[int, tuple[int, int]] = {}
        # Of pairs of base blocks.
        shares: dict[int, list[Share]] = {}
        for number, level in reversed(list(enumerate(levels))):
            left = left.copy()
            per_aggregate = self._span // level.span
            # Where a unit of the region's span is counted on, though it may not pay there alone.
            must_host = np.zeros(len(left), dtype=bool)
            for region, (kind, units) in list(packed.items()):
                if packs.is_counted(number, kind, region, units):
                    must_host[region] = units > 0 and region not in level.forced
                    del packed[region]
            classes = np.where(left == 0, level.closed, classes)
            for region in np.nonzero((left == 0) & (level.alone >= 0))[0].tolist():
                slot = int(level.alone[region])
                packing = self._slots[slot].packing
                if region not in packed and packing is not None:
                    packed[region] = self._kinds[slot], packing[0]
                    pattern = patterns[region // per_aggregate]
                    pattern.counts[slot] += 1
                    pattern.regions.append((slot, region))
            for settled, hosts in level.forced.items():
                if settled in packed:
                    continue
                pattern = patterns[settled // per_aggregate]
                pattern.counts.update(hosts)
                pattern.regions += [(slot, settled) for slot in hosts]
                after = np.array([classes[settled], left[settled]])
                classes[settled] = self._classes.before(np.array(hosts), *after).max()
                left[settled] += self._size[hosts].sum()
            is_packed = np.isin(np.arange(len(left)), list(packed))
            while True:
                rows = classes * len(left) + np.arange(len(left))
                slots = np.where(must_host, level.offered[rows, left], level.taken[rows, left])
                takers = np.nonzero((slots >= 0) & ~is_packed)[0]
                if not takers.size:
                    break
                slots = slots[takers]
                for region, slot in zip(takers.tolist(), slots.tolist(), strict=True):
                    pattern = patterns[region // per_aggregate]
                    pattern.counts[slot] += 1
                    pattern.regions.append((slot, region))
                    if level.pairs is not None:
                        own, size = int(self._classes.of_slot[slot]), int(self._size[slot])
                        row, rest = int(classes[region]), int(left[region])
                        found = level.pairs.shares(region, own, row, size, rest)
                        if found is not None:
                            shares[region] = found
                must_host[:] = False
                must_host[takers] = (left[takers] == 0) & np.isin(slots, list(self._kinds))
                classes[takers] = self._classes.before(slots, classes[takers], left[takers])
                left[takers] += self._size[slots]
            first = left_by_first(level.halves, rows, left)
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
        charges: Ints = self._classes.charges[classes] * left
        for region, found in shares.items():
            for block, share in zip((2 * region, 2 * region + 1), found, strict=True):
                left[block], charges[block] = share
        return left, charges
