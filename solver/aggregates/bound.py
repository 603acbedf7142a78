"""Column generation: patterns are added until no aggregate has a better one."""

from __future__ import annotations


from dataclasses import dataclass, field

import numpy as np

from ...models.plan import Progress
from ..budget import Budget
from .master import Master, Relaxed
from .pricing import Pricer, Prices

# Share of the best prices so far in those that are tried next (Wentges).
SMOOTHING = 0.5
# Stop when bound and linear program agree to this share of the value.
PRECISION = 1e-4
MOST_ROUNDS = 400
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
    fixed
        Jobs that were decided.
    settled
        Aggregates that get no more patterns.
    """

    master: Master
    pricer: Pricer
    budget: Budget
    center: Prices
    fixed: dict[int, int] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)

    def decide(self, job: int, start: int) -> None:
        """Fix a job."""
        self.master.fix(job, start)
        self.fixed[job] = start

    def release_starts(self) -> None:
        """Let the jobs that were fixed to start decide themselves again."""
        for job in [job for job, start in self.fixed.items() if start]:
            self.master.release(job)
            del self.fixed[job]

    def run(
        self,
        progress: Progress | None = None,
        precision: float = PRECISION,
        most_rounds: int = MOST_ROUNDS,
    ) -> tuple[Relaxed | None, float]:
        """Solve to `precision`; the last linear program and the best bound found.

        With settled aggregates the bound is none any more.

        The linear program is None if the fixed jobs cannot start together over the patterns
        known; the bound holds for the fixed jobs in any case, also when the budget is spent.
        """
        best = float("inf")
        relaxed = None
        for _ in range(most_rounds):
            relaxed = self.master.solve()
            self.budget.work += self.master.steps * self.master.num_rows * STEP_WORK
            if relaxed is None:
                break
            tried = self.center.mixed(relaxed.prices, SMOOTHING)
            added = 0
            for prices in (tried, relaxed.prices):
                values, patterns = self.pricer.best(prices)
                self.budget.work += int(self.master.regions.free.sum()) * PRICING_WORK
                bound = self.master.bound(prices, values, self.fixed)
                if bound < best:
                    best, self.center = bound, prices
                threshold = 1e-6 * max(1.0, relaxed.value)
                for pattern in patterns:
                    is_open = pattern.aggregate not in self.settled
                    if is_open and self.master.gain(pattern, relaxed) > threshold / len(patterns):
                        added += self.master.add(pattern)
                if added:
                    break
            if progress is not None:
                progress(f"{relaxed.value:.0f} (bound {best:.0f}) after {self.budget.wall_s:.1f} s")
            if not added or best - relaxed.value <= precision * abs(best) or self.budget.is_spent:
                break
        return relaxed, best


def first_prices(master: Master) -> Prices:
    """Every node at the price at which the jobs worth more than it would fill the cluster."""
    offers: list[tuple[float, int]] = []
    for shape in master.shapes:
        nodes = shape.options[0].job.num_nodes
        offers += [(master.values[job] / nodes, nodes) for job in shape.jobs]
    left = int(master.regions.free.reshape(len(master.regions.copies), -1).sum(axis=1) @ master.regions.copies)
    per_node = 0.0
    for per_node, nodes in sorted(offers, reverse=True):
        left -= nodes
        if left <= 0:
            break
    if left > 0:
        per_node = 0.0
    num_slots = len(master.slots)
    slots = np.array([per_node * slot.nodes for slot in master.slots])
    return Prices(slots, np.zeros(num_slots), np.zeros(len(master.regions.wide)))


