"""Which jobs beyond all levels start, and places for all of their units: branch and price.

Each unit takes nodes of few aggregates, so that a linear program chooses among its whole places,
which are generated at prices: what others miss because of a unit is exact, and most questions are
answered without branching (`unit_master`). Else it is decided whether a job starts, or, where only
limits have to be kept, how many touches cost so much by one; then which aggregates are touched at
all, then by which job, then for how many nodes; units of one job are not told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from math import ceil, floor, inf

import numpy as np

from ..budget import Budget
from .bound import INTEGRAL
from .cuts import Unit
from .moves import Mover
from .unit_master import NOTHING, Decisions, Divided, Level, Touch, UnitMaster
from .unit_task import Task

MOST_NODES = 4000
# More touches than there are.
MOST_TOUCHES = 1 << 30
# One node in so many is rounded.
ROUNDED_EVERY = 8
# Of the budget's rest, what one search may use if others follow.
SHARE = 0.3
# Of the way from a goal to a bound, how far the best choice may be from the bound; and of any such
# tolerance, what one search may use.
LOOSE = 0.25
SEARCH_SHARE = 0.4


@dataclass(frozen=True)
class Tolerance:
    """How far the best choice may be from its bound.

    Attributes
    ----------
    share
        Of its worth.
    goal
        What is worth less does not matter: the farther the bound is from it, the farther the
        choice may be from the bound.
    """

    share: float
    goal: float = inf

    def at(self, worth: float, bound: float) -> float:
        """For a choice and a bound of this worth."""
        return max(self.share * abs(worth), LOOSE * (bound - self.goal))


# The best choice, and no other.
EXACT = Tolerance(0.0)


@dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes
    ----------
    units
        Of the best choice; None if there is none.
    worth
        Of its jobs and what it leaves to others.
    bound
        No choice is worth more.
    needed
        Numbers of the limits that prove the bound.
    chosen
        Units that were chosen in fractions on the way, the last ones last.
    """

    units: Sequence[Unit] | None
    worth: float
    bound: float
    needed: frozenset[int]
    chosen: Sequence[Unit]


class _Search:
    """Best bound first, then the deepest."""

    def __init__(self, task: Task, start: Sequence[Unit], enough: float, budget: Budget) -> None:
        self._task, self._budget = task, budget
        self._places = [task.place(unit) for unit in start]
        self._enough = enough
        self._number = count()
        self._waiting: list[tuple[float, int, int, Decisions]] = []
        self.best: Sequence[Unit] | None = None
        self.worth = -inf
        self.bound = -inf
        self.needed: set[int] = set()
        # By the object: most places are chosen in many nodes.
        self.chosen: dict[int, Unit] = {}

    def run(self, tolerance: Tolerance) -> None:
        """Until nothing is worth more than the best by that much, or the budget is spent."""
        self._wait(Decisions(), self._task.most + sum(self._task.worths.values()))
        for number in range(MOST_NODES):
            if not self._waiting or self._budget.is_spent:
                break
            bound = -self._waiting[0][0]
            gap = SEARCH_SHARE * tolerance.at(self.worth, bound)
            if self.best is not None and bound <= self.worth + gap:
                break
            _, _, _, decisions = heappop(self._waiting)
            master = UnitMaster(self._task, self._places, decisions, self._budget)
            divided = master.solve(max(self._enough, self.worth))
            bound = min(bound, master.bound)
            self.needed |= master.needed
            if divided is None:
                if self._budget.is_spent:
                    self._wait(decisions, bound)
                else:
                    self.bound = max(self.bound, bound)
                continue
            for place, _ in divided.shares:
                self.chosen.pop(id(place.unit), None)
                self.chosen[id(place.unit)] = place.unit
            split = _split(self._task, decisions, divided)
            if number % ROUNDED_EVERY == 0 or split is None:
                self._round(divided)
            if split is None:
                self.bound = max(self.bound, bound)
                continue
            for each in split:
                self._wait(each, bound)
        self.bound = max([self.bound, self.worth, *(-waiting[0] for waiting in self._waiting)])

    def _wait(self, decisions: Decisions, bound: float) -> None:
        heappush(self._waiting, (-bound, -decisions.depth, -next(self._number), decisions))

    def _round(self, divided: Divided) -> None:
        """Jobs that mostly start, their units where they mostly are, moved to miss less."""
        task = self._task
        limits = task.limits
        begun = [job for job, start in divided.starts.items() if start > 0.5]
        most = limits.most.copy()
        for job in begun:
            most -= task.paid_by(job) * limits.scale
        # As little is to be missed as in fractions.
        aim = most.copy()
        aim[limits.num_wide :] -= divided.rest - NOTHING * task.scale
        mover = Mover(task.master, replace(limits, most=aim), [], self._budget)
        left = {job: task.number_of(job) for job in begun}
        # All units of a job go to one partition.
        demand_of = {job: task.demands[job][0] for job in left}
        shares = sorted(divided.shares, key=lambda each: -each[1])
        demand_of |= {p.unit.job: p.unit.demand for p, _ in reversed(shares) if p.unit.job in left}
        for unit in (place.unit for place, _ in shares):
            is_wanted = left.get(unit.job) and unit.demand == demand_of[unit.job]
            if is_wanted and mover.has_room(unit):
                mover.units.append(unit)
                left[unit.job] -= 1
        for job, missing in left.items():
            for _ in range(missing):
                if not mover.add_unit(job, demand_of[job]):
                    return
        if not mover.are_kept():
            mover.run()
        missed = mover.missed()
        rest = (most - missed)[limits.num_wide :].min(initial=task.most)
        worth = sum(task.worths.get(job, 0.0) for job in begun) + min(task.most, rest)
        is_legal = (missed <= limits.most)[: limits.num_wide].all()
        is_enough = worth >= self._enough - NOTHING * task.scale
        if is_legal and worth > self.worth and is_enough:
            self.best, self.worth = list(mover.units), worth


