"""Branching on jobs beside whole choices of the largest: never below what can start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
from small_halls import OPTIONS, hall, solved

from rackwright.models.rules import verify
from rackwright.models.score import first_term
from rackwright.solver.aggregates.attempt import started
from rackwright.solver.aggregates.beyond import Chooser
from rackwright.solver.aggregates.branch import Brancher, Solved
from rackwright.solver.aggregates.choice import Choice, jobs_beyond
from rackwright.solver.aggregates.choosing import branch_beside
from rackwright.solver.aggregates.decided import Decided
from rackwright.solver.budget import Budget


@pytest.mark.parametrize("power", [False, True])
def test_bounds_hold_for_every_plan_and_decision(power: bool) -> None:
    offer = hall(power=power, seed=1)
    instance = offer.instance
    root, relaxed = solved(offer)
    chooser = Chooser(offer, Budget(OPTIONS), root, relaxed)
    chooser.run(Budget(OPTIONS))
    highest = chooser.bound
    worths = []

    def attempt(choice: Choice, together: frozenset[int]) -> float:
        plan = started(offer, OPTIONS, choice, together, Budget(OPTIONS))
        assert verify(instance, plan, OPTIONS.legality) == ()
        worths.append(int(first_term(instance, plan, OPTIONS.objective)))
        return worths[-1]

    bound = branch_beside(chooser, highest, 0.0, Budget(OPTIONS), attempt)
    assert worths and max(worths) <= bound + 1e-6 * bound
    assert bound <= highest
    # Given what a plan starts, the bound is at least what that is worth.
    plan = started(offer, OPTIONS, chooser.best, chooser.best.jobs, Budget(OPTIONS))
    begun = plan.placement_of.keys()
    some = [job for job in chooser.starts if instance.jobs[job].job_id not in begun][:3]
    some += [job for job in chooser.starts if instance.jobs[job].job_id in begun][:3]
    decided = {job: instance.jobs[job].job_id in begun for job in some}
    others = {job: is_up for job, is_up in decided.items() if job not in chooser.best.jobs}
    chooser.decide(Decided(others))
    chooser.run(Budget(OPTIONS), most_cuts=2)
    assert chooser.bound >= int(first_term(instance, plan, OPTIONS.objective)) - 1e-6 * bound


@dataclass
class Knapsack:
    """Its linear program: the best by value per size, the last one in part.

    Where it need not be exact, its bound is too high by `slack`.
    """

    values: Sequence[int]
    sizes: Sequence[int]
    room: int
    slack: float = 0.0
    was_exact: bool = False
    budget: Budget = field(default_factory=lambda: Budget(OPTIONS))
    kept: int = 0
    worth_of_unit: Mapping[int, int] = field(default_factory=dict)

    def solve(self, decided: Decided, least: float, *, is_exact: bool = False) -> Solved:
        self.was_exact = is_exact
        left = self.room - sum(self.sizes[job] for job, is_up in decided.starts.items() if is_up)
        if left < 0:
            return Solved(0.0, None, {})
        starts = {job: float(is_up) for job, is_up in decided.starts.items()}
        order = sorted(
            range(len(self.values)), key=lambda job: -self.values[job] / self.sizes[job]
        )
        for job in order:
            if job not in decided.starts:
                starts[job] = min(1.0, left / self.sizes[job])
                left -= int(starts[job] * self.sizes[job]) if starts[job] == 1 else left
        worth = sum(self.values[job] * share for job, share in starts.items())
        return Solved(worth if is_exact else worth + self.slack, starts, {})

    def blame(self, decided: Decided) -> Mapping[int, float]:
        return dict.fromkeys(decided.starts, 1.0)

    def is_loose(self) -> bool:
        return self.slack > 0 and not self.was_exact

    def plunge(self, decided: Decided, incumbent: float) -> float:
        return 0.0

    def keep(self, starts: Mapping[int, float]) -> float:
        self.kept += 1
        return sum(self.values[job] * share for job, share in starts.items())


@pytest.mark.parametrize("slack", [0.0, 7.5])
@pytest.mark.parametrize("seed", range(20))
def test_branching_finds_the_best_knapsack(seed: int, slack: float) -> None:
    rng = np.random.default_rng(seed)
    values, sizes = (rng.integers(1, 30, 9).tolist() for _ in range(2))
    room = int(sum(sizes) * 0.4)
    best = max(
        sum(value for value, is_up in zip(values, chosen, strict=True) if is_up)
        for chosen in product((False, True), repeat=9)
        if sum(size for size, is_up in zip(sizes, chosen, strict=True) if is_up) <= room
    )
    knapsack = Knapsack(values, sizes, room, slack)
    bound = Brancher(knapsack, sum(values) + slack).run(0.0)
    assert int(bound + 1e-6) == best and knapsack.kept


@pytest.mark.parametrize("power", [False, True])
def test_a_set_beside_the_best_choice_is_worth_what_starts_as_wholes_or_more(power: bool) -> None:
    offer = hall(power=power, seed=1)
    root, relaxed = solved(offer)
    chooser = Chooser(offer, Budget(OPTIONS), root, relaxed)
    chooser.run(Budget(OPTIONS))
    together = chooser.set_beside(Budget(OPTIONS))
    assert chooser.best.jobs <= together
    worth = sum(chooser.values[job] for job in together)
    whole = [job for job, start in chooser.starts.items() if start > 1 - 1e-6]
    least = chooser.best.worth + sum(chooser.values[job] for job in whole)
    assert least <= worth <= chooser.worth + 1e-6 * chooser.worth
    # The linear program can start them all.
    beyond = jobs_beyond(root.master)
    others = [job for job in chooser.starts if job not in beyond]
    chooser.decide(Decided({job: job in together for job in others}))
    assert chooser.consider(chooser.best) == pytest.approx(worth, rel=1e-6)
