"""Branching on jobs: the bound of a linear program whose jobs start or not, but never in part.

The linear program likes to start half of a job that is too large for what is left. Deciding such
jobs one way and the other, the most promising first, lowers the bound by up to several per cent
where jobs are large beside the cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil, floor, inf
from typing import NamedTuple, Protocol

from ...models.plan import Progress
from ..budget import Budget
from .bound import Generator
from .decided import Decided, Starts
from .lagrange import blamed, gains_of, slot_costs

# The linear programs need not be more exact than this to tell which job to decide next.
PRECISION = 1e-4
MOST_ROUNDS = 60
# What counts as a whole job.
WHOLE = 1e-5
# Nodes after which the search begins anew, three times as many each time; and after which plans
# are made of the best one, twice as many each time.
FIRST_RESTART = 32
FIRST_PLUNGE = 32


@dataclass(order=True)
class _Node:
    """What is decided, and what all is worth at most then; the highest bound sorts first.

    Where nothing is left to decide, that is to be solved exactly.
    """

    order: tuple[float, int, int]
    decided: Decided = field(compare=False)
    is_exact: bool = field(default=False, compare=False)

    @property
    def bound(self) -> float:
        return -self.order[0]


class Solved(NamedTuple):
    """The relaxation of one node.

    Attributes
    ----------
    bound
        Of all that is worth.
    starts
        Per job position, 0 to 1; None if there is no solution.
    fits
        Per unit size, how many units fit into idle nodes.
    """

    bound: float
    starts: Mapping[int, float] | None
    fits: Mapping[int, float]


class Relaxation(Protocol):
    """What is solved in every node of the search."""

    @property
    def values(self) -> Sequence[int]:
        """Per job position."""

    @property
    def worth_of_unit(self) -> Mapping[int, int]:
        """Per size, of one that fits into idle nodes."""

    @property
    def budget(self) -> Budget:
        """What may still be spent."""

    def solve(self, decided: Decided, least: float, *, is_exact: bool = False) -> Solved:
        """What all is worth given these decisions. A bound of `least` is low enough.

        Unless it is to be exact, one that is farther from there may be less precise.
        """

    def blame(self, decided: Decided) -> Mapping[int, float]:
        """By how much the bound of the last node would be higher at least without each start.

        At the prices of that node; only decisions to which it matters.
        """

    def is_loose(self) -> bool:
        """Whether solving the last node again, and exactly, could lower its bound."""

    def keep(self, starts: Mapping[int, float]) -> float:
        """Told about solutions in which no job starts in part; what a plan is worth, or 0."""

    def plunge(self, decided: Decided, incumbent: float) -> float:
        """Told about the best node from time to time; what a plan is worth, or 0."""


class LinearProgram:
    """The linear program over patterns.

    Parameters
    ----------
    generator
        It undoes what else was decided there.
    always
        Jobs that start in all nodes, or in none.
    precision
        Where it need not only tell which job to decide next.

    Attributes
    ----------
    whole
        Jobs that start where none does in part; those worth most first.
    """

    def __init__(
        self, generator: Generator, always: Starts | None = None, precision: float = PRECISION
    ) -> None:
        self._generator, self._always = generator, always or {}
        self._precision = precision
        self.whole: list[frozenset[int]] = []

    @property
    def values(self) -> Sequence[int]:
        """Per job position."""
        return self._generator.master.values

    @property
    def worth_of_unit(self) -> Mapping[int, int]:
        """By the mix."""
        return self._generator.master.idle.worth_of_unit

    @property
    def budget(self) -> Budget:
        """That of the generator."""
        return self._generator.budget

    def solve(self, decided: Decided, least: float, *, is_exact: bool = False) -> Solved:
        """By column generation, always exactly."""
        self._generator.decide({**self._always, **decided.starts}, decided.fits)
        relaxed, bound = self._generator.run(
            precision=self._precision, most_rounds=MOST_ROUNDS, enough=least
        )
        if relaxed is None:
            return Solved(bound, None, {})
        return Solved(bound, relaxed.starts, relaxed.fits)

    def blame(self, decided: Decided) -> Mapping[int, float]:
        """By the prices of the best bound."""
        master = self._generator.master
        center = self._generator.center
        gains = gains_of(master, slot_costs(master, center), center.levy)
        return blamed(gains, decided.starts)

    def is_loose(self) -> bool:
        """Never: it was solved."""
        return False

    def plunge(self, decided: Decided, incumbent: float) -> float:
        """Nothing is done about it."""
        return 0.0

    def keep(self, starts: Mapping[int, float]) -> float:
        """Which jobs these are."""
        jobs = started_jobs(starts)
        if jobs not in self.whole:
            self.whole.append(jobs)
            self.whole.sort(key=lambda each: -sum(self.values[job] for job in each))
        return 0.0


class Brancher:
    """Best-first branch and bound over the starts of jobs.

    Parameters
    ----------
    relaxation
        What is solved in every node.
    bound
        Of the root.
    """

    def __init__(self, relaxation: Relaxation, bound: float) -> None:
        self._relaxation = relaxation
        self._open = [_Node((-bound, 0, 0), Decided())]
        self._made = 0
        # The highest bound of nodes in which every job starts or does not.
        self._settled = 0.0
        # How much decisions about a job have lowered bounds.
        self._blame: dict[int, float] = defaultdict(float)

    @property
    def bound(self) -> float:
        """Of everything, so far."""
        return max(self._settled, self._open[0].bound if self._open else 0.0)

    def run(
        self, incumbent: float, progress: Progress | None = None, most_nodes: float = inf
    ) -> float:
        """Lower the bound until it cannot fall further, meets the incumbent, or the budget ends.

        Parameters
        ----------
        incumbent
            Value of a plan, a whole number.
        most_nodes
            After which to end, too.

        Notes
        -----
        Where all jobs are whole, or a part of a unit that fits into idle nodes is worth what the
        bound exceeds the incumbent by, it is decided how many units of that size fit, at least or
        at most. Then nodes are not divided further, although their patterns may be fractions: no
        order of decisions lowers the bound below the best of these.

        Where many jobs could be decided and few matter, these are known only after a while. So the
        search begins anew from time to time, with what it has learnt and the bound so far; C. P.
        Gomes et al., Boosting combinatorial search through randomization (1998).
        """
        budget = self._relaxation.budget
        divided, restart, plunge = 0, FIRST_RESTART, FIRST_PLUNGE
        while self._open and divided < most_nodes and not budget.is_spent:
            divided += 1
            if self._open[0].bound <= max(self._settled, incumbent + 1 - WHOLE):
                break
            if divided == plunge:
                plunge *= 2
                decided = self._open[0].decided
                incumbent = max(incumbent, self._relaxation.plunge(decided, incumbent))
            if divided == restart:
                self._open = [_Node((-self._open[0].bound, 0, 0), Decided())]
                restart *= 3
            incumbent = max(incumbent, self._divide(heappop(self._open), incumbent))
            if progress is not None:
                progress(f"bound {self.bound:.0f} after {budget.wall_s:.1f} s")
        return max(self.bound, incumbent)

    def _divide(self, node: _Node, incumbent: float) -> float:
        """Solve a node and divide it, or try a plan; what such a plan is worth."""
        least = max(self._settled, incumbent + 1 - WHOLE)
        solved = self._relaxation.solve(node.decided, least, is_exact=node.is_exact)
        bound, starts = min(solved.bound, node.bound), solved.starts
        for each, share in self._relaxation.blame(node.decided).items():
            self._blame[each] += min(share, node.bound - bound)
        if bound <= least:
            return 0.0
        job = None if starts is None else self._most_fractional(starts, node.decided.starts)
        worth, size = (0.0, None) if starts is None else self._dearest_fraction(solved.fits)
        if size is not None and (job is None or worth >= bound - least):
            units = solved.fits[size]
            ways = ((0, floor(units)), (ceil(units), inf))
            self._wait(bound, [node.decided.fit(size, *way) for way in ways])
            return 0.0
        if job is not None:
            self._wait(bound, [node.decided.start(job, is_up=is_up) for is_up in (True, False)])
            return 0.0
        is_lower = bound < node.bound - WHOLE
        if self._relaxation.is_loose() and (is_lower or not node.is_exact):
            self._wait(bound, [node.decided], is_exact=True)
            return 0.0
        self._settled = max(self._settled, bound)
        return 0.0 if starts is None else self._relaxation.keep(starts)

    def _wait(self, bound: float, ways: Iterable[Decided], *, is_exact: bool = False) -> None:
        for decided in ways:
            self._made += 1
            heappush(self._open, _Node((-bound, -decided.depth, self._made), decided, is_exact))

    def _dearest_fraction(self, fits: Mapping[int, float]) -> tuple[float, int | None]:
        """What is worth most of parts of units that fit, and its size; None if all are whole."""
        worth_of_unit = self._relaxation.worth_of_unit
        parts = {size: min(units % 1, -units % 1) for size, units in fits.items()}
        worth = {n: part * worth_of_unit.get(n, 0) for n, part in parts.items() if part > WHOLE}
        return max(((each, size) for size, each in worth.items()), default=(0.0, None))

    def _most_fractional(self, starts: Mapping[int, float], decided: Starts) -> int | None:
        """The undecided job whose rounding either way changes most; None if all are whole.

        First by what it has changed elsewhere, if anything, then by its value.
        """
        values = self._relaxation.values
        change = {
            job: (self._blame[job], values[job] * min(share, 1 - share))
            for job, share in starts.items()
            if job not in decided and WHOLE < share < 1 - WHOLE
        }
        return max(change, key=lambda job: change[job], default=None)


def started_jobs(starts: Mapping[int, float]) -> frozenset[int]:
    """Those that start for the greater part."""
    return frozenset(job for job, share in starts.items() if share > 0.5)
