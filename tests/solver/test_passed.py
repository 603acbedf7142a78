"""What base blocks pass to larger units of their budgets: by hand, and against none of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_halls import OPTIONS, hall

from rackwright.solver.aggregates.bound import generator_of
from rackwright.solver.aggregates.offer import Offer
from rackwright.solver.aggregates.passed import Passing, passed_on, passing_of
from rackwright.solver.aggregates.patterns import Reserved
from rackwright.solver.aggregates.tables import IMPOSSIBLE, Items, packed
from rackwright.solver.budget import Budget


@pytest.mark.parametrize("seed", range(10))
def test_blocks_pass_what_is_worth_most(seed: int) -> None:
    rng = np.random.default_rng(seed)
    regions = hall(power=True, seed=0).regions
    blocks = rng.choice(np.nonzero(regions.free)[0], 6, replace=False)
    regions = replace(regions, free=regions.free[blocks], budget=regions.budget[blocks])
    passing = Passing(np.array([5, 7]), 1, np.zeros(len(regions.charge), dtype=np.int64))
    size, charge = rng.integers(1, 6, (2, 3))
    items = Items(
        size, size * charge, np.zeros(3, bool), rng.uniform(0, 9, (3, 1)), np.zeros((3, 1), int)
    )
    tables = packed(items, int(regions.free.max()), int(regions.budget.max()))
    price = rng.choice([0.0, 0.3, 1.0], 6)
    gain, passed = passed_on(tables, np.zeros(6, dtype=np.int64), regions, passing, price)
    for block, (free, budget) in enumerate(zip(regions.free, regions.budget, strict=True)):
        for left in range(gain.shape[1]):
            offers = [
                tables.worth[0, free - left, rest] + price[block] * extra
                for extra in range(2 * left + 1)
                if left <= free and (rest := budget - 5 * left - extra) >= 0
            ]
            assert gain[block, left] == pytest.approx(max(offers, default=IMPOSSIBLE))
            assert not offers or offers[passed[block, left]] == pytest.approx(max(offers))


def bound_of(offer: Offer, *, is_passing: bool) -> float:
    master = offer.master(offer.regions)
    if not is_passing:
        # As if all larger units drew as little as the one that draws least.
        least = passing_of(offer.regions, offer.slots).least
        charge = [
            least if slot.span != 1 and not slot.holds else int(own)
            for slot, own in zip(offer.slots, offer.regions.charge, strict=True)
        ]
        regions = replace(offer.regions, charge=np.array(charge))
        master = offer.master(regions)
    _, bound = generator_of(master, Budget(OPTIONS), is_strict=False).run(precision=1e-7)
    return bound


def test_who_draws_more_than_the_least_lowers_the_bound() -> None:
    falls = []
    for seed in range(4):
        offer = hall(power=True, seed=seed)
        assert passing_of(offer.regions, offer.slots).is_needed
        falls.append(bound_of(offer, is_passing=False) - bound_of(offer, is_passing=True))
    assert min(falls) >= -1e-3
    assert max(falls) > 1


@pytest.mark.parametrize("is_strict", [False, True])
def test_nothing_is_hosted_where_base_blocks_cannot_leave_what_was_reserved(
    is_strict: bool,
) -> None:
    # An aggregate may have the nodes and the budget in sum, and no base block both.
    offer = hall(power=True, seed=0)
    regions = offer.regions
    few = np.minimum(regions.budget, 4)
    master = offer.master(replace(regions, budget=few))
    generator = generator_of(master, Budget(OPTIONS), is_strict=is_strict)
    nodes = regions.free_of_aggregates
    nothing = np.zeros(len(regions.wide), dtype=np.int64)
    generator.reserve(Reserved(nodes, np.full_like(nodes, 7), nothing, 2 * nodes))
    values, patterns = generator.pricer.best(generator.center)
    impossible = nodes > 0
    assert (values[impossible] < IMPOSSIBLE / 2).all()
    for pattern, is_impossible in zip(patterns, impossible, strict=True):
        assert not is_impossible or (not pattern.counts and pattern.spared == 0)


def test_what_reserved_nodes_take_is_not_free() -> None:
    offer = hall(power=True, seed=0)
    regions = offer.regions
    worths = []
    for extra in (0, 2):
        master = offer.master(regions)
        generator = generator_of(master, Budget(OPTIONS), is_strict=False)
        nodes = regions.free_of_aggregates // 2
        nothing = np.zeros(len(regions.wide), dtype=np.int64)
        generator.reserve(Reserved(nodes, np.full_like(nodes, 5), nothing, extra * nodes))
        relaxed, bound = generator.run(precision=1e-7)
        assert relaxed is not None and relaxed.value <= bound + 1e-3
        worths.append(bound)
    assert worths[1] < worths[0]


@pytest.mark.parametrize("seed", range(5))
def test_coarse_units_never_count_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    passing = Passing(np.array([0, 100]), 7, np.zeros(1, dtype=np.int64))
    amounts = rng.integers(0, 300, 40)
    assert (passing.units(amounts) * 7 >= amounts).all()
    assert (passing.cost(passing.units(amounts)) <= amounts).all()
