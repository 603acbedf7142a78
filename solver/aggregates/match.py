"""Which jobs get the places that patterns offer, as wholes.

The linear program may still cut places into fractions of what is asked for, and follow several
patterns in parts. With few patterns to choose from, whole ones are a small integer program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from ..budget import Budget
from ..search import watched
from .bound import STEP_WORK
from .exchanges import Exchange
from .master import Master
from .patterns import Pattern

# Of the budget's rest, what the choice of jobs may use, and the choice of patterns.
SHARE = 0.1
PATTERNS_SHARE = 0.3
# Of the search tree, which does not depend on the clock; where all jobs start, and only idle
# nodes count, that is much easier (3,000 patterns: 20 s to the end).
MOST_NODES = 200
MOST_IDLE_NODES = 5_000
# Gap of worths at which no better one is left.
LESS_THAN_ONE = 0.999


@dataclass(frozen=True)
class Matched:
    """Jobs that start, by position, and how often each exchange is made."""

    starts: frozenset[int]
    exchanges: tuple[tuple[Exchange, int], ...]


NOTHING = Matched(frozenset(), ())


@dataclass(frozen=True)
class Rounded:
    """Whole patterns, and who gets the slots that all of them offer.

    Attributes
    ----------
    patterns
        With the number of aggregates that follow each.
    """

    patterns: Sequence[tuple[Pattern, int]]
    matched: Matched


class _Model:
    """Jobs that start as often as the offered slots allow, directly or by exchanges.

    Parameters
    ----------
    starts
        Positions of the jobs that may start.
    is_divisible
        Whether all but jobs may come in parts.
    must_start
        Whether all of these jobs do, so that only idle nodes count.

    Notes
    -----
    Solved by SCIP: the linear program is almost whole already, and from there it takes a second
    where CP-SAT found nothing in eight (3,056 racks, 3,000 patterns).
    """

    def __init__(
        self,
        master: Master,
        starts: Iterable[int],
        *,
        is_divisible: bool = False,
        must_start: bool = False,
    ) -> None:
        self.solver = pywraplp.Solver.CreateSolver("SCIP")
        self._most_nodes = MOST_IDLE_NODES if must_start else MOST_NODES
        self.number = self.solver.NumVar if is_divisible else self.solver.IntVar
        objective = self.solver.Objective()
        objective.SetMaximization()
        self._offered: dict[int, pywraplp.Constraint] = {}
        self.starts = {job: self.solver.BoolVar("") for job in starts}
        for job, start in self.starts.items():
            if must_start:
                start.SetLb(1)
            else:
                objective.SetCoefficient(start, master.values[job])
        if master.is_limited:
            together = self.solver.Constraint(0, master.highest_beside)
            for job, start in self.starts.items():
                together.SetCoefficient(start, master.values[job])
        self.exchanges = [
            (exchange, self.number(0, self.solver.infinity(), "")) for exchange in master.exchanges
        ]
        for exchange, times in self.exchanges:
            for slot in exchange.given:
                self.offer(slot, times, -1)
            for slot in exchange.got:
                self.offer(slot, times, 1)
        for number, demands in master.demands_of.items():
            begun = [job for job in master.shapes[number].jobs if job in self.starts]
            placed = self.solver.Constraint(0, 0)
            for job in begun:
                placed.SetCoefficient(self.starts[job], -1)
            for demand in demands:
                count = self.number(0, len(begun), "")
                placed.SetCoefficient(count, 1)
                per_job = demand.count * master.slots[demand.slot].per_unit
                self.offer(demand.slot, count, -per_job)

        rows = [(size, self.solver.Constraint(0, most)) for size, most in master.idle.most]
        for slot, worth in zip(master.idle.slots, master.idle.worth, strict=True):
            sold = self.number(0, self.solver.infinity(), "")
            objective.SetCoefficient(sold, worth)
            self.offer(slot, sold, -1)
            for size, row in rows:
                row.SetCoefficient(sold, master.slots[slot].size // size)

    def offer(self, slot: int, variable: pywraplp.Variable, number: int) -> None:
        """Let a variable add so many places of a slot, or use them."""
        row = self._offered.get(slot)
        if row is None:
            row = self._offered[slot] = self.solver.Constraint(0, self.solver.infinity())
        row.SetCoefficient(variable, row.GetCoefficient(variable) + number)

    def solve(self, budget: Budget, share: float) -> bool:
        """Whether a solution was found within a share of the budget."""
        solver = self.solver
        solver.SetSolverSpecificParametersAsString(
            # By default a gap of 0.01 % would do; all worths are whole numbers.
            f"limits/gap = 0\nlimits/absgap = {LESS_THAN_ONE}\n"
            f"misc/catchctrlc = FALSE\nlimits/nodes = {self._most_nodes}\n"
            f"randomization/randomseedshift = {budget.options.seed}\n"
        )
        if budget.seconds_left is not None:
            solver.SetTimeLimit(max(1, round(1000 * share * budget.seconds_left)))
        status = watched(solver.Solve, solver.InterruptSolve, budget.stop)
        budget.work += solver.iterations() * solver.NumConstraints() * STEP_WORK
        budget.solves += 1
        return status in (solver.OPTIMAL, solver.FEASIBLE)

    def matched(self) -> Matched:
        """What the last solution says."""
        return Matched(
            frozenset(job for job, start in self.starts.items() if start.solution_value() > 0.5),
            tuple((exchange, round(times.solution_value())) for exchange, times in self.exchanges),
        )


def matched(
    master: Master,
    patterns: Sequence[tuple[Pattern, int]],
    starts: Mapping[int, float],
    budget: Budget,
) -> Matched:
    """The jobs worth most whose slots the patterns offer, directly or by exchanges.

    Parameters
    ----------
    patterns
        With the number of base blocks that follow each.
    starts
        Per position of a job that may start, what the linear program says.

    Returns
    -------
    Matched
        What the linear program says where time is up; nothing where nothing was found in time.
    """
    if budget.is_spent:
        return Matched(frozenset(job for job, share in starts.items() if share > 0.5), ())
    model = _Model(master, starts)
    for pattern, count in patterns:
        followed = model.solver.IntVar(count, count, "")
        for slot, number in pattern.counts.items():
            model.offer(slot, followed, number)
    if not model.solve(budget, SHARE):
        return NOTHING
    return model.matched()


def whole_patterns(
    master: Master,
    candidates: Iterable[Pattern],
    starts: Iterable[int],
    budget: Budget,
    *,
    is_divisible: bool = False,
    must_start: bool = False,
) -> Rounded | None:
    """Some of the candidates for each aggregate, for most worth; None if none were found in time.

    Parameters
    ----------
    starts
        Positions of the jobs that may start.
    is_divisible
        Whether only jobs have to be whole; patterns are followed in parts, and none is returned.
    must_start
        Whether all of these jobs start, so that only idle nodes count.

    Notes
    -----
    The linear program follows several patterns in parts; a choice for each aggregate by itself
    would offer too much of one slot and too little of another.
    """
    if budget.is_spent:
        return None
    model = _Model(master, starts, is_divisible=is_divisible, must_start=must_start)
    infinity = model.solver.infinity()
    rooms = [model.solver.Constraint(-infinity, room) for room in master.room]
    copies = master.regions.copies.tolist()
    follows: dict[int, pywraplp.Constraint] = {}
    followed: list[tuple[Pattern, pywraplp.Variable]] = []
    for pattern in candidates:
        most = copies[pattern.aggregate]
        chosen = model.number(0, most, "")
        followed.append((pattern, chosen))
        if pattern.aggregate not in follows:
            follows[pattern.aggregate] = model.solver.Constraint(-infinity, most)
        follows[pattern.aggregate].SetCoefficient(chosen, 1)
        for slot, number in pattern.counts.items():
            model.offer(slot, chosen, number)
        for row, use in zip(rooms, master.wide_use(pattern), strict=True):
            row.SetCoefficient(chosen, use)
    if not model.solve(budget, PATTERNS_SHARE):
        return None
    if is_divisible:
        return Rounded([], model.matched())
    counts = [(pattern, round(chosen.solution_value())) for pattern, chosen in followed]
    patterns = [(pattern, count) for pattern, count in counts if count]
    return Rounded(patterns, model.matched())
