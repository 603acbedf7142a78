"""Idle nodes in the linear program over patterns: slots of them are sold, and units counted."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from .decided import Fits
from .idle import Idle
from .tables import Floats


class IdleRows:
    """Sells slots of idle nodes for what they are worth.

    Rows: units of each size that fit into the idle nodes of all base blocks, which are a whole
    number, and may be limited.

    Parameters
    ----------
    rows
        Per slot, what is offered of it and used.
    num_blocks
        Base blocks, which sell one slot at most each.
    """

    def __init__(
        self,
        solver: pywraplp.Solver,
        idle: Idle,
        rows: Sequence[pywraplp.Constraint],
        num_blocks: int,
    ) -> None:
        self._idle = idle
        self._num_blocks = num_blocks
        # Per size, how many units there are at most in any case, and now at least and at most.
        self._known = idle.limits
        self._limits = [(0.0, most) for _, most in self._known]
        self._counts = [solver.Constraint(-solver.infinity(), most) for _, most in self._known]
        self._sold = []
        sizes = np.array([size for size, _ in self._known], dtype=np.int64)
        self._units = np.arange(1, len(idle.slots) + 1)[:, None] // sizes
        for slot, worth, units in zip(idle.slots, idle.worth, self._units.tolist(), strict=True):
            sold = solver.NumVar(0, num_blocks, "")
            solver.Objective().SetCoefficient(sold, worth)
            rows[slot].SetCoefficient(sold, 1)
            for count, number in zip(self._counts, units, strict=True):
                count.SetCoefficient(sold, number)
            self._sold.append(sold)

    @property
    def most(self) -> float:
        """What idle nodes are worth at most: all base blocks as a whole."""
        return max(self._idle.worth, default=0) * self._num_blocks

    def limit(self, fits: Fits) -> None:
        """From now on so many units fit, within what is known in any case."""
        for number, (size, known) in enumerate(self._known):
            least, most = fits.get(size, (0.0, inf))
            self._limits[number] = least, min(most, known)
            self._counts[number].SetBounds(*self._limits[number])

    @property
    def prices(self) -> Floats:
        """Per size, dual values: negative where more units have to fit."""
        return np.array([row.dual_value() for row in self._counts])

    @property
    def worth(self) -> float:
        """Of what is sold."""
        sold = zip(self._idle.worth, self._sold, strict=True)
        return sum(worth * float(variable.solution_value()) for worth, variable in sold)

    @property
    def fits(self) -> dict[int, float]:
        """Per size, units that fit into what is sold."""
        sold = np.array([variable.solution_value() for variable in self._sold])
        units = sold @ self._units
        return {size: float(n) for (size, _), n in zip(self._known, units, strict=True)}

    def bound(self, slots: Floats, prices: Floats) -> float:
        """What idle nodes are worth at most beyond prices of their slots, and within the limits.

        Prices of limits that there are not do not count.
        """
        least, most = np.array(self._limits).reshape(-1, 2).T
        prices = np.where(prices > 0, np.isfinite(most) * prices, (least > 0) * prices)
        limits = np.where(prices > 0, np.where(np.isfinite(most), most, 0), least)
        own = list(self._idle.slots)
        gain = np.array(self._idle.worth) - slots[own] - self._units @ prices
        return float(prices @ limits + gain.clip(min=0).sum() * self._num_blocks)
