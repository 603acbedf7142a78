"""Branch and price against brute force: the bound is never too low, the plan always legal."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from block_sources import SOURCES
from oracle import best_score

from rackwright.models.plan import Objective, Plan
from rackwright.models.rules import verify
from rackwright.models.score import first_term
from rackwright.solver.aggregates.plan import by_aggregates, is_decomposable
from rackwright.solver.aggregates.priority import by_priority
from rackwright.solver.budget import Budget

SUMS = (Objective.WEIGHTED, Objective.THROUGHPUT, Objective.JOBS)


def compare(source: str, numbers: range) -> int:
    """Check every decomposable instance; how many plans met their bound."""
    met = 0
    for number in numbers:
        rng = random.Random(f"aggregates {source} {number}")
        instance, options = SOURCES[source](rng)
        options = replace(options, objective=rng.choice(SUMS))
        if not is_decomposable(instance):
            continue
        found = by_aggregates(instance, options, Plan(), Budget(options), None)
        assert verify(instance, found.plan, options.legality) == (), f"{source} {number}"
        best = int(best_score(instance, options)[0][1])
        value = int(first_term(instance, found.plan, options.objective))
        assert value <= best <= found.bound, f"{source} {number}"
        met += value == found.bound
    return met


def compare_starts(source: str, numbers: range) -> int:
    """The same for the lexicographic objective; how many start vectors were proven."""
    proven = 0
    for number in numbers:
        rng = random.Random(f"priority {source} {number}")
        instance, options = SOURCES[source](rng)
        options = replace(options, objective=Objective.PRIORITY)
        if not is_decomposable(instance):
            continue
        found = by_priority(instance, options, Plan(), Budget(options), None)
        assert verify(instance, found.plan, options.legality) == (), f"{source} {number}"
        best = str(best_score(instance, options)[0][1])
        value = str(first_term(instance, found.plan, options.objective))
        assert value <= best <= found.bound, f"{source} {number}"
        # Up to where the plan agrees with the decided part of the bound, both are the best.
        agreed = found.decided
        while value[:agreed] != found.bound[:agreed]:
            agreed -= 1
        assert value[:agreed] == best[:agreed], f"{source} {number}"
        proven += value == found.bound
    return proven


@pytest.mark.parametrize("source", SOURCES)
def test_start_vectors_enclose_the_best_one(source: str) -> None:
    assert compare_starts(source, range(60)) >= 5


def test_nodes_that_earn_less_than_they_cost_may_be_taken() -> None:
    # A unit worth less than what it draws pays for itself: blocks are paid for what they pass.
    compare_starts("capped", range(948, 949))


def test_units_beyond_all_levels_may_share_an_aggregate() -> None:
    # Once a job of 5 nodes may take two nodes of a block, and one of 4 needs the third.
    compare_starts("mode_2", range(636, 637))


@pytest.mark.nightly
@pytest.mark.parametrize("source", SOURCES)
def test_start_vectors_enclose_the_best_one_of_many(source: str) -> None:
    assert compare_starts(source, range(60, 1500)) >= 300


@pytest.mark.parametrize("source", SOURCES)
def test_bound_and_plan_enclose_the_optimum(source: str) -> None:
    assert compare(source, range(60)) >= 5


@pytest.mark.nightly
@pytest.mark.parametrize("source", SOURCES)
def test_bound_and_plan_enclose_the_optimum_of_many(source: str) -> None:
    assert compare(source, range(60, 3000)) >= 500
