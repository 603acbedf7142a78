"""A plan that follows whole patterns, one for each aggregate, down to the base blocks."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np

from ...models.plan import Placement, Plan
from .complete import fill, legal_plan
from .fill import Filler
from .master import Master
from .match import Rounded
from .offer import Offer
from .regions import Regions


def followed(
    offer: Offer,
    master: Master,
    whole: Rounded,
    placed: Sequence[Placement],
    candidates: Set[int],
) -> Plan:
    """The larger jobs, and those that fit base blocks where the patterns have slots for them.

    Unlike patterns of single base blocks (`complete.py`), these know which layers over several
    base blocks have room.

    Parameters
    ----------
    placed
        Of the larger jobs.
    candidates
        Positions of jobs that may start beside them.
    """
    regions = by_base_blocks(offer.regions)
    filler = Filler(offer.instance, master, regions)
    slot_of = _slot_of(offer, master)
    for placement in placed:
        filler.occupy(placement, slot_of[placement.job_id, placement.partition])
    for pattern, _ in whole.patterns:
        for offset, counts in enumerate(pattern.hosted):
            filler.promise(pattern.aggregate * offer.regions.span + offset, counts)
    filler.exchange(whole.matched.exchanges)
    beside = fill(filler, master, whole.matched.starts, candidates)
    return legal_plan(offer.instance, offer.options, [*placed, *beside])


def by_base_blocks(regions: Regions) -> Regions:
    """The same with base blocks for aggregates; without what is known of larger regions."""
    return replace(
        regions,
        span=1,
        copies=np.ones(len(regions.free), dtype=np.int64),
        room={},
        allowed={},
        wide=[replace(row, covers=np.repeat(row.covers, regions.span)) for row in regions.wide],
    )


def _slot_of(offer: Offer, master: Master) -> dict[tuple[str, str], int]:
    """Per job and partition."""
    return {
        (master.job_ids[job], offer.shapes[demand.shape].options[demand.option].partition.name): (
            demand.slot
        )
        for demand in master.demands
        for job in master.shapes[demand.shape].jobs
    }
