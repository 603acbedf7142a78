"""What all other jobs miss because of units beyond all levels: cuts (Benders), and such units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .lagrange import slot_costs
from .master import Master
from .patterns import Prices
from .pricing import Pricer
from .regions import Ints
from .slots import Demand
from .tables import Floats
from .top import at_least

# Pairs of unit and aggregate up to which their places are searched exactly.
MOST_SHARES = 12_000


@dataclass(frozen=True)
class Cut:
    """What aggregates and wide layers are worth at most to all other jobs, at some prices.

    Attributes
    ----------
    worth
        If nothing is left to units beyond all levels.
    costs
        Per shape, what the slots of one job cost.
    loss
        Per class of charges, aggregate and nodes left to such units, what the aggregate misses.
    class_of
        Per slot its class.
    paid
        Per slot and aggregate, what a node of such a unit costs in wide layers.
    levy
        As in `Prices`.
    """

    worth: float
    costs: Floats
    loss: Floats
    class_of: Ints
    paid: Floats
    levy: float = 0.0


def cut_of(master: Master, pricer: Pricer, prices: Prices) -> Cut:
    """The cut of any prices (Lagrange); a bound unless the pricer is strict."""
    gain = at_least(pricer.worth_by_left(prices))
    # Where nothing is left, all classes are worth the same.
    worth = float(gain[0, :, 0].sum())
    paid = np.zeros((len(master.slots), gain.shape[1]))
    for price, row in zip(prices.wide, master.regions.wide, strict=True):
        worth += float(price) * row.room
        paid += price * np.outer(row.charges, row.covers)
    # What an aggregate cannot leave at all costs more than everything is worth.
    loss = (gain[:, :, :1] - gain).clip(max=2 * max(worth, master.most))
    if prices.levy:
        worth += prices.levy * master.highest
    costs = slot_costs(master, prices)
    return Cut(worth, costs, loss, pricer.classes.of_slot, paid, prices.levy)


@dataclass(frozen=True)
class Unit:
    """One unit of a job, and the nodes that it takes of which aggregates."""

    job: int
    demand: Demand
    nodes: dict[int, int]

    @property
    def key(self) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        """The same for equal units."""
        return self.job, self.demand.slot, tuple(sorted(self.nodes.items()))


def num_shares(master: Master, demands: Mapping[int, Sequence[Demand]]) -> int:
    """How many pairs of unit and aggregate there are for these jobs."""
    return sum(
        demand.count * int((master.regions.room[demand.slot] >= least_share(master, demand)).sum())
        for of_job in demands.values()
        for demand in of_job
    )


def least_share(master: Master, demand: Demand) -> int:
    """The least that a unit takes of an aggregate: what the largest others cannot give."""
    slot = master.slots[demand.slot]
    rooms = np.sort(master.regions.room[demand.slot])[::-1]
    most = slot.max_lower or len(rooms)
    return max(1, slot.size - int(rooms[: most - 1].sum()))
