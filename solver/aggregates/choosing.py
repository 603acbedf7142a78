"""Branching on jobs while those beyond all levels are chosen as wholes, not in fractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...models.plan import Progress
from ..budget import Budget
from .beyond import Chooser
from .branch import PRECISION, Brancher, Solved, started_jobs
from .choice import Choice
from .decided import Decided, Starts

# Sets of jobs that start as wholes for which plans are tried.
MOST_SETS = 3
# The same in the last search, beside those that are tried from time to time.
MOST_LEAVES = 8
# Of all worth, and of a unit of it: where nothing is left to decide, a choice is the best one if
# none is better by more, as far as floating point tells.
FINEST = 1e-9
OF_UNIT = 0.4
# Cuts per node, and what one may use of the budget's rest.
MOST_CUTS = 3
SHARE = 0.1

# Given a choice beside which no job starts in part, and all that start: the worth of a plan.
Attempt = Callable[[Choice, frozenset[int]], float]
# Given a choice and what was decided about other jobs: the worth of a plan, the rest rounded.
Dive = Callable[[Choice, Starts], float]


class Choosing:
    """The best choice given what was decided about other jobs, as a `Relaxation`.

    Cuts of one node count in all: they are prices, which hold whatever starts.
    """

    def __init__(
        self,
        chooser: Chooser,
        budget: Budget,
        attempt: Attempt,
        dive: Dive | None,
        precision: float,
    ) -> None:
        self._chooser = chooser
        self._attempt = attempt
        self._dive = dive
        self._precision = precision
        self._tried: set[frozenset[int]] = set()
        self._leaves = 0
        self.budget = budget

    @property
    def values(self) -> Sequence[int]:
        """Per job position."""
        return self._chooser.values

    @property
    def worth_of_unit(self) -> Mapping[int, int]:
        """By the mix."""
        return self._chooser.worth_of_unit

    def solve(self, decided: Decided, least: float, *, is_exact: bool = False) -> Solved:
        """By a few cuts more."""
        chooser = self._chooser
        chooser.decide(decided)
        part = self.budget.part(SHARE)
        precision = self._exact(least) if is_exact else self._precision
        chooser.run(part, None, precision, least, MOST_CUTS, is_exact=is_exact)
        if not chooser.starts and chooser.bound > least:
            chooser.consider(chooser.best, self._precision)
        self.budget.add(part)
        return Solved(chooser.bound, chooser.starts or None, chooser.fits)

    def blame(self, decided: Decided) -> Mapping[int, float]:
        """By the prices of the lowest cut."""
        return self._chooser.blame(decided.starts)

    def is_loose(self) -> bool:
        """Whether another choice may still be better."""
        chooser = self._chooser
        return chooser.bound - chooser.worth > self._exact(chooser.worth) * abs(chooser.worth)

    def _exact(self, worth: float) -> float:
        """The precision, or better: less than a whole number."""
        return min(self._precision, max(FINEST, OF_UNIT / max(1.0, abs(worth))))

    def plunge(self, decided: Decided, incumbent: float) -> float:
        """Sets of jobs that start as wholes beside the best choice there, or what is near one.

        Only with a `Dive`: where sets have to be worth exactly so much, known patterns hardly ever
        start one.
        """
        if self._dive is None:
            return 0.0
        self.solve(decided, 0.0, is_exact=True)
        part = self.budget.part(SHARE)
        together = self._chooser.set_beside(part)
        self.budget.add(part)
        choice = self._chooser.best
        if sum(self.values[job] for job in together) > incumbent:
            return self._try(choice, together)
        return self._dive(choice, decided.starts)

    def keep(self, starts: Mapping[int, float]) -> float:
        """Try it, if it is one of the first."""
        if self._leaves == MOST_LEAVES:
            return 0.0
        self._leaves += 1
        choice = self._chooser.best
        return self._try(choice, started_jobs(starts) | choice.jobs)

    def _try(self, choice: Choice, together: frozenset[int]) -> float:
        if together in self._tried:
            return 0.0
        self._tried.add(together)
        return self._attempt(choice, together)


def branch_beside(
    chooser: Chooser,
    highest: float,
    incumbent: float,
    budget: Budget,
    attempt: Attempt,
    dive: Dive | None = None,
    progress: Progress | None = None,
    precision: float = PRECISION,
) -> float:
    """The bound of all jobs after branching, of which `highest` is one.

    Parameters
    ----------
    chooser
        One that chooses from all jobs beyond all levels.
    incumbent
        Value of a plan.
    """
    brancher = Brancher(Choosing(chooser, budget, attempt, dive, precision), highest)
    bound = brancher.run(incumbent, progress)
    chooser.decide(Decided())
    return bound
