"""Strict patterns promise only what a plan can follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rackwright.datasets.colossus import colossus
from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver.aggregates.bound import first_prices
from rackwright.solver.aggregates.offer import Offer, offer_of
from rackwright.solver.aggregates.patterns import Pattern, Prices
from rackwright.solver.aggregates.pricing import Pricer

OPTIONS = PlanOptions(objective=Objective.THROUGHPUT)


def offered(*, power: bool, seed: int, span: int | None = None) -> Offer:
    instance = colossus(
        num_blocks=64, num_jobs=150, mix="all", occupied=0.2, power=power, seed=seed
    )
    offer = offer_of(instance, OPTIONS, span=span)
    assert offer is not None
    return offer


def random_prices(offer: Offer, seed: int, spread: float = 3.0) -> Prices:
    """Near one for each node, higher for larger units and for those that spread."""
    base = first_prices(offer.master(offer.regions))
    factors = np.random.default_rng(seed).uniform(0.5, 2.0, len(offer.slots))
    dear = [spread if slot.spreads else 3.0 if slot.span != 1 else 1.0 for slot in offer.slots]
    nodes = np.array([slot.nodes for slot in offer.slots])
    return replace(base, slots=nodes * factors * dear)


def patterns_of(offer: Offer, seed: int, *, is_strict: bool, spread: float = 3.0) -> list[Pattern]:
    """The best patterns at random prices."""
    pricer = Pricer(offer.regions, offer.slots, is_strict=is_strict)
    return pricer.best(random_prices(offer, seed, spread))[1]


@pytest.mark.parametrize("seed", range(3))
def test_a_block_hosts_one_unit_of_a_kind_that_spreads(seed: int) -> None:
    offer = offered(power=False, seed=seed, span=1)
    spread = {index for index, slot in enumerate(offer.slots) if slot.spreads}
    counts = [
        pattern.counts[slot]
        for pattern in patterns_of(offer, seed, is_strict=True, spread=9.0)
        for slot in spread
    ]
    assert spread and max(counts) == 1


def overdrawn(offer: Offer, seed: int, *, is_strict: bool) -> int:
    """Aggregates whose pattern takes more than the budgets of all their base blocks."""
    regions = offer.regions
    budgets = regions.budget.reshape(-1, regions.span).sum(axis=1)
    taken = [
        sum(
            offer.slots[slot].nodes * int(regions.charge[slot]) * count
            for slot, count in pattern.counts.items()
            if not offer.slots[slot].holds
        )
        for pattern in patterns_of(offer, seed, is_strict=is_strict)
    ]
    return int((np.array(taken) > budgets).sum())


def test_larger_units_are_charged_what_they_cost() -> None:
    offers = [offered(power=True, seed=seed) for seed in range(4)]
    strict, loose = (
        [overdrawn(offer, prices, is_strict=is_strict) for offer in offers for prices in range(6)]
        for is_strict in (True, False)
    )
    assert not any(strict)
    assert any(loose)


def test_settled_aggregates_host_exactly_the_settled_units() -> None:
    offer = offered(power=True, seed=0)
    pricer = Pricer(offer.regions, offer.slots, is_strict=True)
    settled = {
        pattern.aggregate: pattern.anchors for pattern in pricer.best(random_prices(offer, 0))[1]
    }
    assert any(settled.values())
    for aggregate, anchors in settled.items():
        pricer.settle(aggregate, anchors)
    other = random_prices(offer, 1)
    values, patterns = pricer.best(other)
    for pattern in patterns:
        assert pattern.anchors == settled[pattern.aggregate]
    for aggregate in settled:
        pricer.release(aggregate)
    assert (pricer.best(other)[0] >= values - 1e-6).all()
    assert (pricer.best(other)[0] > values + 1e-6).any()
