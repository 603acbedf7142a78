"""Base blocks that leave whole units to one consolidated job, as `pricing` counts them.

A count of nodes would let such a job take 14 nodes of one base block and 18 of the next for units
of 16. Where it is alone in what its region leaves, whole units are counted instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .regions import Bools, Ints
from .tables import IMPOSSIBLE, Floats, joined, left_by_first


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
    """How regions of one span leave units.

    Attributes
    ----------
    halves
        Per half and number of units it leaves, its worth.
    is_counted
        Per region and number, whether nodes were counted instead: it hosts other units besides.
    """

    halves: Floats
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
        numbers = [number for number, kind in enumerate(self.kinds) if kind.span >= span]
        for number, worth in zip(numbers, self._joined(numbers), strict=True):
            halves = self._worth[number]
            units = self._free // self.kinds[number].size
            missing = max(0, int(units.max(initial=0)) + 1 - worth.shape[1])
            pad = ((0, 0), (0, missing))
            self._worth[number] = np.pad(worth, pad, constant_values=IMPOSSIBLE)
            self._units[number] = units
            is_counted = np.zeros(self._worth[number].shape, dtype=bool)
            splits[number] = _Split(halves, is_counted)
        self._splits.append(splits)

    def _joined(self, numbers: Sequence[int]) -> list[Floats]:
        """As `joined`, of several kinds at once."""
        if not numbers:
            return []
        tables = [self._worth[number] for number in numbers]
        width = max(table.shape[1] for table in tables)
        together = np.full((len(numbers) * len(tables[0]), width), IMPOSSIBLE)
        for place, table in enumerate(tables):
            together[place * len(table) : (place + 1) * len(table), : table.shape[1]] = table
        units = np.concatenate([self._units[number] for number in numbers])
        worth = np.split(joined(together, units), len(numbers))
        most = units.reshape(len(numbers), -1, 2).sum(axis=2).max(axis=1) + 1
        return [part[:, :width] for part, width in zip(worth, most.tolist(), strict=True)]

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
        halves = self._splits[level][number].halves
        first = int(left_by_first(halves, np.array([region]), np.array([units]))[0])
        return first, units - first
