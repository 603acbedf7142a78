"""Larger units of several charges: patterns against an exact count of who takes which node."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from small_halls import OPTIONS, hall

from rackwright.datasets.colossus import POWER, colossus
from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.node import Node
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import Block, BlockTopology
from rackwright.solver.aggregates import classes
from rackwright.solver.aggregates.bound import first_prices, generator_of
from rackwright.solver.aggregates.classes import classes_of
from rackwright.solver.aggregates.offer import Offer, offer_of
from rackwright.solver.aggregates.pairs import Pairs
from rackwright.solver.aggregates.patterns import Prices, Reserved
from rackwright.solver.aggregates.pricing import Pricer
from rackwright.solver.aggregates.tables import IMPOSSIBLE, Floats
from rackwright.solver.budget import Budget

# Per charge, nodes that a region leaves for units which draw that much.
Left = tuple[int, ...]
CLOSE = 1e-6


def small_racks(seed: int, levels: tuple[int, ...] = (0, 1, 2)) -> Offer:
    """Aggregates of four racks with a budget each, or fewer; units of three charges."""
    instance = colossus(
        num_blocks=32,
        block_size=4,
        levels=levels,
        num_jobs=80,
        mix="all",
        occupied=0.3,
        partitions=3,
        power=True,
        seed=seed,
    )
    offer = offer_of(instance, OPTIONS)
    assert offer is not None
    return offer


def random_prices(offer: Offer, seed: int) -> Prices:
    """Dearer for larger units; nothing for those that are not counted in nodes alone."""
    base = first_prices(offer.master(offer.regions))
    rng = np.random.default_rng(seed)
    dear = [1.0 if slot.span == 1 else 2.0 for slot in offer.slots]
    paid = [slot.packing is None and slot.span is not None for slot in offer.slots]
    nodes = np.array([slot.nodes for slot in offer.slots])
    return replace(base, slots=nodes * rng.uniform(0.5, 2.0, len(nodes)) * dear * paid)


class Exact:
    """The best of an aggregate for every way to leave nodes, one unit after the other."""

    def __init__(self, offer: Offer, prices: Prices) -> None:
        self.regions, self.slots, self.prices = offer.regions, offer.slots, prices.slots
        larger = [n for n, slot in enumerate(offer.slots) if slot.span != 1 and not slot.holds]
        self.charges = sorted({int(self.regions.charge[slot]) for slot in larger})

    def worth(self, aggregate: int) -> dict[Left, float]:
        span = self.regions.span
        found = [self.block(block) for block in range(aggregate * span, (aggregate + 1) * span)]
        first, size = aggregate * span, 1
        while len(found) > 1:
            pairs = zip(found[::2], found[1::2], strict=True)
            size *= 2
            found = [
                self.hosting(self.joined(*pair), size, first // size + number)
                for number, pair in enumerate(pairs)
            ]
        return found[0]

    def block(self, block: int) -> dict[Left, float]:
        regions = self.regions
        zone = regions.zones[regions.zone[block]]
        free, budget = int(regions.free[block]), int(regions.budget[block])
        own = [
            (slot.size, slot.size * int(regions.charge[n]), float(self.prices[n]))
            for n, slot in enumerate(self.slots)
            if slot.span == 1 and not slot.holds and zone[n] and self.prices[n] > 0
        ]
        best = np.zeros((free + 1, budget + 1))
        for nodes in range(1, free + 1):
            best[nodes] = best[nodes - 1]
            for size, charge, worth in own:
                if size <= nodes and charge <= budget:
                    offer = best[nodes - size, : budget + 1 - charge] + worth
                    best[nodes, charge:] = np.maximum(best[nodes, charge:], offer)
        found = {}
        for left in product(range(free + 1), repeat=len(self.charges)):
            rest = budget - sum(np.multiply(left, self.charges))
            if sum(left) <= free and rest >= 0:
                found[left] = float(best[free - sum(left), rest])
        nothing = (0,) * len(self.charges)
        for n, slot in enumerate(self.slots):
            is_held = (
                slot.holds and slot.packing is None and zone[n] and regions.is_job_free[block]
            )
            is_payable = slot.size * int(regions.charge[n]) <= budget
            if is_held and slot.size <= free and is_payable:
                found[nothing] = max(found[nothing], float(self.prices[n]))
        return found

    def joined(self, one: dict[Left, float], other: dict[Left, float]) -> dict[Left, float]:
        found: dict[Left, float] = defaultdict(lambda: IMPOSSIBLE)
        for (a, worth), (b, more) in product(one.items(), other.items()):
            both = tuple(map(sum, zip(a, b, strict=True)))
            found[both] = max(found[both], worth + more)
        return found

    def hosting(self, worth: dict[Left, float], span: int, region: int) -> dict[Left, float]:
        units = [
            (self.charges.index(int(self.regions.charge[n])), slot.size, float(self.prices[n]))
            for n, slot in enumerate(self.slots)
            if slot.span == span and self.prices[n] > 0 and self.regions.allowed[n][region]
        ]
        found = dict(worth)
        for left in sorted(worth, key=sum, reverse=True):
            for charge, size, price in units:
                if left[charge] >= size:
                    rest = list(left)
                    rest[charge] -= size
                    key = tuple(rest)
                    found[key] = max(found.get(key, IMPOSSIBLE), found[left] + price)
        return found


def gains_of(offer: Offer, prices: Prices, *, is_strict: bool) -> Floats:
    return Pricer(offer.regions, offer.slots, is_strict=is_strict).worth_by_left(prices)


@pytest.mark.parametrize("most_classes", [8, 2, 1])
@pytest.mark.parametrize("seed", range(3))
def test_a_bound_is_never_too_low_and_a_plan_never_too_high(
    seed: int, most_classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "MOST_CLASSES", most_classes)
    offer = small_racks(seed)
    prices = random_prices(offer, seed)
    bounds = gains_of(offer, prices, is_strict=False)
    plans = gains_of(offer, prices, is_strict=True)
    down, up = (
        classes_of(offer.regions, offer.slots, is_rounded_up=is_up) for is_up in (False, True)
    )
    assert len(bounds) <= most_classes and len(plans) <= most_classes
    exact = Exact(offer, prices)
    assert len(exact.charges) == 3
    seen: Counter[str] = Counter()
    for aggregate in range(offer.regions.num_aggregates):
        for left, worth in exact.worth(aggregate).items():
            nodes = sum(left)
            drawn = np.array(exact.charges)[np.array(left) > 0] if nodes else np.array([0])
            bound = bounds[down.of(drawn.min()), aggregate, nodes]
            plan = plans[up.of(drawn.max()), aggregate, nodes]
            assert plan - CLOSE <= worth <= bound + CLOSE
            seen["above" if bound > worth + CLOSE else "met"] += nodes == 0
            seen["below" if plan < worth - CLOSE else "reached"] += nodes == 0
    if most_classes == 8:
        # Where nothing is left, both mostly are what is true.
        assert seen["met"] > 4 * seen["above"] and seen["reached"] > 4 * seen["below"]


def four_racks(caps: list[int], unavailable: list[int], jobs: list[tuple[int, int]]) -> Offer:
    """Racks of four nodes with a cap each, and jobs of so many nodes and so much for each."""
    racks = [range(first, first + 4) for first in range(0, 16, 4)]
    blocks = tuple(Block(f"r{n}", tuple(nodes)) for n, nodes in enumerate(racks))
    layers = [Layer(frozenset(nodes), cap) for nodes, cap in zip(racks, caps, strict=True)]
    cluster = Cluster(
        nodes=tuple(Node(f"n{number:02}", gpus=4) for number in range(16)),
        topologies=(BlockTopology("racks", 4, (0, 1, 2), blocks),),
        partitions=(Partition("batch", frozenset(range(16))),),
        resources=(Resource(POWER, Mode.MODE_3, tuple(layers), topology="racks"),),
    )
    queue = tuple(
        Job(str(nodes), num_nodes=nodes, time_limit_s=3600, licenses=((POWER, charge),))
        for nodes, charge in jobs
    )
    offer = offer_of(Instance(cluster, queue, unavailable=frozenset(unavailable)), OPTIONS)
    assert offer is not None
    return offer


# 6 nodes at 7 fit the first two racks only; of the 10 nodes at 5, two go beside them, and eight to
# racks that can pay 5 for each node, but not 7. The other hall has a pair of racks that can pay
# everything, and has more nodes than the pair that cannot.
@pytest.mark.parametrize(
    ("caps", "unavailable", "jobs"),
    [
        ([28, 28, 20, 20], [], [(6, 7), (10, 5)]),
        ([28, 28, 15, 15], [11, 15], [(7, 7), (5, 5)]),
    ],
)
@pytest.mark.parametrize("is_strict", [True, False])
def test_a_dear_unit_in_one_half_costs_the_other_half_nothing(
    caps: list[int], unavailable: list[int], jobs: list[tuple[int, int]], is_strict: bool
) -> None:
    offer = four_racks(caps, unavailable, jobs)
    generator = generator_of(offer.master(offer.regions), Budget(OPTIONS), is_strict=is_strict)
    relaxed, _ = generator.run(precision=1e-7)
    assert relaxed is not None
    assert relaxed.starts == pytest.approx({0: 1.0, 1: 1.0})


def test_two_racks_that_host_one_unit_and_leave_nodes_to_another_are_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(6):
        offer = small_racks(seed, levels=(0, 1))
        prices = random_prices(offer, seed)
        found = gains_of(offer, prices, is_strict=False)
        with monkeypatch.context() as patched:
            patched.setattr(Pairs, "priced", lambda self, hosted: None)
            rough = gains_of(offer, prices, is_strict=False)
        exact = Exact(offer, prices)
        least = min(s.size for s in offer.slots if s.span == 2 and not s.holds)
        for pair, free in enumerate(offer.regions.free_of_aggregates.tolist()):
            for left, worth in exact.worth(pair).items() if free < 2 * least else ():
                drawn = [number for number, nodes in enumerate(left) if nodes]
                if len(drawn) == 1 and worth > IMPOSSIBLE / 2:
                    place = drawn[0], pair, sum(left)
                    assert found[place] == pytest.approx(worth)
                    seen["better" if rough[place] > worth + CLOSE else "same"] += 1
    assert seen["better"] > 10


def test_one_class_bounds_less() -> None:
    falls = []
    for seed in range(4):
        offer = hall(power=True, seed=seed)
        # As if all larger units drew as little as the one that draws least.
        every = classes_of(offer.regions, offer.slots, is_rounded_up=False)
        charge = np.where(
            [slot.span != 1 and not slot.holds for slot in offer.slots],
            every.charges[0],
            offer.regions.charge,
        )
        bounds = [
            generator_of(offer.master(regions), Budget(OPTIONS), is_strict=False).run(
                precision=1e-7
            )[1]
            for regions in (offer.regions, replace(offer.regions, charge=charge))
        ]
        falls.append(bounds[1] - bounds[0])
    assert min(falls) >= -1e-3
    assert max(falls) > 1


@pytest.mark.parametrize("is_rounded_up", [False, True])
def test_many_charges_share_classes_on_the_safe_side(is_rounded_up: bool) -> None:
    offer = hall(power=True, seed=0)
    rng = np.random.default_rng(0)
    charge = rng.choice(np.arange(3, 90), len(offer.slots))
    regions = replace(offer.regions, charge=charge)
    found = classes_of(regions, offer.slots, is_rounded_up=is_rounded_up)
    assert found.number == classes.MOST_CLASSES
    assert (np.diff(found.charges) > 0).all()
    larger = [slot.span != 1 and not slot.holds for slot in offer.slots]
    given = found.charges[found.of_slot]
    if is_rounded_up:
        assert (given >= charge)[larger].all() and found.charges[-1] == charge[larger].max()
    else:
        assert (given <= charge)[larger].all() and found.charges[0] == charge[larger].min()


@pytest.mark.parametrize("is_strict", [False, True])
def test_nothing_is_hosted_where_base_blocks_cannot_leave_what_was_reserved(
    is_strict: bool,
) -> None:
    # An aggregate may have the nodes and the budget in sum, and no base block both.
    offer = hall(power=True, seed=0)
    few = np.minimum(offer.regions.budget, 4)
    master = offer.master(replace(offer.regions, budget=few))
    generator = generator_of(master, Budget(OPTIONS), is_strict=is_strict)
    nodes = offer.regions.free_of_aggregates
    charge, wide = np.full_like(nodes, 7), np.zeros(len(offer.regions.wide), dtype=np.int64)
    generator.reserve(Reserved(nodes, charge, charge, wide))
    values, patterns = generator.pricer.best(generator.center)
    impossible = nodes > 0
    assert (values[impossible] < IMPOSSIBLE / 2).all()
    for pattern, is_impossible in zip(patterns, impossible, strict=True):
        assert not is_impossible or (not pattern.counts and pattern.spared == 0)


@pytest.mark.parametrize("is_strict", [False, True])
def test_dearer_reserved_nodes_leave_less(is_strict: bool) -> None:
    offer = hall(power=True, seed=0)
    worths = []
    for drawn in (5, 7):
        generator = generator_of(offer.master(offer.regions), Budget(OPTIONS), is_strict=is_strict)
        nodes = offer.regions.free_of_aggregates // 2
        charge, wide = np.full_like(nodes, drawn), np.zeros(len(offer.regions.wide), np.int64)
        generator.reserve(Reserved(nodes, charge, charge, wide))
        relaxed, bound = generator.run(precision=1e-7)
        assert relaxed is not None and relaxed.value <= bound + 1e-3
        worths.append(bound)
    assert worths[1] < worths[0]
