"""Halls with many jobs larger than an aggregate, and the linear program over their patterns."""

from __future__ import annotations

from rackwright.datasets.colossus import colossus
from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver.aggregates.bound import Generator, generator_of
from rackwright.solver.aggregates.master import Relaxed
from rackwright.solver.aggregates.offer import Offer, offer_of
from rackwright.solver.budget import Budget

OPTIONS = PlanOptions(objective=Objective.WEIGHTED, work=20.0)


def hall(*, power: bool, seed: int) -> Offer:
    """Aggregates of four racks, so that many jobs are larger than all of them."""
    instance = colossus(
        num_blocks=48,
        levels=(0, 1, 2),
        num_jobs=60,
        mix="all",
        occupied=0.3,
        partitions=3 if power else 1,
        power=power,
        seed=seed,
    )
    offer = offer_of(instance, OPTIONS)
    assert offer is not None
    return offer


def solved(offer: Offer) -> tuple[Generator, Relaxed]:
    generator = generator_of(offer.master(offer.regions), Budget(OPTIONS), is_strict=False)
    relaxed, _ = generator.run()
    assert relaxed is not None
    return generator, relaxed
