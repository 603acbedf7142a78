"""Local search: never worse than greedy, better where it can be, reproducible, bounded."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from strategies import KINDS, random_instance, random_options

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.heuristics.local_search import greedy_with_local_search
from rackwright.models.instance import Instance
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.score import is_better


@pytest.mark.parametrize("kind", KINDS)
def test_never_worse_than_greedy(kind: str) -> None:
    rng = Random(f"search {kind}")
    for _ in range(10):
        instance = random_instance(rng, kind)
        options = replace(random_options(rng), work=0.01)
        before, after = greedy(instance, options), greedy_with_local_search(instance, options)
        assert not is_better(before.objective, after.objective)


def test_often_better_on_a_loaded_hall() -> None:
    gained = 0
    for objective in Objective:
        for seed in range(3):
            instance = colossus(num_blocks=32, num_jobs=60, mix="all", seed=seed)
            options = PlanOptions(objective=objective, work=0.3)
            before = greedy(instance, options)
            after = greedy_with_local_search(instance, options)
            assert not is_better(before.objective, after.objective)
            gained += is_better(after.objective, before.objective)
    assert gained >= 4


def test_budgets() -> None:
    instance = colossus(num_blocks=24, num_jobs=40, mix="all", seed=1)
    options = PlanOptions(objective=Objective.WEIGHTED, work=0.3)
    little = greedy_with_local_search(instance, replace(options, work=0.05))
    much = greedy_with_local_search(instance, options)
    assert 0 < int(little.statistics["iterations"]) < int(much.statistics["iterations"])
    stopped = greedy_with_local_search(instance, replace(options, work=1e6, budget_s=0.2))
    assert stopped.wall_s < 2


def test_progress_tells_about_better_plans() -> None:
    told: list[str] = []
    instance = colossus(num_blocks=24, num_jobs=40, mix="all", seed=2)
    options = PlanOptions(objective=Objective.WEIGHTED, work=0.5)
    result = greedy_with_local_search(instance, options, progress=told.append)
    # The greedy plan, and each better one.
    assert len(told) - 1 == result.statistics["improvements"]


def test_empty_queue_and_nothing_free() -> None:
    full = colossus(num_blocks=4, num_jobs=5, occupied=1.0)
    assert greedy_with_local_search(full, PlanOptions(work=0.1)).plan.placements == ()
    empty = Instance(full.cluster)
    assert greedy_with_local_search(empty, PlanOptions(work=0.1)).plan.placements == ()
