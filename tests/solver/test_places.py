"""Places of units beyond all levels: the cheapest one, and all of them, against brute force."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations, combinations_with_replacement, product

import numpy as np
import pytest
from strategies import random_instance

from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver.aggregates.cheapest import cheapest
from rackwright.solver.aggregates.choice import jobs_beyond
from rackwright.solver.aggregates.cuts import Cut, Unit
from rackwright.solver.aggregates.master import Master
from rackwright.solver.aggregates.moves import limits_of, moved
from rackwright.solver.aggregates.offer import offer_of
from rackwright.solver.aggregates.places import EXACT, search_places
from rackwright.solver.aggregates.plan import is_decomposable
from rackwright.solver.aggregates.slots import Demand
from rackwright.solver.aggregates.unit_task import Task, task_of
from rackwright.solver.budget import Budget

OPTIONS = PlanOptions(objective=Objective.THROUGHPUT, work=20.0)


@pytest.mark.parametrize("most", [1, 2, 3, 4, None])
@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_place_is_what_brute_force_finds(seed: int, most: int | None) -> None:
    rng = np.random.default_rng(seed)
    num, width, size = 5, 5, int(rng.integers(2, 10))
    costs = rng.uniform(0, 9, (num, width))
    costs[rng.uniform(size=costs.shape) < 0.2] = np.inf
    costs[:, 0] = np.inf
    best = np.inf
    for given in product(range(width), repeat=num):
        touched = [(index, nodes) for index, nodes in enumerate(given) if nodes]
        if sum(given) == size and len(touched) <= (most or num):
            best = min(best, sum(costs[pair] for pair in touched))
    found = cheapest(costs, size, most)
    assert (found is None) == (best == np.inf)
    if found is not None:
        price, taken = found
        assert price == pytest.approx(best)
        assert sum(taken.values()) == size
        assert len(taken) <= (most or num)
        assert sum(costs[pair] for pair in taken.items()) == pytest.approx(price)


def random_cut(master: Master, rng: np.random.Generator) -> Cut:
    """Losses that rise in steps, for one or two classes of charges; prices of nodes; a levy."""
    free = master.regions.free_of_aggregates
    rises = rng.integers(0, 4, (2, len(free), int(free.max()) + 1)).astype(float)
    rises[:, :, 0] = 0
    # Who is dearer makes others miss more.
    loss = rises.cumsum(axis=2).cumsum(axis=0)
    class_of = np.array([min(1, int(charge)) for charge in master.regions.charge])
    paid = rng.integers(0, 2, (len(master.slots), len(free))).astype(float)
    levy = float(rng.choice([0.0, 0.25, 1.0]))
    return Cut(30.0, np.zeros(len(master.shapes)), loss, class_of, paid, levy)


def every_place(master: Master, job: int, demand: Demand) -> list[Unit]:
    slot = master.slots[demand.slot]
    rooms = master.regions.room[demand.slot].tolist()
    places = []
    for count in range(1, min(len(rooms), slot.max_lower or len(rooms)) + 1):
        for chosen in combinations(range(len(rooms)), count):
            for nodes in product(*(range(1, rooms[each] + 1) for each in chosen)):
                if sum(nodes) == slot.size:
                    places.append(Unit(job, demand, dict(zip(chosen, nodes, strict=True))))
    return places


def every_choice(
    master: Master, demands: Mapping[int, Sequence[Demand]]
) -> Iterator[tuple[Unit, ...]]:
    """All ways to place all jobs that nodes and budgets of aggregates allow."""
    regions = master.regions
    of_jobs = [
        [
            units
            for demand in of_job
            for units in combinations_with_replacement(
                every_place(master, job, demand), demand.count
            )
        ]
        for job, of_job in demands.items()
    ]
    for chosen in product(*of_jobs):
        units = tuple(unit for of_job in chosen for unit in of_job)
        nodes, charge = np.zeros((2, regions.num_aggregates), dtype=np.int64)
        for unit in units:
            for aggregate, count in unit.nodes.items():
                nodes[aggregate] += count
                charge[aggregate] += count * regions.charge[unit.demand.slot]
        is_room = (nodes <= regions.free_of_aggregates).all()
        if is_room and (charge <= regions.budget_of_aggregates).all():
            yield units


def random_task(kind: str, number: int, most_choices: int) -> tuple[Master, Task] | None:
    """A few jobs beyond all levels of a tiny instance, some of which must start, and cuts."""
    rng = random.Random(f"places {kind} {number}")
    instance = random_instance(rng, kind)
    offer = offer_of(instance, OPTIONS) if is_decomposable(instance) else None
    if offer is None:
        return None
    master = offer.master(offer.regions)
    demands = dict(list(jobs_beyond(master).items())[: rng.randint(1, 3)])
    num_choices = 1
    for job, of_job in demands.items():
        places = sum(len(every_place(master, job, demand)) for demand in of_job)
        num_choices *= max(1, places) ** of_job[0].count
    if not demands or num_choices > most_choices:
        return None
    cuts_rng = np.random.default_rng(number)
    cuts = [random_cut(master, cuts_rng) for _ in range(rng.randint(0, 3))]
    limits = limits_of(master, cuts, [float(rng.randint(0, 20)) for _ in cuts])
    worths = {job: float(rng.randint(1, 30)) for job in demands if rng.random() < 0.7}
    return master, task_of(master, limits, demands, worths, 25.0)


def wide_and_rest(task: Task, units: Sequence[Unit]) -> tuple[bool, float]:
    """Whether wide layers are kept, and what is left to others."""
    limits = task.limits
    taken = np.zeros(limits.loss.shape[2], dtype=np.int64)
    classes = np.full(len(taken), limits.loss.shape[1] - 1)
    missed = np.zeros(len(limits.most))
    for unit in units:
        for aggregate, nodes in unit.nodes.items():
            taken[aggregate] += nodes
            own = limits.class_of[unit.demand.slot]
            classes[aggregate] = min(own, classes[aggregate])
            missed += nodes * limits.paid[:, unit.demand.slot, aggregate]
    missed += limits.loss[:, classes, np.arange(len(taken)), taken].sum(axis=1)
    missed += limits.levy * task.master.worth_of({unit.job for unit in units})
    left = limits.most - missed
    is_kept = bool((left[: limits.num_wide] >= 0).all())
    return is_kept, min([task.most, *left[limits.num_wide :]])


@pytest.mark.parametrize("kind", ["block", "mode_2", "mode_3", "power"])
def test_places_are_found_or_proven_impossible_as_brute_force_says(kind: str) -> None:
    answers: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    for number in range(1200):
        made = random_task(kind, number, 20_000)
        if made is None:
            continue
        master, task = made
        # All must start, and the cuts be kept; what starts, costs the same anyway.
        limits = replace(task.limits, levy=np.zeros(len(task.limits.most)))
        task = replace(task, limits=limits, worths={}, most=0.0)
        budget = Budget(OPTIONS)
        every = set(task.demands)
        is_kept, start = moved(master, task.limits, [], task.demands, every, budget)
        searched = search_places(task, start, 0.0, EXACT, budget)
        possible = any(
            wide_and_rest(task, units) == (True, 0.0)
            for units in every_choice(master, task.demands)
        )
        if is_kept:
            assert wide_and_rest(task, start) == (True, 0.0)
            assert possible
        if searched.units is not None:
            answers[True] += 1
            assert possible, f"{kind} {number}"
            assert wide_and_rest(task, searched.units) == (True, 0.0)
            counts = Counter(unit.job for unit in searched.units)
            assert counts == {job: task.number_of(job) for job in task.demands}
        elif searched.bound < 0:
            answers[False] += 1
            assert not possible, f"{kind} {number}"
        else:
            answers[None] += 1
    assert min(answers[True], answers[False]) >= 10
    # Units that share an aggregate are counted with convex losses, so that some stay open.
    assert answers[None] <= 0.1 * sum(answers.values())


@pytest.mark.parametrize("kind", ["block", "mode_2", "mode_3", "power"])
def test_the_best_choice_lies_between_worth_and_bound(kind: str) -> None:
    met, several = 0, 0
    for number in range(1200):
        made = random_task(kind, number, 2_000)
        if made is None:
            continue
        master, task = made
        searched = search_places(task, [], -100.0, EXACT, Budget(OPTIONS))
        best = -math.inf
        required = task.demands.keys() - task.worths.keys()
        for others in powerset(task.worths):
            begun = {job: task.demands[job] for job in task.demands if job in {*required, *others}}
            for units in every_choice(master, begun):
                is_kept, rest = wide_and_rest(task, units)
                if is_kept:
                    best = max(best, rest + sum(task.worths[job] for job in others))
        assert searched.bound >= best - 1e-6, f"{kind} {number}"
        if searched.units is not None:
            assert searched.worth <= best + 1e-6, f"{kind} {number}"
            several += 1
            met += searched.worth == pytest.approx(best)
    assert several >= 20
    assert met >= 0.8 * several


def powerset(jobs: Iterable[int]) -> Iterator[tuple[int, ...]]:
    every = sorted(jobs)
    return chain.from_iterable(combinations(every, count) for count in range(len(every) + 1))
