"""Usable capacity by branch and price against brute force, and what idle nodes are worth."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from block_sources import SOURCES
from oracle import best
from strategies import random_instance

from rackwright.datasets.colossus import colossus
from rackwright.models.capacity import fits
from rackwright.models.plan import Objective, Plan, PlanOptions
from rackwright.models.rules import verify
from rackwright.models.score import capacity_mix, first_term, score, usable_capacity
from rackwright.models.topology import BlockTopology
from rackwright.solver.aggregates.idle import Idle, idle_nodes, idle_slots
from rackwright.solver.aggregates.plan import by_aggregates, is_decomposable
from rackwright.solver.aggregates.priority import by_priority
from rackwright.solver.aggregates.spare import spare_more
from rackwright.solver.budget import Budget


def compare(source: str, numbers: range) -> int:
    """Check bound and plan of every decomposable instance; how many plans met their bound."""
    met = 0
    for number in numbers:
        rng = random.Random(f"spare {source} {number}")
        instance, options = SOURCES[source](rng)
        options = replace(options, objective=rng.choice(list(Objective)), balance_power=False)
        if not is_decomposable(instance):
            continue
        optimum, terms = best(instance, options)
        most = int(terms[1][1])
        # A plan worth as much in the first term, if there is another one.
        search = by_priority if options.objective is Objective.PRIORITY else by_aggregates
        plan = search(instance, options, Plan(), Budget(options), None).plan
        if first_term(instance, plan, options.objective) != terms[0][1]:
            plan = optimum
        found = spare_more(instance, options, plan, Budget(options), None)
        told = f"{source} {number}"
        assert verify(instance, found.plan, options.legality) == (), told
        scored = score(instance, found.plan, options)
        assert scored[0].value == terms[0][1], told
        assert int(scored[1].value) >= usable_capacity(instance, plan, options), told
        assert int(scored[1].value) <= most, told
        if found.bound is not None:
            assert found.bound >= most, told
            met += found.bound == int(scored[1].value)
    return met


@pytest.mark.parametrize("source", SOURCES)
def test_bound_and_plan_enclose_the_most_usable_nodes(source: str) -> None:
    assert compare(source, range(60)) >= 5


@pytest.mark.nightly
@pytest.mark.parametrize("source", SOURCES)
def test_bound_and_plan_enclose_the_most_usable_nodes_of_many(source: str) -> None:
    assert compare(source, range(60, 2000)) >= 300


@pytest.mark.parametrize(("objective", "seed"), [(Objective.PRIORITY, 1), (Objective.WEIGHTED, 4)])
def test_usable_capacity_is_proven_on_a_hall_of_all_options(
    objective: Objective, seed: int
) -> None:
    instance = colossus(
        num_blocks=512, num_jobs=300, mix="all", partitions=1, power=False, seed=seed
    )
    options = PlanOptions(objective=objective)
    search = by_priority if objective is Objective.PRIORITY else by_aggregates
    proven = search(instance, options, Plan(), Budget(options), None)
    assert first_term(instance, proven.plan, objective) == proven.bound
    found = spare_more(instance, options, proven.plan, Budget(options), None)
    assert verify(instance, found.plan, options.legality) == ()
    assert first_term(instance, found.plan, objective) == proven.bound
    assert usable_capacity(instance, found.plan, options) == found.bound


@pytest.mark.parametrize("seed", range(20))
def test_idle_nodes_are_worth_what_they_add_or_more(seed: int) -> None:
    rng = random.Random(f"idle {seed}")
    instance = random_instance(rng, "block")
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    options = PlanOptions(mix=tuple((size, rng.randint(1, 5)) for size in range(1, 12)))
    mix = capacity_mix(instance, options)
    slots = idle_slots(topology, frozenset(topology.block_of), 0)
    idle = idle_nodes(topology, mix, list(enumerate(slots)), {})
    for _ in range(20):
        left = frozenset(node for node in topology.block_of if rng.random() < rng.random())
        true = sum(weight * size * fits(instance, left, topology, size) for size, weight in mix)
        in_blocks = Counter(topology.block_of[node] for node in left)
        assert true <= sum(idle.worth[nodes - 1] for nodes in in_blocks.values())
        assert idle.rounded(true) == true


def test_values_of_usable_capacity_are_sums_of_parts() -> None:
    idle = Idle(parts=frozenset({6, 10}))
    sums = sorted({6 * a + 10 * b for a, b in product(range(20), repeat=2)})
    for value in range(60):
        assert idle.rounded(value) == max(each for each in sums if each <= value)
        assert idle.above(value) == min(each for each in sums if each > value)
    assert Idle().rounded(0.3) == 0
    assert Idle().above(0) == 1
