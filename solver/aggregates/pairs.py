"""Pairs of base blocks that host a unit and leave nodes to larger ones of another charge.

Of larger regions only a bound is known of what both draw together (`pricing`). Here it is counted
which base block gives how many nodes to whom, which is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import inf
from typing import NamedTuple

import numpy as np

from .base_blocks import Hosted
from .regions import Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, Floats


class Share(NamedTuple):
    """What one base block leaves, and what all of that draws."""

    nodes: int
    charge: int


class Pairs:
    """Pairs that may host one unit of their own at most and leave something besides.

    Only those with less than all their nodes may draw.

    Parameters
    ----------
    charges
        Per class, of one node.

    Attributes
    ----------
    numbers
        Of these regions, ascending.
    """

    def __init__(self, regions: Regions, slots: Sequence[Slot], charges: Ints) -> None:
        least = min((s.size for s in slots if s.span == 2 and not s.holds), default=inf)
        blocks = np.arange(len(regions.free) if regions.span > 1 else 0).reshape(-1, 2)
        free = regions.free[blocks].sum(axis=1)
        dearest = int(regions.charge.max(initial=0))
        is_capped = (regions.budget < dearest * regions.free)[blocks].any(axis=1)
        is_shared = (free > least) & (free < 2 * least) & is_capped & (len(charges) > 1)
        self.numbers = np.nonzero(is_shared)[0]
        self._blocks = blocks[self.numbers].reshape(-1)
        self._state = np.stack([regions.free[self._blocks], regions.budget[self._blocks]])
        self._most = int(regions.free.max(initial=0))
        self._charges = charges

    def priced(self, hosted: Hosted) -> PricedPairs | None:
        """At the prices of what base blocks host; None if there are no such pairs."""
        if not len(self.numbers):
            return None
        states = np.stack([*self._state, hosted.table_of[self._blocks]])
        alike = states.reshape(3, -1, 2).transpose(0, 2, 1).reshape(6, -1)
        unique, kind = np.unique(alike, axis=1, return_inverse=True)
        free, budget, table = unique.reshape(3, 2, -1, 1, 1)
        # As many as other regions may leave, whose tables these take part in.
        first = np.arange(self._most + 1)[:, None]
        second = first.T
        worth = {}
        for classes in combinations(range(len(self._charges)), 2):
            one, other = self._charges[list(classes)].tolist()
            nodes = free - first - second
            budgets = budget - one * first - other * second
            worth[classes] = np.where(
                (nodes >= 0) & (budgets >= 0),
                hosted.tables.worth[table, nodes.clip(0), budgets.clip(0)],
                IMPOSSIBLE,
            )
        return PricedPairs(self.numbers, kind.reshape(-1), self._charges, worth)


class PricedPairs:
    """What pairs are worth that leave nodes for two classes.

    Parameters
    ----------
    numbers, charges
        As in `Pairs`.
    kind
        Per pair, which it is of those that prices tell apart.
    worth
        Per pair of classes: per half, kind, and nodes left for each class.
    """

    def __init__(
        self,
        numbers: Ints,
        kind: Ints,
        charges: Ints,
        worth: dict[tuple[int, int], Floats],
    ) -> None:
        self.numbers = numbers
        self._kind = kind
        self._charges = charges
        self._worth = worth
        self._joined = {classes: _joined(*halves) for classes, halves in worth.items()}

    def of(self, own: int, other: int, size: int, first: int, last: int) -> Floats:
        """Per pair and nodes left for the other class, if a unit of its own class takes `size`."""
        left = slice(first, last + 1)
        if own < other:
            return self._joined[own, other][:, size, left][self._kind]
        return self._joined[other, own][:, left, size][self._kind]

    def shares(
        self, region: int, own: int, other: int, size: int, left: int
    ) -> list[Share] | None:
        """What each base block of a pair leaves at best; None where that is not known here."""
        place = int(np.searchsorted(self.numbers, region))
        is_known = place < len(self.numbers) and self.numbers[place] == region
        if own == other or not left or not is_known:
            return None
        classes = min(own, other), max(own, other)
        nodes = np.array([size, left] if own < other else [left, size])
        one, two = self._worth[classes][:, self._kind[place]]
        most = np.minimum(nodes, len(one) - 1)
        least = np.maximum(nodes - (len(two) - 1), 0)
        inside = tuple(slice(low, high + 1) for low, high in zip(least, most, strict=True))
        beside = tuple(
            np.arange(total - low, total - high - 1, -1)
            for total, low, high in zip(nodes, least, most, strict=True)
        )
        offers = one[inside] + two[np.ix_(*beside)]
        best = np.array(np.unravel_index(offers.argmax(), offers.shape)) + least
        charges = self._charges[list(classes)]
        return [Share(int(part.sum()), int(part @ charges)) for part in (best, nodes - best)]


def _joined(one: Floats, two: Floats) -> Floats:
    """Of two base blocks together: a (max, +) convolution in two dimensions.

    What the one of them that leaves less may leave is gone through, as far as any still can.
    """
    # All that a base block leaves could be for the first class, the cheaper one.
    most_of_one, most_of_two = (
        (half[:, :, 0] > IMPOSSIBLE).sum(axis=1) - 1 for half in (one, two)
    )
    is_swapped = (most_of_one > most_of_two)[:, None, None]
    order = np.argsort(-np.minimum(most_of_one, most_of_two), kind="stable")
    few = np.where(is_swapped, two, one)[order]
    many = np.where(is_swapped, one, two)[order]
    most = np.minimum(most_of_one, most_of_two)[order]
    width = one.shape[1]
    joined = np.full((len(one), 2 * width - 1, 2 * width - 1), IMPOSSIBLE)
    reach = int(most.max(initial=-1)) + 1
    for i in range(reach):
        for j in range(reach - i):
            able = int((most >= i + j).sum())
            window = joined[:able, i : i + width, j : j + width]
            np.maximum(window, few[:able, i, j, None, None] + many[:able], out=window)
    found = np.empty_like(joined)
    found[order] = joined
    return found
