"""Jobs larger than all levels: chosen first, with a bound for everything (Benders).

They are chosen and placed first (`places`); the linear program over patterns says what all other
jobs are worth beside that choice, and its prices are a cut that tells the next choice why.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from ...models.plan import Progress
from ..budget import Budget
from .bound import COARSE, INTEGRAL, Generator, generator_of
from .branch import PRECISION, Brancher, LinearProgram
from .choice import Choice, choice_of, jobs_beyond
from .cuts import MOST_SHARES, Cut, Unit, cut_of, num_shares
from .decided import Decided, Starts
from .lagrange import blamed, gains_of
from .master import Relaxed
from .match import whole_patterns
from .moves import limits_of
from .offer import Offer
from .patterns import Prices
from .places import SEARCH_SHARE, SHARE, Searched, Tolerance, search_places
from .slots import Demand
from .unit_task import task_of

MOST_CUTS = 8
# Cuts that are kept in all: those needed last, where there are more.
MOST_KEPT = 40
# Of the search tree beside the best choice: whole sets are found early, or late (measured).
MOST_NODES = 100
# Places of units that searches begin with: those chosen last.
MOST_PLACES = 200
# What one search may use.
SEARCH_WORK = 3.0
# From this gap on the jobs are chosen by rounding, too, in so many steps and rounds of pricing.
ROUGH = 0.02
MOST_DIVES = 40
ROUNDS = 12


@dataclass(eq=False)
class _Known:
    """A cut that was found before.

    Attributes
    ----------
    prices
        At which it was made.
    gains
        Per job position, at these.
    needed
        The number of the last search that needed it.
    most
        What all others are worth at most if nothing is left to jobs beyond all levels.
    """

    cut: Cut
    prices: Prices
    gains: Mapping[int, float]
    needed: int
    most: float = inf


class Chooser:
    """Cuts and choices in turn, for jobs beyond all levels.

    Parameters
    ----------
    offer
        All jobs, and what there is for them.
    root, relaxed
        Of the linear program in which such jobs may share aggregates in fractions. Where there
        are too many of them, only those that it starts are chosen from, and there is no bound.

    Attributes
    ----------
    best
        The best choice so far.
    worth, bound
        Of all jobs together by the linear program beside the best choice; of any choice, given
        what was decided about other jobs.
    starts
        Per job position, 0 to 1, in that linear program.
    fits
        Per unit size there, how many units fit into idle nodes.
    """

    def __init__(self, offer: Offer, budget: Budget, root: Generator, relaxed: Relaxed) -> None:
        self._budget = budget
        self._root, self._relaxed = root, relaxed
        self._beside = generator_of(offer.master(offer.regions), budget, is_strict=False)
        self._beside.center = root.center
        master = self._beside.master
        self._beyond = jobs_beyond(master)
        self._beside.decide(dict.fromkeys(self._beyond, False))
        self._demands = self._beyond
        if num_shares(master, self._beyond) > MOST_SHARES:
            begun = {job for job in self._beyond if relaxed.starts[job] > INTEGRAL}
            self._demands = {job: self._beyond[job] for job in begun}
            if num_shares(master, self._demands) > MOST_SHARES:
                self._demands = {}
        self._worths = {job: float(master.values[job]) for job in self._demands}
        self._decided = Decided()
        self._cuts: list[_Known] = []
        self._searches = 0
        # By `Unit.key`, the units that were chosen last at the end.
        self._chosen: dict[Hashable, Unit] = {}
        self._add_cut()
        self.best = choice_of(master, [])
        self.worth = 0.0
        self.bound = inf
        self.starts: Mapping[int, float] = {}
        self.fits: Mapping[int, float] = {}

    @property
    def values(self) -> Sequence[int]:
        """Per job position."""
        return self._beside.master.values

    @property
    def worth_of_unit(self) -> Mapping[int, int]:
        """Per size, of one that fits into idle nodes."""
        return self._beside.master.idle.worth_of_unit

    @property
    def chooses_all(self) -> bool:
        """Whether there is a bound: of jobs beyond all levels, and not only of some."""
        return bool(self._demands) and len(self._demands) == len(self._beyond)

    def decide(self, decided: Decided) -> None:
        """From now on these other jobs start, or do not; all cuts so far are of use."""
        self._decided = decided
        self._beside.master.idle_rows.limit(decided.fits)
        for known in self._cuts:
            known.most = self._most_beside(known)
        self.worth, self.bound, self.starts = -inf, inf, {}

    def _add_cut(self) -> None:
        """At the last prices."""
        beside = self._beside
        cut = cut_of(beside.master, beside.pricer, beside.center)
        gains = gains_of(beside.master, cut.costs, cut.levy)
        known = _Known(cut, beside.center, gains, self._searches)
        known.most = self._most_beside(known)
        self._cuts.append(known)
        if len(self._cuts) > MOST_KEPT:
            self._cuts.remove(min(self._cuts, key=lambda known: known.needed))

    def _most_beside(self, known: _Known) -> float:
        """What all other jobs are worth at most at the prices of a cut."""
        idle = self._beside.master.idle_rows
        most = known.cut.worth + idle.bound(known.prices.slots, known.prices.idle)
        for job, gain in known.gains.items():
            if job not in self._beyond and self._decided.starts.get(job, gain > 0):
                most += gain
        return most

    def blame(self, decided: Starts) -> dict[int, float]:
        """What decisions cost by the cut that is lowest if nothing is left to these jobs."""
        lowest = min(self._cuts, key=lambda known: known.most)
        return blamed(lowest.gains, decided)

    def consider(self, choice: Choice, precision: float = COARSE) -> float:
        """Find out what all others are worth beside a choice, and why; it is worth that much."""
        beside = self._beside
        beside.reserve(choice.reserved)
        starts = {**dict.fromkeys(self._beyond, False), **self._decided.starts}
        beside.decide(starts, self._decided.fits)
        relaxed, _ = beside.run(precision=precision)
        worth = -inf
        if relaxed is not None:
            worth = choice.worth + relaxed.value - beside.master.extra_worth(beside.required)
        if relaxed is not None and worth > self.worth:
            self.best, self.worth = choice, worth
            self.starts, self.fits = relaxed.starts, relaxed.fits
        self._add_cut()
        return worth

    def sets_beside(
        self, budget: Budget, incumbent: float, precision: float = PRECISION
    ) -> list[frozenset[int]]:
        """Jobs that the linear program beside the best choice starts as wholes, and those chosen.

        By branching on the former, as far as they are not decided; the sets worth most first.

        Parameters
        ----------
        incumbent
            Value of a plan; less is not looked for.
        """
        beside = self._beside
        beside.budget = budget
        beside.reserve(self.best.reserved)
        always = {**dict.fromkeys(self._beyond, False), **self._decided.starts}
        program = LinearProgram(beside, always, precision)
        Brancher(program, inf).run(incumbent - self.best.worth, most_nodes=MOST_NODES)
        return [jobs | self.best.jobs for jobs in program.whole]

    def set_beside(self, budget: Budget) -> frozenset[int]:
        """Jobs that start as wholes beside the best choice, if patterns may be fractions.

        Worth as much as known patterns allow, as far as they are found; and those chosen.
        """
        beside = self._beside
        beside.budget = budget
        self.consider(self.best)
        master = beside.master
        jobs = [job for job in master.shape_of if job not in beside.refused]
        found = whole_patterns(master, master.open_patterns, jobs, budget, is_divisible=True)
        return self.best.jobs | (found.matched.starts if found is not None else frozenset())

    def run(
        self,
        budget: Budget,
        progress: Progress | None = None,
        precision: float = COARSE,
        enough: float = 0.0,
        most_cuts: int = MOST_CUTS,
        *,
        is_exact: bool = True,
    ) -> None:
        """Choose until no choice is better by that share, or time is up.

        Or until none is worth more than `enough`, or so many cuts have been added. Unless it is to
        be exact, the precision is a share of how far the bound is from there, too.
        """
        self._budget = self._beside.budget = budget
        tolerance = Tolerance(precision, inf if is_exact else enough)
        is_rounded = False
        for _ in range(most_cuts if self._demands else 0):
            if self._budget.is_spent:
                break
            least = max(self.worth, enough)
            searched = self._searched(self._demands, self._worths, least, tolerance)
            if self.chooses_all:
                self.bound = min(self.bound, searched.bound)
            if self.bound <= enough:
                break
            gap = tolerance.at(searched.bound, searched.bound)
            if searched.units is not None:
                choice = choice_of(self._beside.master, searched.units)
                share = SEARCH_SHARE * gap / max(1.0, searched.bound)
                self.consider(choice, max(precision, share))
            if progress is not None:
                told = f"larger jobs {self.worth:.0f} (bound {self.bound:.0f})"
                progress(f"{told} after {self._budget.wall_s:.1f} s")
            if searched.bound - self.worth <= gap:
                break
            is_far = searched.units is None or searched.bound - self.worth > ROUGH * self.worth
            if is_far and not is_rounded and not self._decided.depth:
                self._round()
                is_rounded = True
            elif searched.units is None:
                break

    def _searched(
        self,
        demands: Mapping[int, Sequence[Demand]],
        worths: Mapping[int, float],
        enough: float,
        tolerance: Tolerance,
    ) -> Searched:
        """The best choice from these jobs by the cuts so far; those without a worth must start."""
        master = self._beside.master
        cuts, most = [known.cut for known in self._cuts], [known.most for known in self._cuts]
        limits = limits_of(master, cuts, most)
        task = task_of(master, limits, demands, worths, master.most)
        known = self._chosen | {unit.key: unit for unit in self.best.units}
        start = [unit for unit in known.values() if unit.job in demands]
        part = self._budget.part(SHARE, SEARCH_WORK)
        searched = search_places(task, start, enough, tolerance, part, share=1.0)
        self._budget.add(part)
        self._searches += 1
        self._remember(searched.chosen)
        for number in searched.needed:
            if number >= limits.num_wide:
                self._cuts[number - limits.num_wide].needed = self._searches
        return searched

    def _remember(self, units: Iterable[Unit]) -> None:
        """Begin the next searches with these places, too."""
        for unit in units:
            self._chosen.pop(unit.key, None)
            self._chosen[unit.key] = unit
        for key in list(self._chosen)[:-MOST_PLACES]:
            del self._chosen[key]

    def _round(self) -> None:
        """Consider the jobs that remain when the fractions of the root are rounded one by one.

        For when it is too hard to choose the jobs, too.
        """
        root, relaxed = self._root, self._relaxed
        for _ in range(MOST_DIVES):
            is_spent = self._budget.is_spent
            found = None if is_spent else root.dive(relaxed, self._demands, most_rounds=ROUNDS)
            if found is None:
                break
            relaxed = found
        root.decide({})
        begun = {
            job: self._demands[job] for job in self._demands if relaxed.starts[job] > 1 - INTEGRAL
        }
        searched = self._searched(begun, {}, -inf, Tolerance(COARSE))
        if searched.units is not None:
            self.consider(choice_of(self._beside.master, searched.units))
