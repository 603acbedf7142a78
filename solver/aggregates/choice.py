"""Which jobs beyond all levels start, where their units go, and what that takes of aggregates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from ...models.plan import Placement
from .anchors import Anchor
from .cuts import Unit
from .master import Master
from .offer import Offer
from .patterns import Reserved
from .slots import Demand


@dataclass(frozen=True)
class Choice:
    """Jobs beyond all levels, placed or waiting.

    Attributes
    ----------
    anchors
        Those that start.
    reserved
        What these take.
    taken
        The same as nodes per aggregate.
    worth
        Of these.
    """

    anchors: Sequence[Anchor]
    reserved: Reserved
    worth: int

    @property
    def jobs(self) -> frozenset[int]:
        """Those that start."""
        return frozenset(anchor.job for anchor in self.anchors)

    @property
    def taken(self) -> dict[int, int]:
        nodes = self.reserved.nodes
        return {int(aggregate): int(nodes[aggregate]) for aggregate in nodes.nonzero()[0]}

    @property
    def units(self) -> list[Unit]:
        """Of all these jobs."""
        return [
            Unit(anchor.job, anchor.demand, dict(nodes))
            for anchor in self.anchors
            for nodes in anchor.shares
        ]


def jobs_beyond(master: Master) -> dict[int, list[Demand]]:
    """Jobs beyond all levels, with a demand for each partition."""
    demands: dict[int, list[Demand]] = defaultdict(list)
    for demand in master.demands:
        if master.slots[demand.slot].span is None:
            for job in master.shapes[demand.shape].jobs:
                demands[job].append(demand)
    return demands


def choice_of(master: Master, units: Sequence[Unit]) -> Choice:
    """Of the jobs that have all their units."""
    regions = master.regions
    of_job: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        of_job[unit.job].append(unit)
    anchors = []
    nodes, dearest, cheapest = np.zeros((3, regions.num_aggregates), dtype=np.int64)
    wide = np.zeros(len(regions.wide), dtype=np.int64)
    for job, of_this in of_job.items():
        demand = of_this[0].demand
        if len(of_this) < demand.count:
            continue
        anchors.append(Anchor(job, demand, shares=tuple(unit.nodes for unit in of_this)))
        for aggregate, taken in (pair for unit in of_this for pair in unit.nodes.items()):
            nodes[aggregate] += taken
            charge = regions.charge[demand.slot]
            is_first = nodes[aggregate] == taken
            cheapest[aggregate] = charge if is_first else min(charge, cheapest[aggregate])
            dearest[aggregate] = max(charge, dearest[aggregate])
            for number, row in enumerate(regions.wide):
                wide[number] += taken * row.charges[demand.slot] * row.covers[aggregate]
    worth = sum(master.values[anchor.job] for anchor in anchors)
    return Choice(anchors, Reserved(nodes, dearest, cheapest, wide, worth), worth)


def choice_in(offer: Offer, master: Master, placements: Sequence[Placement]) -> Choice:
    """What a plan has chosen."""
    regions = master.regions
    aggregate_of = {
        node: block // regions.span for block, nodes in enumerate(regions.nodes) for node in nodes
    }
    of_job = jobs_beyond(master)
    position = {master.job_ids[job]: job for job in of_job}
    units = []
    for placement in placements:
        for demand in of_job.get(position.get(placement.job_id, -1), ()):
            option = offer.shapes[demand.shape].options[demand.option]
            if option.partition.name == placement.partition:
                for segment in placement.segments:
                    nodes = Counter(aggregate_of[node] for node in segment)
                    units.append(Unit(position[placement.job_id], demand, dict(nodes)))
    return choice_of(master, units)


def part_of(master: Master, choice: Choice, jobs: Set[int]) -> Choice:
    """The same without other jobs."""
    return choice_of(master, [unit for unit in choice.units if unit.job in jobs])
