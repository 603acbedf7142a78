"""What base blocks pass to larger units of their budgets, beyond the least charge per node.

A base block that leaves nodes to larger units pays the least charge of any such unit for each. A
dearer one needs more, which some blocks of its aggregate have to give: a row of the master.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .regions import Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, Floats, Tables

# Units that one base block may pass; finer ones are rounded in favour of the bound.
MOST_STEPS = 64


@dataclass(frozen=True)
class Passing:
    """Charges of larger units.

    Attributes
    ----------
    charges
        Of one node of any of them, ascending; 0 where there are none.
    unit
        What is passed is counted in, so that there are not too many steps.
    excess
        Per slot what each counted of it draws beyond the least, in whole units, rounded down; 0
        within base blocks.
    """

    charges: Ints
    unit: int
    excess: Ints

    def cost(self, passed: Ints) -> Ints:
        """The least of a budget that counts as so many units: any part of a unit counts as one."""
        least: Ints = np.where(passed > 0, (passed - 1) * self.unit + 1, 0)
        return least

    def units(self, amount: Ints) -> Ints:
        """As how many units an amount counts."""
        return -(-amount // self.unit)

    @property
    def least(self) -> int:
        """Of any larger unit, per node."""
        return int(self.charges[0])

    @property
    def most(self) -> int:
        """Of any larger unit, per node."""
        return int(self.charges[-1])

    @property
    def is_needed(self) -> bool:
        """Whether larger units differ in charge."""
        return len(self.charges) > 1


def passing_of(regions: Regions, slots: Sequence[Slot]) -> Passing:
    """What larger units draw."""
    is_larger = np.array([slot.span != 1 and not slot.holds for slot in slots], dtype=bool)
    charges = np.unique(regions.charge[is_larger]) if is_larger.any() else np.zeros(1, np.int64)
    spread = int(charges[-1] - charges[0])
    unit = max(1, -(-spread * int(regions.free.max(initial=0)) // MOST_STEPS))
    nodes = np.array([slot.nodes for slot in slots], dtype=np.int64)
    excess = np.where(is_larger, (regions.charge - charges[0]) * nodes, 0)
    return Passing(charges, unit, excess // unit)


def passed_on(
    tables: Tables, table_of: Ints, regions: Regions, passing: Passing, price: Floats
) -> tuple[Floats, Ints]:
    """Worth of base blocks per nodes left, and what they pass beyond the least charge.

    Parameters
    ----------
    price
        Per base block what a unit of that earns.

    Returns
    -------
    array, array
        Per base block and nodes left; what is passed in units.
    """
    most = int(regions.free.max(initial=0))
    left = np.arange(most + 1)
    spread = passing.most - passing.least
    most_passed = passing.units(spread * left)
    nodes = regions.free[:, None] - left
    budgets = regions.budget[:, None] - passing.least * left
    gain = np.full(nodes.shape, IMPOSSIBLE)
    passed = np.zeros(nodes.shape, dtype=np.int64)

    def offer(blocks: Ints, extra: Ints) -> None:
        """Let some base blocks pass so many units, where that is worth no less."""
        rest = budgets[blocks] - passing.cost(extra)
        worth = tables.worth[table_of[blocks][:, None], nodes[blocks].clip(0), rest.clip(0)]
        worth = worth + price[blocks][:, None] * extra
        is_better = (nodes[blocks] >= 0) & (rest >= 0) & (extra <= most_passed)
        is_better &= worth >= gain[blocks]
        gain[blocks] = np.where(is_better, worth, gain[blocks])
        passed[blocks] = np.where(is_better, extra, passed[blocks])

    # Where the budget is enough for anything, all is passed.
    is_loose = regions.budget >= int(regions.charge.max(initial=0)) * regions.free
    offer(np.nonzero(is_loose)[0], most_passed)
    tight = np.nonzero(~is_loose)[0]
    for extra in range(int(most_passed.max(initial=0)) + 1):
        offer(tight, np.full_like(left, extra))
    return gain, passed
