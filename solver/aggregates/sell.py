"""What idle nodes earn beside jobs that must all start: a bound of usable capacity."""

from __future__ import annotations

from collections.abc import Set
from math import inf

from ..budget import Budget
from .bound import generator_of
from .lagrange import lagrange_bound
from .offer import Offer
from .patterns import Prices
from .refute import WHOLE

MOST_ROUNDS = 400


class Seller:
    """Sells idle nodes in the linear program over patterns.

    Parameters
    ----------
    offer
        In which jobs are worth more than idle nodes in their place.
    jobs
        Positions of those that start; all others do not.
    """

    def __init__(self, offer: Offer, jobs: Set[int], budget: Budget) -> None:
        self.jobs = jobs
        self._idle = offer.idle
        self.master = offer.master(offer.regions)
        self.generator = generator_of(self.master, budget, is_strict=False)
        self._of_jobs = sum(self.master.values[job] for job in jobs)

    @property
    def prices(self) -> Prices:
        """Those of the last bound."""
        return self.generator.center

    def sell(self) -> int | None:
        """Usable capacity at most; None if nothing is known, 0 where not all jobs can start.

        First patterns are added until all start. Only then they are held, and worth nothing, so
        that prices of a few idle nodes are not lost among those of all jobs.
        """
        self.generator.decide({job: job in self.jobs for job in self.master.shape_of})
        least = self._generate(inf, is_selling=False)
        if least >= 0:
            for job in self.jobs:
                self.master.require(job)
            least = self._generate(least, is_selling=True)
        return None if least == inf else self._idle.rounded(least)

    def _generate(self, least: float, *, is_selling: bool) -> float:
        """Add patterns until all start, or until nothing more is sold; the best bound."""
        generator = self.generator
        for _ in range(MOST_ROUNDS):
            relaxed = generator.solve()
            if relaxed is None:
                break
            if not is_selling and all(relaxed.starts[job] >= 1 - WHOLE for job in self.jobs):
                break
            added, priced = generator.generate(relaxed)
            for prices, values in priced:
                decided = generator.refused, generator.required
                bound = lagrange_bound(self.master, prices, values, *decided)
                if bound - self._of_jobs < least:
                    least, generator.center = bound - self._of_jobs, prices
            if not added or generator.budget.is_spent:
                break
        return least