def search_places(
    task: Task,
    start: Sequence[Unit],
    enough: float,
    tolerance: Tolerance,
    budget: Budget,
    share: float = SHARE,
) -> Searched:
    """The best choice that is worth `enough`.

    Parameters
    ----------
    start
        Places to begin with, not necessarily of all units; they may break limits.
    tolerance
        Of which a search may use a part, `SEARCH_SHARE`.
    share
        Of the budget's rest, what it may use.

    Notes
    -----
    Branch and price; C. Barnhart et al., Branch-and-price: column generation for solving huge
    integer programs (1998).
    """
    part = budget.part(share)
    search = _Search(task, start, enough, part)
    search.run(tolerance)
    budget.add(part)
    needed = frozenset(search.needed)
    return Searched(search.best, search.worth, search.bound, needed, list(search.chosen.values()))


def _split(task: Task, decisions: Decisions, divided: Divided) -> list[Decisions] | None:
    """Two ways to decide what is least decided; None if all is whole."""
    starts = {
        job: abs(start - 0.5)
        for job, start in divided.starts.items()
        if INTEGRAL < start < 1 - INTEGRAL
    }
    if starts:
        job = min(starts, key=lambda each: (starts[each], each))
        return [
            replace(decisions, starts={**decisions.starts, job: is_up}) for is_up in (False, True)
        ]
    # Where places may be better or worse, this divides badly (measured).
    level = _level(task, divided) if task.only_asks else None
    if level is not None:
        which, number = level
        least, most = decisions.levels.get(which, (0, MOST_TOUCHES))
        ways = ((least, floor(number)), (ceil(number), most))
        return [replace(decisions, levels={**decisions.levels, which: way}) for way in ways]
    for touched in (_by_any(divided), _by_job(divided), _by_nodes(divided)):
        touches = {
            touch: abs(share - 0.5)
            for touch, share in touched.items()
            if INTEGRAL < share < 1 - INTEGRAL
        }
        if touches:
            touch = min(touches, key=lambda each: (touches[each], each.aggregate, each.nodes))
            return [
                replace(decisions, touches={**decisions.touches, touch: is_up})
                for is_up in (False, True)
            ]
    return None


def _level(task: Task, divided: Divided) -> tuple[Level, float] | None:
    """A level whose number of touches is not whole, where that costs most, and that number."""
    touches = [
        (task.class_of(place.unit.demand), aggregate, nodes, share)
        for place, share in divided.shares
        for aggregate, nodes in place.unit.nodes.items()
    ]
    if not touches:
        return None
    *places, shares = (np.array(each) for each in zip(*touches, strict=True))
    found: list[tuple[float, Level, float]] = []
    classes, aggregates, nodes = places
    for limit, costs in enumerate(task.loss[:, classes, aggregates, nodes]):
        most = max(float(task.limits.most[limit]), NOTHING * task.scale)
        for cost in np.unique(costs[costs > 0]).tolist():
            number = float(shares[costs >= cost - NOTHING * task.scale].sum())
            fraction = min(number % 1, 1 - number % 1)
            if fraction > INTEGRAL:
                found.append((fraction * cost / most, Level(limit, cost), number))
    if not found:
        return None
    _, level, number = max(found, key=lambda each: each[0])
    return level, number


Touched = Mapping[Touch, float]


def _by_any(divided: Divided) -> Touched:
    found: dict[Touch, float] = defaultdict(float)
    for place, share in divided.shares:
        for aggregate in place.unit.nodes:
            found[Touch(None, aggregate)] += share
    return found


def _by_job(divided: Divided) -> Touched:
    found: dict[Touch, float] = defaultdict(float)
    for place, share in divided.shares:
        for aggregate in place.unit.nodes:
            found[Touch(place.unit.job, aggregate)] += share
    return found


def _by_nodes(divided: Divided) -> Touched:
    """For every number of nodes that some place takes, how much takes as many or more."""
    places = [
        (Touch(place.unit.job, aggregate, nodes), share)
        for place, share in divided.shares
        for aggregate, nodes in place.unit.nodes.items()
    ]
    return {
        touch: sum(
            share
            for other, share in places
            if (other.job, other.aggregate) == (touch.job, touch.aggregate)
            and other.nodes >= touch.nodes
        )
        for touch, _ in places
    }
