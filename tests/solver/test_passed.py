"""What base blocks pass to larger units of their budgets: by hand, and against none of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_halls import OPTIONS, hall

from rackwright.solver.aggregates.bound import generator_of
from rackwright.solver.aggregates.offer import Offer
from rackwright.solver.aggregates.passed import Passing, passed_on, passing_of
from rackwright.solver.aggregates.tables import IMPOSSIBLE, Items, packed
from rackwright.solver.budget import Budget


@pytest.mark.parametrize("seed", range(10))
def test_blocks_pass_what_is_worth_most(seed: int) -> None:
    rng = np.random.default_rng(seed)
    regions = hall(power=True, seed=0).regions
    blocks = rng.choice(np.nonzero(regions.free)[0], 6, replace=False)
    regions = replace(regions, free=regions.free[blocks], budget=regions.budget[blocks])
    passing = Passing(np.array([5, 7]), np.zeros(len(regions.charge), dtype=np.int64))
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
