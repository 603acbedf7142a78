"""Whether jobs can start with those beyond all levels as wholes, and where the latter go.

As in `beyond`, an integer program places them and the linear program over patterns answers what
cannot start beside them; here nothing has a value, and all jobs that were admitted must start.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from ..budget import Budget
from .beyond import Choice, choice_of, jobs_beyond
from .bound import generator_of
from .largest import MOST_SHARES, Cut, Largest, cut_of, num_shares
from .master import Master
from .offer import Offer
from .patterns import Prices
from .refute import CLEARLY, Refuter

# Places that are tried before a job is left undecided.
MOST_CHOICES = 30
# What the integer program prefers only decides between places that all do as far as it can tell.
FIRST_FOUND = "limits/solutions = 1\nseparating/maxroundsroot = 3"


class Witness:
    """Places for jobs beyond all levels beside which all admitted jobs start.

    Parameters
    ----------
    offer
        All jobs, each worth something, and what there is for them.

    Attributes
    ----------
    choice
        The places found last.
    """

    def __init__(self, offer: Offer, budget: Budget) -> None:
        self._budget = budget
        self._beside = generator_of(offer.master(offer.regions), budget, is_strict=False)
        self._master = self._beside.master
        self._demands = jobs_beyond(self._master)
        self._refuter = Refuter(self._beside)
        self._is_small = num_shares(self._master, self._demands) <= MOST_SHARES
        self._largest = Largest(self._master, self._demands if self._is_small else {})
        self._spare_scarce()
        self._cuts: list[tuple[Cut, pywraplp.Constraint]] = []
        self._admitted: list[int] = []
        for row in self._largest.is_wanted.values():
            row.SetBounds(0, 0)
        self.choice: Choice = choice_of(self._master, [])

    def _spare_scarce(self) -> None:
        """Prefer to leave alone what others need and few regions offer."""
        cut = cut_of(self._master, self._beside.pricer, _scarcity(self._master))
        objective = self._largest.solver.Objective()
        objective.SetMinimization()
        for variable, factor in self._largest.losses(cut):
            objective.SetCoefficient(variable, objective.GetCoefficient(variable) + factor)

    def admits(self, jobs: Sequence[int]) -> bool | None:
        """Whether all admitted jobs and these start; None if time is up.

        They are admitted from then on, if so.
        """
        largest = [job for job in jobs if job in self._demands]
        others = [job for job in jobs if job not in self._demands]
        if largest and not self._is_small:
            return None
        for job in largest:
            self._largest.is_wanted[job].SetBounds(1, 1)
        answer = self._placed([*self._admitted, *others]) if largest else True
        for _ in range(MOST_CHOICES):
            if answer is None or not answer:
                break
            answer = self._refuter.admits(others)
            if answer:
                self._refuter.fix(others)
                self._admitted += others
                return True
            if answer is None:
                break
            # The prices that refuted these jobs beside this choice tell what is wrong with it.
            cut = cut_of(self._master, self._beside.pricer, self._refuter.prices[0])
            losses = self._largest.losses(cut, self.choice.taken)
            self._cuts.append((cut, self._largest.row(-np.inf, 0, losses)))
            answer = self._placed([*self._admitted, *others])
        for job in largest:
            self._largest.is_wanted[job].SetBounds(0, 0)
        if answer:
            return None
        return answer

    def _placed(self, others: Sequence[int]) -> bool | None:
        """Choose places anew that leave enough for these jobs by all cuts so far."""
        for cut, row in self._cuts:
            cost = self._refuter.cost(cut.costs, others)
            row.SetUb(cut.worth - cost + CLEARLY * max(1.0, cut.worth))
        if self._budget.is_spent:
            return None
        status = self._largest.solve(self._budget, FIRST_FOUND)
        if status == pywraplp.Solver.INFEASIBLE:
            return False
        if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            return None
        self.choice = choice_of(self._master, self._largest.chosen())
        self._beside.reserve(self.choice.reserved)
        self._refuter.forget()
        return True


def _scarcity(master: Master) -> Prices:
    """Slots at what is asked of them, for each region that could offer them."""
    needed = np.zeros(len(master.slots))
    for demand in master.demands:
        needed[demand.slot] += demand.count * len(master.shapes[demand.shape].jobs)
    offered = np.full(len(master.slots), np.inf)
    for number, allowed in master.regions.allowed.items():
        offered[number] = max(1, int(allowed.sum()))
    nodes = np.array([slot.nodes for slot in master.slots])
    none = np.zeros(len(master.slots))
    return Prices(nodes * needed / offered, none, np.zeros(len(master.regions.wide)))
