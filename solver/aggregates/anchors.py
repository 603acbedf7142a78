"""Which jobs of several base blocks start, and in which regions: a dive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .bound import COARSE, INTEGRAL, Generator
from .master import Relaxed, serves
from .pricing import Pattern
from .slots import Demand, Slot

# Linear programs solved on the way down, and rounds of pricing in each.
MOST_DIVES = 60
ROUNDS = 12


# Per unit of a job, the nodes it takes from which aggregates.
Shares = Sequence[dict[int, int]]


@dataclass(frozen=True)
class Anchor:
    """A job of several base blocks, and where its units go.

    Attributes
    ----------
    regions
        Region number per unit, of the slot's span.
    shares
        Of a job beyond all levels instead: per unit, the nodes it takes from which aggregates.
    """

    job: int
    demand: Demand
    regions: tuple[int, ...] = ()
    shares: Shares = ()


@dataclass(frozen=True)
class Dived:
    """Where the dive ended: the likely pattern per aggregate, and the jobs that start."""

    patterns: dict[int, Pattern]
    starts: dict[int, float]


def dive(generator: Generator, relaxed: Relaxed) -> Dived:
    """Settle the jobs and patterns that reach beyond base blocks.

    The fractional job that is worth most is rounded, then the aggregates whose choice is clearest
    are settled, each time with new prices for the rest.
    """
    anchored = _anchored_jobs(generator)
    for _ in range(MOST_DIVES):
        if generator.budget.is_spent:
            break
        found = generator.dive(relaxed, anchored, most_rounds=ROUNDS)
        if found is None:
            if not _settle_aggregates(generator, relaxed):
                break
            found, _ = generator.run(precision=COARSE, most_rounds=ROUNDS)
            if found is None:
                break
        relaxed = found
    return Dived(_likely_patterns(generator, relaxed), relaxed.starts)


def _anchored_jobs(generator: Generator) -> dict[int, Demand]:
    master = generator.master
    return {
        job: demand
        for demand in master.demands
        if master.slots[demand.slot].span != 1
        for job in master.shapes[demand.shape].jobs
    }


def _settle_aggregates(generator: Generator, relaxed: Relaxed) -> bool:
    """Keep, of the clearest aggregates, only patterns that agree beyond base blocks."""
    master = generator.master
    shares: dict[int, dict[tuple[object, ...], float]] = defaultdict(lambda: defaultdict(float))
    for pattern, share in zip(master.patterns, relaxed.shares, strict=False):
        if share > INTEGRAL:
            shares[pattern.aggregate][pattern.anchors] += share
    unclear = [
        (max(of_anchors.values()), aggregate)
        for aggregate, of_anchors in shares.items()
        if len(of_anchors) > 1 and aggregate not in generator.settled
    ]
    if not unclear:
        return False
    for _, aggregate in sorted(unclear, reverse=True)[: 1 + len(unclear) // 8]:
        of_anchors = shares[aggregate]
        kept = max(of_anchors, key=lambda anchors: of_anchors[anchors])
        generator.settled.add(aggregate)
        master.restrict(
            aggregate,
            {
                index
                for index, pattern in enumerate(master.patterns)
                if pattern.aggregate == aggregate and pattern.anchors == kept
            },
        )
    return True


def _likely_patterns(generator: Generator, relaxed: Relaxed) -> dict[int, Pattern]:
    best: dict[int, tuple[float, Pattern]] = {}
    for pattern, share in zip(generator.master.patterns, relaxed.shares, strict=False):
        if share > best.get(pattern.aggregate, (INTEGRAL, pattern))[0]:
            best[pattern.aggregate] = share, pattern
    return {aggregate: pattern for aggregate, (_, pattern) in best.items()}


def assign(generator: Generator, dived: Dived) -> list[Anchor]:
    """Give the regions that the patterns offer to jobs, the most valuable first."""
    master = generator.master
    slots = master.slots
    offered: dict[int, list[int]] = defaultdict(list)
    for pattern in dived.patterns.values():
        for number, region in pattern.regions:
            offered[number].append(region)
    nodes: dict[int, dict[int, int]] = defaultdict(dict)
    for aggregate, pattern in dived.patterns.items():
        for number, count in pattern.counts.items():
            if slots[number].span is None:
                nodes[number][aggregate] = count
    wanted = [
        (job, demand)
        for job, demand in _anchored_jobs(generator).items()
        if dived.starts[job] > 0.5
    ]
    anchors = []
    for job, demand in sorted(wanted, key=lambda pair: -master.values[pair[0]]):
        slot = slots[demand.slot]
        if slot.span is None:
            shares = _shared(nodes[demand.slot], slot, demand.count)
            if shares:
                anchors.append(Anchor(job, demand, shares=shares))
            continue
        larger = [
            other
            for other in offered
            if other != demand.slot
            and slots[other].span == slot.span
            and slots[other].size >= slot.size
            and slot.packing is None
            and serves(slots[other], slot)
        ]
        usable = [demand.slot, *sorted(larger, key=lambda other: slots[other].size)]
        regions = [(other, region) for other in usable for region in offered[other]]
        if len(regions) >= demand.count:
            for other, region in regions[: demand.count]:
                offered[other].remove(region)
            anchors.append(
                Anchor(job, demand, tuple(region for _, region in regions[: demand.count]))
            )
    return anchors


def _shared(nodes: dict[int, int], slot: Slot, count: int) -> list[dict[int, int]]:
    """Take `count` units from what aggregates offer, the most from each; empty if that fails."""
    units: list[dict[int, int]] = []
    left = dict(nodes)
    for _ in range(count):
        unit: dict[int, int] = {}
        missing = slot.size
        for aggregate in sorted(left, key=lambda each: (-left[each], each)):
            if not missing:
                break
            unit[aggregate] = min(left[aggregate], missing)
            missing -= unit[aggregate]
        if missing or len(unit) > (slot.max_lower or len(unit)):
            return []
        for aggregate, taken in unit.items():
            left[aggregate] -= taken
            if not left[aggregate]:
                del left[aggregate]
        units.append(unit)
    nodes.clear()
    nodes.update(left)
    return units
