"""Whole patterns from fractions, and plans that follow them down to the nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import replace

import pytest
from small_halls import OPTIONS, hall

from rackwright.datasets.colossus import colossus
from rackwright.models.plan import Plan
from rackwright.models.rules import verify
from rackwright.solver.aggregates.attempt import larger_jobs
from rackwright.solver.aggregates.bound import Generator, generator_of
from rackwright.solver.aggregates.choice import choice_of, jobs_beyond
from rackwright.solver.aggregates.follow import followed
from rackwright.solver.aggregates.match import Rounded, whole_patterns
from rackwright.solver.aggregates.offer import Offer, offer_of
from rackwright.solver.aggregates.regions import kinds_of_blocks
from rackwright.solver.aggregates.whole import dived, repaired
from rackwright.solver.budget import Budget


def strict(offer: Offer) -> Generator:
    """Without jobs beyond all levels."""
    generator = generator_of(offer.master(offer.regions), Budget(OPTIONS), is_strict=True)
    generator.decide(dict.fromkeys(jobs_beyond(generator.master), False))
    return generator


@pytest.mark.parametrize("power", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_plan_starts_whoever_gets_slots_of_whole_patterns(seed: int, power: bool) -> None:
    offer = hall(power=power, seed=seed)
    generator = strict(offer)
    master = generator.master
    placed, rounded = larger_jobs(offer, generator, choice_of(master, []), 1e-4)
    assert rounded.matched.starts
    plan = followed(offer, master, rounded, placed, rounded.matched.starts)
    assert verify(offer.instance, plan, OPTIONS.legality) == ()
    starts = {master.job_ids[job] for job in rounded.matched.starts}
    assert plan.placement_of.keys() == starts


def test_a_plan_keeps_to_the_candidates() -> None:
    offer = hall(power=True, seed=1)
    generator = strict(offer)
    master = generator.master
    placed, rounded = larger_jobs(offer, generator, choice_of(master, []), 1e-4)
    few = frozenset(sorted(rounded.matched.starts)[::2])
    plan = followed(offer, master, rounded, placed, few)
    larger = Plan(tuple(placed)).placement_of.keys()
    allowed = {master.job_ids[job] for job in few} | larger
    assert larger <= plan.placement_of.keys() <= allowed


@pytest.mark.parametrize("seed", [1, 2])
def test_who_must_start_does_so_and_leaves_idle_nodes_together(seed: int) -> None:
    offer = offer_of(hall(power=True, seed=seed).instance, OPTIONS, waiting=frozenset())
    assert offer is not None
    offer = replace(offer, values=[10**6 * value for value in offer.values])
    generator = strict(offer)
    master = generator.master
    _, rounded = larger_jobs(offer, generator, choice_of(master, []), 1e-7)
    begun = rounded.matched.starts
    open_jobs = [job for job in master.shape_of if job not in jobs_beyond(master)]
    assert 0 < len(begun) < len(open_jobs)
    patterns = master.patterns
    budget = Budget(OPTIONS)
    assert whole_patterns(master, patterns, open_jobs, budget, must_start=True) is None
    whole = whole_patterns(master, patterns, begun, budget, must_start=True)
    assert whole is not None and whole.matched.starts == begun
    assert idle_worth(offer, whole) >= idle_worth(offer, rounded) > 0


def idle_worth(offer: Offer, rounded: Rounded) -> int:
    """Of the slots of idle nodes that patterns offer, and others are used as."""
    offered = Counter[int]()
    for pattern, count in rounded.patterns:
        for slot, number in pattern.counts.items():
            offered[slot] += count * number
    for exchange, times in rounded.matched.exchanges:
        for slot in exchange.got:
            offered[slot] += times
        for slot in exchange.given:
            offered[slot] -= times
    idle = zip(offer.idle.slots, offer.idle.worth, strict=True)
    return sum(offered[slot] * worth for slot, worth in idle)


def blocks(seed: int, ids: Set[str] | None = None) -> Generator:
    """Kinds of single base blocks, with jobs that all fit them, or only some of these."""
    instance = colossus(
        num_blocks=192, num_jobs=200, mix="all", partitions=3, power=True, seed=seed
    )
    every = offer_of(instance, OPTIONS, span=1)
    assert every is not None
    larger = {demand.shape for demand in every.demands if every.slots[demand.slot].span != 1}
    small = {job for n, shape in enumerate(every.shapes) for job in shape.jobs if n not in larger}
    jobs = [instance.jobs[job] for job in sorted(small)]
    jobs = [job for job in jobs if ids is None or job.job_id in ids]
    offer = offer_of(replace(instance, jobs=tuple(jobs)), OPTIONS, span=1)
    assert offer is not None
    kinds, _ = kinds_of_blocks(offer.regions)
    return generator_of(offer.master(kinds), Budget(OPTIONS), is_strict=True)


def check(generator: Generator, rounded: Rounded) -> int:
    """That enough slots of enough blocks are offered; what the jobs that start are worth."""
    master = generator.master
    copies = master.regions.copies.tolist()
    for pattern, count in rounded.patterns:
        copies[pattern.aggregate] -= count
    assert min(copies) >= 0
    room = list(master.room)
    nodes = 0
    for pattern, count in rounded.patterns:
        used = master.wide_use(pattern)
        room = [left - count * each for left, each in zip(room, used, strict=True)]
        nodes += count * sum(master.slots[s].nodes * n for s, n in pattern.counts.items())
    assert min(room, default=0) >= 0
    taken = sum(
        demand.count * master.slots[demand.slot].nodes
        for demand in master.demands
        for job in master.shapes[demand.shape].jobs
        if job in rounded.matched.starts
    )
    assert taken <= nodes
    return master.worth_of(rounded.matched.starts)


@pytest.mark.parametrize(("seed", "is_missing"), [(0, False), (3, True), (7, True)])
def test_integer_programs_over_columns_find_what_a_dive_misses(
    seed: int, is_missing: bool
) -> None:
    generator = blocks(seed)
    relaxed, _ = generator.run(precision=1e-6)
    assert relaxed is not None
    # Only jobs that the linear program starts as wholes: all of them should.
    begun = [job for job, start in relaxed.starts.items() if start > 1 - 1e-6]
    generator = blocks(seed, {generator.master.job_ids[job] for job in begun})
    relaxed, _ = generator.run(precision=1e-6)
    assert relaxed is not None
    best = dived(generator, relaxed)
    every = generator.master.worth_of(relaxed.starts)
    assert (check(generator, best) < every) == is_missing
    assert check(generator, repaired(generator, relaxed, best)) == every
