"""Jobs beyond all levels as wholes: convex envelopes, whole units, cuts and choices."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from small_halls import OPTIONS, hall, solved

from rackwright.solver.aggregates.beyond import Chooser
from rackwright.solver.aggregates.bound import generator_of
from rackwright.solver.aggregates.choice import Choice, choice_of, jobs_beyond
from rackwright.solver.aggregates.cuts import Unit, cut_of
from rackwright.solver.aggregates.envelope import lower_envelope
from rackwright.solver.aggregates.lagrange import gains_of
from rackwright.solver.aggregates.master import Master
from rackwright.solver.aggregates.packs import Kind, Packs
from rackwright.solver.aggregates.witness import Witness
from rackwright.solver.budget import Budget


@pytest.mark.parametrize("seed", range(20))
def test_the_envelope_is_the_largest_convex_function_below(seed: int) -> None:
    values = np.random.default_rng(seed).integers(-9, 10, 12).astype(float)
    lower = lower_envelope(values)
    for place in range(len(values)):
        # The lowest point above `place` on a segment between two points of the table.
        best = min(
            values[low] if low == high else np.interp(place, [low, high], values[[low, high]])
            for low in range(place + 1)
            for high in range(place, len(values))
        )
        assert lower[place] == pytest.approx(best)


@pytest.mark.parametrize("spreads", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_whole_units_are_worth_what_the_best_split_is(seed: int, spreads: bool) -> None:
    rng = np.random.default_rng(seed)
    free = rng.integers(0, 10, 4)
    gain = rng.uniform(0, 10, (1, 4, 10))
    packs = Packs([Kind(size=3, spreads=spreads, charge_class=0, span=4)], gain, free)
    packs.join(2)
    packs.join(4)
    most = [min(nodes // 3, 1 if spreads else 3) for nodes in free.tolist()]
    for units in range(13):
        splits = product(*(range(count + 1) for count in most))
        best = max(
            (
                sum(gain[0, block, 3 * count] for block, count in enumerate(split))
                for split in splits
                if sum(split) == units
            ),
            default=-1e18,
        )
        assert packs.worth(0, units)[0] == pytest.approx(best, abs=1e3 if best < 0 else 1e-6)


def random_choice(master: Master, rng: np.random.Generator) -> Choice:
    """Jobs in random order, each in the aggregates that have most left."""
    left = master.regions.free_of_aggregates.copy()
    units: list[Unit] = []
    for job, demands in sorted(jobs_beyond(master).items(), key=lambda _: float(rng.random())):
        slot = master.slots[demands[0].slot]
        room = np.minimum(left, master.regions.room[demands[0].slot])
        taken: dict[int, int] = {}
        for aggregate in np.argsort(-room)[: slot.max_lower]:
            taken[int(aggregate)] = int(min(room[aggregate], slot.size - sum(taken.values())))
        taken = {aggregate: nodes for aggregate, nodes in taken.items() if nodes}
        if demands[0].count == 1 and sum(taken.values()) == slot.size:
            units.append(Unit(job, demands[0], taken))
            for aggregate, nodes in taken.items():
                left[aggregate] -= nodes
    return choice_of(master, units)


@pytest.mark.parametrize("limit", [math.inf, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_no_cut_is_below_what_the_linear_program_finds(seed: int, limit: float) -> None:
    # Of whatever choice and prices: else the bound would be too low.
    offer = hall(power=seed > 0, seed=seed)
    _, unlimited = solved(offer)
    # Where all jobs together may only be worth less, they pay for that.
    offer = replace(offer, highest=limit * unlimited.value)
    root, limited = solved(offer)
    assert (root.center.levy > 0) == (limit < 1)
    assert limited.value <= offer.highest * (1 + 1e-9)
    master = root.master
    beyond = jobs_beyond(master)
    beside = generator_of(offer.master(offer.regions), Budget(OPTIONS), is_strict=False)
    beside.decide(dict.fromkeys(beyond, False))
    prices = [root.center]
    choices = [random_choice(master, np.random.default_rng(number)) for number in range(4)]
    assert any(choice.anchors for choice in choices)
    reached = []
    for choice in choices:
        beside.reserve(choice.reserved)
        relaxed, _ = beside.run()
        assert relaxed is not None
        reached.append(relaxed.value)
        prices.append(beside.center)
    for price, (choice, value) in product(prices, zip(choices, reached, strict=True)):
        cut = cut_of(master, root.pricer, price)
        gains = gains_of(master, cut.costs, cut.levy)
        most = cut.worth + sum(max(0.0, gains[job]) for job in gains if job not in beyond)
        most -= cut.levy * choice.worth
        for anchor in choice.anchors:
            for aggregate, nodes in (pair for unit in anchor.shares for pair in unit.items()):
                most -= nodes * cut.paid[anchor.demand.slot, aggregate]
        for aggregate, nodes in choice.taken.items():
            own = root.pricer.classes.of(choice.reserved.cheapest)[aggregate]
            most -= cut.loss[own, aggregate, nodes]
        assert value <= most + 1e-6 * abs(most)


@pytest.mark.parametrize("seed", [0, 1])
def test_choices_keep_to_what_aggregates_have(seed: int) -> None:
    offer = hall(power=seed > 0, seed=seed)
    root, relaxed = solved(offer)
    master, regions = root.master, root.master.regions
    chooser = Chooser(offer, Budget(OPTIONS), root, relaxed)
    chooser.run(Budget(OPTIONS))
    assert chooser.best.anchors
    assert chooser.worth <= chooser.bound * (1 + 1e-6)
    taken = np.zeros(regions.num_aggregates, dtype=np.int64)
    for anchor in chooser.best.anchors:
        slot = master.slots[anchor.demand.slot]
        assert len(anchor.shares) == anchor.demand.count
        for unit in anchor.shares:
            assert sum(unit.values()) == slot.size
            assert slot.max_lower is None or len(unit) <= slot.max_lower
            for aggregate, nodes in unit.items():
                assert nodes <= regions.room[anchor.demand.slot][aggregate]
                taken[aggregate] += nodes
    assert (taken <= regions.free_of_aggregates).all()
    assert (taken == chooser.best.reserved.nodes).all()


def test_a_witness_has_a_place_for_every_admitted_job() -> None:
    offer = hall(power=False, seed=1)
    witness = Witness(offer, Budget(OPTIONS))
    beyond = jobs_beyond(offer.master(offer.regions))
    admitted = [job for job in beyond if witness.admits([job])]
    assert 0 < len(admitted) < len(beyond)
    assert {anchor.job for anchor in witness.choice.anchors} == set(admitted)
