"""Branching on jobs: the bound of a linear program whose jobs start or not, but never in part.

The linear program likes to start half of a job that is too large for what is left. Deciding such
jobs one way and the other, the most promising first, lowers the bound by up to several per cent
where jobs are large beside the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf

from ...models.plan import Progress
from .bound import Generator
from .master import Relaxed

# The linear programs need not be more exact than this to tell which job to decide next.
PRECISION = 1e-4
MOST_ROUNDS = 60
# What counts as a whole job.
WHOLE = 1e-5


@dataclass(order=True)
class _Node:
    """Jobs that are decided, and what all is worth at most; the highest bound sorts first."""

    order: tuple[float, int, int]
    decided: dict[int, bool] = field(compare=False)

    @property
    def bound(self) -> float:
        return -self.order[0]


class Brancher:
    """Best-first branch and bound over the starts of jobs.

    Parameters
    ----------
    generator
        Of the root; it undoes what else was decided there.
    bound
        Of the root.
    decided
        Jobs that start in all nodes, or in none.
    precision
        Of the linear programs, where they need not tell only which job to decide next.

    Attributes
    ----------
    whole
        Jobs that start in the linear program where none does in part; those worth most first.
    """

    def __init__(
        self,
        generator: Generator,
        bound: float,
        decided: Mapping[int, bool] | None = None,
        precision: float = PRECISION,
    ) -> None:
        self._generator = generator
        self._precision = precision
        self._open = [_Node((-bound, 0, 0), dict(decided or {}))]
        self._made = 0
        # The highest bound of nodes in which every job starts or does not.
        self._settled = 0.0
        self.whole: list[frozenset[int]] = []

    @property
    def bound(self) -> float:
        """Of the first term, so far."""
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
        Nodes in which all jobs are whole are not divided further, although their patterns may be
        fractions: no order of decisions lowers the bound below the best of these.
        """
        budget = self._generator.budget
        divided = 0
        while self._open and divided < most_nodes and not budget.is_spent:
            divided += 1
            if self._open[0].bound <= max(self._settled, incumbent + 1 - WHOLE):
                break
            self._divide(heappop(self._open), incumbent)
            if progress is not None:
                progress(f"bound {self.bound:.0f} after {budget.wall_s:.1f} s")
        return max(self.bound, incumbent)

    def _divide(self, node: _Node, incumbent: float) -> None:
        generator = self._generator
        generator.decide(node.decided)
        least = max(self._settled, incumbent + 1 - WHOLE)
        relaxed, bound = generator.run(
            precision=self._precision, most_rounds=MOST_ROUNDS, enough=least
        )
        bound = min(bound, node.bound)
        if bound <= least:
            return
        job = None if relaxed is None else self._most_fractional(relaxed, node.decided)
        if job is None:
            self._settled = max(self._settled, bound)
            if relaxed is not None:
                self._keep(relaxed)
            return
        for starts in (True, False):
            self._made += 1
            decided = {**node.decided, job: starts}
            heappush(self._open, _Node((-bound, -len(decided), self._made), decided))

    def _keep(self, relaxed: Relaxed) -> None:
        values = self._generator.master.values
        jobs = frozenset(job for job, share in relaxed.starts.items() if share > 0.5)
        if jobs not in self.whole:
            self.whole.append(jobs)
            self.whole.sort(key=lambda each: -sum(values[job] for job in each))

    def _most_fractional(self, relaxed: Relaxed, decided: Mapping[int, bool]) -> int | None:
        """The undecided job whose rounding either way changes most; None if all are whole."""
        values = self._generator.master.values
        change = {
            job: values[job] * min(share, 1 - share)
            for job, share in relaxed.starts.items()
            if job not in decided and WHOLE < share < 1 - WHOLE
        }
        return max(change, key=lambda job: change[job], default=None)
