"""Units that may take what regions of one span leave, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .pairs import PricedPairs
from .regions import Bools, Ints
from .tables import Floats


@dataclass(frozen=True)
class RegionUnits:
    """Units for regions of one span.

    Attributes
    ----------
    sizes, is_packed
        Per column, nodes; whether it is a consolidated job.
    worth, slot
        Per class of charges, region, and column.
    own
        Per column, the class of charges.
    sharing
        Per class of charges for which a region leaves nodes, and column: the class for which it
        leaves them together with the unit's.
    pairs, places
        Where it is known better, and which regions these are.
    """

    sizes: Ints
    is_packed: Bools
    worth: Floats
    slot: Ints
    own: Ints
    sharing: Ints
    pairs: PricedPairs | None = None
    places: Ints | None = None

    def of_regions(self, hosts: Ints, pairs: PricedPairs | None) -> RegionUnits:
        """For these regions only, all that host anything."""
        places = None if pairs is None else np.searchsorted(hosts, pairs.numbers)
        worth, slot = self.worth[:, hosts], self.slot[:, hosts]
        return replace(self, worth=worth, slot=slot, pairs=pairs, places=places)

    def best(self, rows: Floats, hosting: Floats, first: int, last: int) -> tuple[Floats, Ints]:
        """The best unit, and what regions are worth with it that leave `first` to `last` nodes.

        Parameters
        ----------
        rows, hosting
            Per class of charges, region, and nodes left: worth, and worth beside such units.
        """
        shape = (*rows.shape[:2], last - first + 1)
        best, slots = np.full(shape, -np.inf), np.full(shape, -1)
        before = np.broadcast_to(self.own, self.sharing.shape) if last == 0 else self.sharing
        for column, size in enumerate(self.sizes.tolist()):
            width = min(last, rows.shape[2] - 1 - size) - first + 1
            if width <= 0:
                continue
            # Alone a consolidated job takes whole units (`Pricer`).
            known = hosting if last == 0 and self.is_packed[column] else rows
            found = known[before[:, column], :, first + size : first + size + width]
            if last > 0:
                self._count_pairs(found, column, first)
            offer = found + self.worth[:, :, column, None]
            is_better = offer > best[:, :, :width]
            np.copyto(best[:, :, :width], offer, where=is_better)
            np.copyto(slots[:, :, :width], self.slot[:, :, column, None], where=is_better)
        return best, slots

    def _count_pairs(self, found: Floats, column: int, first: int) -> None:
        """Replace what regions are worth that leave nodes for another class, where it is known."""
        if self.pairs is None:
            return
        own, size = int(self.own[column]), int(self.sizes[column])
        last = first + found.shape[2] - 1
        for other in range(len(found)):
            if other != own:
                found[other, self.places] = self.pairs.of(own, other, size, first, last)


def independent(most: int, least: int) -> Iterator[tuple[int, int]]:
    """First and last of the nodes left, from many to none, that no unit of `least` nodes ties."""
    for last in range(most - least, 0, -least):
        yield max(1, last - least + 1), last
    if least <= most:
        yield 0, 0
