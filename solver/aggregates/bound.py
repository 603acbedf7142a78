"""Column generation: patterns are added until no aggregate has a better one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf

import numpy as np

from ...models.plan import Progress
from ..budget import Budget
from .decided import Fits, Starts
from .lagrange import lagrange_bound, reduced_cost
from .master import Master, Relaxed
from .patterns import Prices, Reserved
from .pricing import Pricer
from .tables import Floats

# Patterns worth less more are rounding errors, as a share of the value, for usual precisions.
GAIN = 1e-6
# Share of the best prices so far in those that are tried next (Wentges).
SMOOTHING = 0.5
# Stop when bound and linear program agree to this share of the value.
PRECISION = 1e-4
# The same where only the plan depends on it.
COARSE = 5e-4
MOST_ROUNDS = 400
# How much more a required job is worth than a preferred one.
REQUIRED = 8
# See `Generator.dear`.
DEAR = 5e-4
# What counts as a whole number.
INTEGRAL = 1e-4
# Deterministic seconds per simplex step and row, and per pricing of one node of the state.
STEP_WORK = 2e-8
PRICING_WORK = 2e-6


@dataclass
class Generator:
    """Adds patterns to a master until its value is proven.

    Attributes
    ----------
    center
        Prices of the best bound so far; they are still good when a few jobs are fixed.
    refused, preferred, required
        Jobs that do not start, jobs that start if they can, and jobs that the bound may take for
        started.
    dear
        Share of the value; a loss of more than that by rounding is looked at twice.
    scale
        The first bound: precision is a share of it, whatever preferred jobs are worth.
    """

    master: Master
    pricer: Pricer
    budget: Budget
    center: Prices
    refused: set[int] = field(default_factory=set)
    preferred: set[int] = field(default_factory=set)
    required: set[int] = field(default_factory=set)
    dear: float = DEAR
    scale: float = inf

    def dive(
        self,
        relaxed: Relaxed,
        candidates: Collection[int],
        most: int = 1,
        most_rounds: int = MOST_ROUNDS,
    ) -> Relaxed | None:
        """Round the fractional jobs worth most, a few at a time, and solve again.

        Where that costs much, one is rounded alone, to the better side. A preferred job that still
        does not start as a whole cannot, beside the others. None if no job is fractional, or
        kept patterns leave no solution.
        """
        worth = {
            job: self.master.values[job] * relaxed.starts[job]
            for job in candidates
            if job not in self.refused and INTEGRAL < relaxed.starts[job] < 1 - INTEGRAL
        }
        picks = sorted(worth, key=lambda job: worth[job], reverse=True)[:most]
        if not picks:
            return None
        is_up = {job: job not in self.preferred and relaxed.starts[job] >= 0.5 for job in picks}
        was_preferred = self.preferred.intersection(picks)
        least = (1 - self.dear) * relaxed.worth_of_starts
        found = self._decided(is_up, most_rounds, least)
        first = picks[0]
        if found is not None and (found.worth_of_starts >= least or first in was_preferred):
            return found
        self._release(picks)
        self.prefer(was_preferred)
        if len(picks) > 1:
            found = self._decided({first: is_up[first]}, most_rounds, least)
        if found is not None and found.worth_of_starts >= least:
            return found
        self._release([first])
        other = self._decided({first: not is_up[first]}, most_rounds, least)
        if other is None or (found is not None and found.worth_of_starts > other.worth_of_starts):
            self._release([first])
            return self._decided({first: is_up[first]}, most_rounds, least)
        return other

    def _decided(
        self, is_up: Mapping[int, bool], most_rounds: int, least: float
    ) -> Relaxed | None:
        for job, starts in is_up.items():
            if starts:
                self.prefer([job])
            else:
                self.preferred.discard(job)
                self.refused.add(job)
                self.master.refuse(job)
        return self.run(precision=self.dear, most_rounds=most_rounds, goal=least)[0]

    def decide(self, starts: Starts, fits: Fits | None = None) -> None:
        """Require these jobs to start, or not to, and undo all decisions and roundings before.

        And so many units to fit into idle nodes.
        """
        self.master.idle_rows.limit(fits or {})
        for job in (self.preferred | self.refused | self.required) - starts.keys():
            self.master.release(job)
        self.preferred.clear()
        self.required = {job for job, is_up in starts.items() if is_up}
        self.refused = starts.keys() - self.required
        for job in self.required:
            self.master.prefer(job, times=REQUIRED)
        for job in self.refused:
            self.master.refuse(job)

    def reserve(self, reserved: Reserved) -> None:
        """Keep nodes for jobs that are decided elsewhere, and refused here."""
        self.master.reserve(reserved)
        self.pricer.reserve(reserved)

    def prefer(self, jobs: Collection[int]) -> None:
        """Let these jobs start rather than others."""
        for job in jobs:
            self.preferred.add(job)
            self.master.prefer(job)

    def _release(self, jobs: Collection[int]) -> None:
        self.preferred.difference_update(jobs)
        self.refused.difference_update(jobs)
        for job in jobs:
            self.master.release(job)

    def run(
        self,
        progress: Progress | None = None,
        precision: float = PRECISION,
        most_rounds: int = MOST_ROUNDS,
        enough: float = 0.0,
        goal: float = inf,
    ) -> tuple[Relaxed | None, float]:
        """Solve to `precision`, or until the bound is `enough`; the last linear program, and it.

        Also ends once the jobs are worth `goal`, or cannot be.

        The bound is one of jobs and idle nodes, given the decisions of `decide`, as long as no job
        was rounded and no aggregate settled; it also holds when the budget is spent. The linear
        program is None if it has no solution.
        """
        best = self.master.most
        extra = self.master.extra_worth(self.required)
        preferred = self.master.extra_worth(self.preferred)
        relaxed = None
        # Where the patterns were complete before, they mostly still are: that takes one pricing.
        is_smoothed = self.scale == inf
        for _ in range(most_rounds):
            found = self.solve()
            if found is None:
                break
            relaxed = found
            added, priced = self.generate(relaxed, min(GAIN, precision), is_smoothed=is_smoothed)
            is_smoothed = True
            for prices, values in priced:
                bound = lagrange_bound(self.master, prices, values, self.refused, self.required)
                if bound < best:
                    best, self.center = bound, prices
            if progress is not None:
                progress(
                    f"linear program {relaxed.value:.0f} (bound {best:.0f})"
                    f" after {self.budget.wall_s:.1f} s"
                )
            tolerance = precision * min(best, self.scale)
            reached = relaxed.value - extra
            if not added or best - reached <= tolerance or best <= enough or self.budget.is_spent:
                break
            if relaxed.worth_of_starts >= goal or best - preferred < goal < inf:
                break
        self.scale = min(self.scale, best)
        return relaxed, best

    def generate(
        self, relaxed: Relaxed, gain: float = GAIN, *, is_smoothed: bool = True
    ) -> tuple[int, list[tuple[Prices, Floats]]]:
        """Add patterns that are worth more than present ones.

        Parameters
        ----------
        gain
            By this share of the value, if all aggregates follow better ones.
        is_smoothed
            Whether prices between the best and the last ones are tried first (Wentges).

        Returns
        -------
        int, list of (Prices, array)
            How many were new; prices that were tried, with the best value per aggregate.
        """
        added = 0
        priced = []
        smoothed = [self.center.mixed(relaxed.prices, SMOOTHING)] if is_smoothed else []
        for prices in (*smoothed, relaxed.prices):
            values, patterns = self.pricer.best(prices)
            priced.append((prices, values))
            self.budget.work += int(self.master.regions.free.sum()) * PRICING_WORK
            threshold = gain * max(1.0, relaxed.value)
            for pattern in patterns:
                if reduced_cost(self.master, pattern, relaxed) > threshold / len(patterns):
                    added += self.master.add(pattern)
            if added:
                break
        return added, priced

    def solve(self) -> Relaxed | None:
        """The linear program over the patterns so far; None if it has no solution."""
        relaxed = self.master.solve()
        self.budget.work += self.master.steps * self.master.num_rows * STEP_WORK
        return relaxed


def generator_of(master: Master, budget: Budget, *, is_strict: bool) -> Generator:
    """Of a master without patterns, at the first prices; `is_strict` as in `Pricer`."""
    pricer = Pricer(master.regions, master.slots, is_strict=is_strict)
    return Generator(master, pricer, budget, first_prices(master))


def first_prices(master: Master) -> Prices:
    """Every node at the price at which the jobs worth more than it would fill the cluster."""
    offers: list[tuple[float, int]] = []
    for shape in master.shapes:
        nodes = shape.options[0].job.num_nodes
        offers += [(master.values[job] / nodes, nodes) for job in shape.jobs]
    left = int(master.regions.free_of_aggregates @ master.regions.copies)
    per_node = 0.0
    for worth, nodes in sorted(offers, reverse=True):
        left -= nodes
        if left <= 0:
            per_node = worth
            break
    num_slots = len(master.slots)
    slots = np.array([per_node * slot.nodes for slot in master.slots])
    wide = np.zeros(len(master.regions.wide))
    return Prices(slots, np.zeros(num_slots), wide, np.zeros(len(master.idle.limits)))
