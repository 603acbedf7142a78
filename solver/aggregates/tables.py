"""Arrays over many base blocks or regions at once: knapsacks, and what two halves leave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .regions import Bools, Ints

Floats = NDArray[np.float64]

IMPOSSIBLE = -1e18
# Gains below this are rounding errors of the linear program.
TOLERANCE = 1e-9
# Regions are joined in so many portions of similar size.
PORTIONS = 6


@dataclass(frozen=True)
class Items:
    """Units for base blocks.

    Attributes
    ----------
    size, charge
        Per item, its nodes and the charge of all of them.
    is_lone
        Per item, whether a base block hosts at most one.
    worth, slot
        Per item and table; no slot, -1, where blocks may not host any.
    """

    size: Ints
    charge: Ints
    is_lone: Bools
    worth: Floats
    slot: Ints


@dataclass(frozen=True)
class Tables:
    """Best packing per table, number of nodes and budget.

    Attributes
    ----------
    chosen
        An item of which there may be several, or -1.
    lone
        Items of which there is one at most, and whether it is taken; the last one decides first.
    """

    items: Items
    worth: Floats
    chosen: Ints
    lone: list[tuple[int, Bools]]

    def content(self, table: int, nodes: int, budget: int) -> Counter[int]:
        """Slots of the best packing."""
        counts: Counter[int] = Counter()
        for item, is_taken in reversed(self.lone):
            if is_taken[table, nodes, budget]:
                nodes, budget = self._take(counts, item, table, nodes, budget)
        while nodes:
            choice = int(self.chosen[table, nodes, budget])
            if choice < 0:
                nodes -= 1
            else:
                nodes, budget = self._take(counts, choice, table, nodes, budget)
        return counts

    def _take(
        self, counts: Counter[int], item: int, table: int, nodes: int, budget: int
    ) -> tuple[int, int]:
        counts[int(self.items.slot[item, table])] += 1
        return nodes - int(self.items.size[item]), budget - int(self.items.charge[item])


def packed(items: Items, most: int, budget: int) -> Tables:
    """Knapsacks over nodes and budget, all tables and budgets at once."""
    worth = np.zeros((items.worth.shape[1], most + 1, budget + 1))
    chosen = np.full(worth.shape, -1)
    numbers = [n for n in range(len(items.size)) if items.charge[n] <= budget]
    for nodes in range(1, most + 1):
        worth[:, nodes] = worth[:, nodes - 1]
        for number in numbers:
            size, charge = items.size[number], items.charge[number]
            if size > nodes or items.is_lone[number]:
                continue
            offer = worth[:, nodes - size, : budget + 1 - charge] + items.worth[number][:, None]
            present = worth[:, nodes, charge:]
            is_better = offer > present + TOLERANCE
            np.copyto(present, offer, where=is_better)
            np.copyto(chosen[:, nodes, charge:], number, where=is_better)
    lone = []
    for number in numbers:
        size, charge = items.size[number], items.charge[number]
        if not items.is_lone[number] or size > most:
            continue
        is_taken = np.zeros(worth.shape, dtype=bool)
        offer = worth[:, : most + 1 - size, : budget + 1 - charge]
        offer = offer + items.worth[number][:, None, None]
        present = worth[:, size:, charge:]
        is_better = offer > present + TOLERANCE
        is_taken[:, size:, charge:] = is_better
        np.copyto(present, offer, where=is_better)
        lone.append((number, is_taken))
    return Tables(items, worth, chosen, lone)


def joined(gain: Floats, free: Ints) -> Floats:
    """Worth of two halves for what both leave together.

    A (max, +) convolution, all pairs of similar size at once.

    Parameters
    ----------
    free
        Per half its free nodes, the most that it leaves.
    """
    halves = free.reshape(-1, 2)
    most = int(halves.sum(axis=1).max(initial=0)) + 1
    joined = np.full((len(halves), most), IMPOSSIBLE)
    order = np.argsort(halves.max(axis=1), kind="stable")
    for rows in np.array_split(order, PORTIONS):
        width = halves[rows].max(axis=0, initial=0) + 1
        worth = _convolved(gain[2 * rows, : width[0]], gain[2 * rows + 1, : width[1]])
        joined[rows, : worth.shape[1]] = worth[:, :most]
    return joined


def _convolved(first: Floats, second: Floats) -> Floats:
    width = second.shape[1]
    worth = np.full((len(first), first.shape[1] + width - 1), IMPOSSIBLE)
    offer = np.empty(second.shape)
    for nodes in range(first.shape[1]):
        window = worth[:, nodes : nodes + width]
        np.add(first[:, nodes : nodes + 1], second, out=offer)
        np.maximum(offer, window, out=window)
    return worth


def left_by_first(gain: Floats, pairs: Ints, left: Ints) -> Ints:
    """What the first of two halves leaves where both together leave so many nodes at best.

    Parameters
    ----------
    gain
        As in `joined`.
    pairs, left
        Of which halves, and what they leave.
    """
    second = left[:, None] - np.arange(gain.shape[1])
    is_possible = (second >= 0) & (second < gain.shape[1])
    worth = gain[2 * pairs] + gain[2 * pairs[:, None] + 1, np.where(is_possible, second, 0)]
    worth[~is_possible | (worth <= IMPOSSIBLE)] = IMPOSSIBLE
    found: Ints = worth.argmax(axis=1)
    return found
