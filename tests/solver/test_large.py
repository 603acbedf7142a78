"""Where the whole model would be too large: the relaxation's bound holds, the plan stays legal."""

from __future__ import annotations

import random

import pytest
from oracle import best_score
from strategies import KINDS, random_instance, random_options

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.rules import verify
from rackwright.models.score import is_better, score
from rackwright.solver import optimal, solve


@pytest.fixture(autouse=True)
def everything_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "MOST_PAIRS", -1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_is_never_below_the_optimum(kind: str) -> None:
    for number in range(40):
        rng = random.Random(f"large {kind} {number}")
        instance, options = random_instance(rng, kind), random_options(rng)
        result = optimal(instance, options)
        assert verify(instance, result.plan, options.legality) == ()
        first, best = result.objective[0], best_score(instance, options)[0][1]
        assert first.bound is not None
        if isinstance(best, str):
            assert str(first.bound) >= best, f"{kind} {number}"
        else:
            assert int(first.bound) >= best, f"{kind} {number}"
        if first.proven:
            assert first.value == best, f"{kind} {number}"


@pytest.mark.parametrize("objective", [Objective.WEIGHTED, Objective.PRIORITY])
def test_never_worse_than_the_hint(objective: Objective) -> None:
    instance = colossus(num_blocks=64, num_jobs=60, mix="all", power=True)
    options = PlanOptions(objective=objective, legality=Legality.SLURM_26_11, work=4.0)
    start = greedy(instance, options)
    result = optimal(instance, options, hint=start.plan)
    assert verify(instance, result.plan, options.legality) == ()
    assert not is_better(score(instance, start.plan, options), result.objective)
