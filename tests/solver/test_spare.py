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
from tiny import blocks, instance, place, plan, running, topo

from rackwright.datasets.colossus import colossus
from rackwright.models.capacity import fits
from rackwright.models.cluster import Partition
from rackwright.models.job import Job
from rackwright.models.plan import Objective, Plan, PlanOptions
from rackwright.models.rules import verify
from rackwright.models.score import capacity_mix, first_term, score, usable_capacity
from rackwright.models.topology import BlockTopology
from rackwright.solver.aggregates.idle import Idle, idle_nodes, idle_slots
from rackwright.solver.aggregates.plan import by_aggregates, is_decomposable
from rackwright.solver.aggregates.priority import by_priority
from rackwright.solver.aggregates.spare import spare_more
from rackwright.solver.budget import Budget

PRIORITY = PlanOptions(objective=Objective.PRIORITY)


def compare(source: str, numbers: range) -> int:
    """Check bound and plan of every decomposable instance; how many plans met their bound."""
    met = 0
    for number in numbers:
        rng = random.Random(f"spare {source} {number}")
        queue, options = SOURCES[source](rng)
        options = replace(options, objective=rng.choice(list(Objective)), balance_power=False)
        if not is_decomposable(queue):
            continue
        optimum, terms = best(queue, options)
        most = int(terms[1][1])
        # A plan worth as much in the first term, if there is another one.
        search = by_priority if options.objective is Objective.PRIORITY else by_aggregates
        first = search(queue, options, Plan(), Budget(options), None).plan
        if first_term(queue, first, options.objective) != terms[0][1]:
            first = optimum
        found = spare_more(queue, options, first, Budget(options), None)
        told = f"{source} {number}"
        assert verify(queue, found.plan, options.legality) == (), told
        scored = score(queue, found.plan, options)
        assert scored[0].value == terms[0][1], told
        assert int(scored[1].value) >= usable_capacity(queue, first, options), told
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
    assert compare(source, range(60, 2000)) >= 200


@pytest.mark.parametrize(("objective", "seed"), [(Objective.PRIORITY, 1), (Objective.WEIGHTED, 4)])
def test_usable_capacity_is_proven_on_a_hall_of_all_options(
    objective: Objective, seed: int
) -> None:
    hall = colossus(num_blocks=512, num_jobs=300, mix="all", partitions=1, power=False, seed=seed)
    options = PlanOptions(objective=objective)
    search = by_priority if objective is Objective.PRIORITY else by_aggregates
    proven = search(hall, options, Plan(), Budget(options), None)
    assert first_term(hall, proven.plan, objective) == proven.bound
    found = spare_more(hall, options, proven.plan, Budget(options), None)
    assert verify(hall, found.plan, options.legality) == ()
    assert first_term(hall, found.plan, objective) == proven.bound
    assert usable_capacity(hall, found.plan, options) == found.bound


def test_an_exclusive_job_that_waits_says_nothing_about_idle_nodes() -> None:
    # Node 1 shares its block with a running job, so that none of the two may take it.
    queue = instance(
        blocks([2], base=2, levels=(0,)),
        topo("a", 1, priority=2),
        topo("b", 1, priority=1),
        num_nodes=3,
        running=(running(0),),
    )
    found = spare_more(queue, PRIORITY, plan(place("a", [2])), Budget(PRIORITY), None)
    assert found.bound == usable_capacity(queue, found.plan, PRIORITY) == 2


def test_a_job_on_blocks_in_one_partition_and_as_on_flat_in_another_is_not_decomposed() -> None:
    partitions = (Partition("on", frozenset(range(6))), Partition("off", frozenset({6, 7, 8})))
    of_both, of_one = (
        instance(
            blocks([2, 2, 2], base=2, levels=(0,)),
            Job("j", 3, partitions=names),
            num_nodes=9,
            partitions=partitions,
        )
        for names in (("on", "off"), ("on",))
    )
    assert not is_decomposable(of_both)
    assert is_decomposable(of_one)


def test_sums_too_large_for_floating_point_have_no_bound() -> None:
    queue = instance(
        blocks([4, 4], base=4, levels=(0,)), Job("j", 2, weight=4_000_000_000_000), num_nodes=8
    )
    options = PlanOptions(objective=Objective.WEIGHTED)
    found = spare_more(queue, options, plan(place("j", [0, 1])), Budget(options), None)
    assert found.bound is None


@pytest.mark.parametrize("seed", range(20))
def test_idle_nodes_are_worth_what_they_add_or_more(seed: int) -> None:
    rng = random.Random(f"idle {seed}")
    queue = random_instance(rng, "block")
    topology = queue.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    options = PlanOptions(mix=tuple((size, rng.randint(1, 5)) for size in range(1, 12)))
    mix = capacity_mix(queue, options)
    slots = idle_slots(topology, frozenset(topology.block_of), 0)
    idle = idle_nodes(topology, mix, list(enumerate(slots)), {})
    for _ in range(20):
        left = frozenset(node for node in topology.block_of if rng.random() < rng.random())
        true = sum(weight * size * fits(queue, left, topology, size) for size, weight in mix)
        in_blocks = Counter(topology.block_of[node] for node in left)
        assert true <= sum(idle.worth[nodes - 1] for nodes in in_blocks.values())
        assert idle.rounded(true) == true


def test_values_of_usable_capacity_are_sums_of_parts() -> None:
    idle = Idle(parts=frozenset({6, 10}))
    sums = sorted({6 * a + 10 * b for a, b in product(range(20), repeat=2)})
    for value in range(60):
        assert idle.rounded(value) == max(each for each in sums if each <= value)
        assert idle.above(value) == min(each for each in sums if each > value)
    assert Idle(parts=frozenset({10**11})).above(7) == 8
    assert Idle().rounded(0.3) == 0
    assert Idle().above(0) == 1
