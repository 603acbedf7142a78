"""Places for jobs beyond all levels beside which most nodes stay usable (Benders).

As in `witness.py`, prices of the linear program beside a choice are a cut on further places. Here
all that start are known, and it is asked for places that leave more than the best plan so far.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from ..budget import Budget
from .choice import Choice, choice_of, jobs_beyond
from .cuts import MOST_SHARES, Cut, Unit, cut_of, num_shares
from .lagrange import cost_of
from .moves import limits_of, moved
from .offer import Offer
from .places import EXACT, search_places
from .sell import Seller
from .unit_master import NOTHING
from .unit_task import task_of

MOST_CHOICES = 60
# Of the budget's rest, what one search may use: mostly the last one proves the bound.
SEARCH_SHARE = 0.8


class SparePlaces:
    """Choices of places, each better than the best plan so far by all that is known.

    Parameters
    ----------
    offer, jobs
        As in `Seller`.
    choice
        To begin with.

    Attributes
    ----------
    is_exhausted
        Whether no places leave more.
    """

    def __init__(self, offer: Offer, jobs: Set[int], choice: Choice, budget: Budget) -> None:
        self._idle = offer.idle
        self._budget = budget
        every = jobs_beyond(offer.master(offer.regions))
        self._demands = {job: every[job] for job in sorted(every.keys() & jobs)}
        self._seller = Seller(offer, jobs - every.keys(), budget)
        self._cuts: list[Cut] = []
        # Cuts at high and low prices are compared by shares of their worth. Per cut, what idle
        # nodes earn if nothing is left to these jobs, and that worth.
        self._most: list[float] = []
        self._scales: list[float] = []
        self._choice = choice
        self.is_exhausted = False

    def better_than(self, capacity: int) -> Choice | None:
        """A choice beside which more may stay usable; None if there is none, or time is up."""
        # Sums of worths lie apart, so that rounding errors of the cuts do not matter.
        target = self._idle.above(capacity) - 0.5
        for _ in range(MOST_CHOICES):
            if self._budget.is_spent:
                return None
            before = self._choice.taken
            if self._cuts and (not self._choose(target) or self._choice.taken == before):
                return None
            sold = self._sold()
            if sold is not None and sold > capacity:
                return self._choice
        return None

    def _sold(self) -> int | None:
        """What is usable beside the choice at most; its prices become a cut."""
        seller, master = self._seller, self._seller.master
        seller.generator.reserve(self._choice.reserved)
        sold = seller.sell()
        cut = cut_of(master, seller.generator.pricer, seller.prices)
        paid = cost_of(master, cut.costs, seller.jobs)
        scale = max(cut.worth, 1.0)
        scaled = {name: getattr(cut, name) / scale for name in ("worth", "costs", "loss", "paid")}
        self._cuts.append(replace(cut, **scaled))
        idle = master.idle_rows.bound(seller.prices.slots, seller.prices.idle)
        self._most.append((cut.worth + idle - paid) / scale)
        self._scales.append(scale)
        return sold

    def _choose(self, target: float) -> bool:
        """Places by which all cuts leave so much; whether there are any, as far as is known."""
        master = self._seller.master
        most = [
            most - target / scale for most, scale in zip(self._most, self._scales, strict=True)
        ]
        limits = limits_of(master, self._cuts, most)
        wanted = self._demands.keys()
        units: Sequence[Unit] | None
        found, units = moved(
            master, limits, self._choice.units, self._demands, wanted, self._budget
        )
        if not found:
            if num_shares(master, self._demands) > MOST_SHARES:
                return False
            task = task_of(master, limits, self._demands, {}, 0.0)
            searched = search_places(task, units, 0.0, EXACT, self._budget, SEARCH_SHARE)
            self.is_exhausted = searched.bound < -NOTHING * task.scale
            units = searched.units
        if units is not None:
            self._choice = choice_of(master, units)
        return units is not None
