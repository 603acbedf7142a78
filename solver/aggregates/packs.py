"""Base blocks that leave whole units to one consolidated job, as `pricing` counts them.

A count of nodes would let such a job take 14 nodes of one base block and 18 of the next for units
of 16. Where it is alone in what its region leaves, whole units are counted instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .regions import Bools, Ints
from .tables import IMPOSSIBLE, Floats, joined


@dataclass(frozen=True)
class Kind:
    """Units that nothing distinguishes.

    Attributes
    ----------
    size
        Nodes of one unit.
    spreads
        Whether a base block gives one at most.
    charge_class
        For which class of charges base blocks leave the nodes.
    span
        Base blocks of the largest region that hosts such a job.
    """

    size: int
    spreads: bool
    charge_class: int
    span: int


@dataclass(frozen=True)
class _Split:
    """Per region of one span and number of units it leaves.

    Attributes
    ----------
    first
        How many its first half leaves.
    is_counted
        Whether nodes were counted instead: the region hosts other units besides.
    """

    first: Ints
    is_counted: Bools


class Packs:
    """Worth of regions by the number of units of each kind that they leave.

    Parameters
    ----------
    gain
        Per class of charges, base block, and nodes left, its worth.
    free
        Per base block.
    """

    def __init__(self, kinds: Sequence[Kind], gain: Floats, free: Ints) -> None:
        self.kinds = kinds
        self._free = free
        self._worth: dict[int, Floats] = {}
        # Per kind and region, the most units that it leaves, however they are counted.
        self._units: dict[int, Ints] = {}
        self._splits: list[dict[int, _Split]] = []
        for number, kind in enumerate(kinds):
            units = free // kind.size
            if kind.spreads:
                units = units.clip(max=1)
            columns = np.arange(int(units.max(initial=0)) + 1)
            worth = gain[kind.charge_class][:, columns * kind.size]
            self._worth[number] = np.where(columns <= units[:, None], worth, IMPOSSIBLE)
            self._units[number] = units

    def join(self, span: int) -> None:
        """From halves to regions of `span`."""
        splits = {}
        self._free = self._free.reshape(-1, 2).sum(axis=1)
        for number, kind in enumerate(self.kinds):
            if kind.span >= span:
                worth, first = joined(self._worth[number], self._units[number])
                units = self._free // kind.size
                missing = max(0, int(units.max(initial=0)) + 1 - worth.shape[1])
                pad = ((0, 0), (0, missing))
                self._worth[number] = np.pad(worth, pad, constant_values=IMPOSSIBLE)
                self._units[number] = units
                first = np.pad(first, pad)
                splits[number] = _Split(first, np.zeros(first.shape, dtype=bool))
        self._splits.append(splits)

    def worth(self, number: int, units: int) -> Floats:
        """Per region of the present span, if it leaves so many units of a kind."""
        worth = self._worth[number]
        if units >= worth.shape[1]:
            return np.full(len(worth), IMPOSSIBLE)
        return worth[:, units]

    def count(self, gain: Floats, beside: Floats) -> None:
        """Where a region hosts units of its own span, count what else it leaves in nodes.

        Parameters
        ----------
        gain, beside
            Per class of charges, region, and nodes left: worth, and worth beside such units.
        """
        for number, split in self._splits[-1].items():
            kind = self.kinds[number]
            worth = self._worth[number]
            columns = np.arange(worth.shape[1]) * kind.size
            columns = columns[columns < gain.shape[2]]
            inside = worth[:, : len(columns)]
            counted = np.where(
                columns == 0,
                gain[kind.charge_class][:, columns],
                beside[kind.charge_class][:, columns],
            )
            is_better = (counted > inside) | (columns == 0)
            inside[is_better] = counted[is_better]
            split.is_counted[:, : len(columns)] = is_better

    def is_counted(self, level: int, number: int, region: int, units: int) -> bool:
        """Whether a region that leaves so many units hosts others besides, counted in nodes."""
        return bool(self._splits[level][number].is_counted[region, units])

    def halves(self, level: int, number: int, region: int, units: int) -> tuple[int, int]:
        """Units that the halves of a region leave if no other unit takes of it."""
        first = int(self._splits[level][number].first[region, units])
        return first, units - first
