"""Which jobs of several base blocks start, and in which regions: a dive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .bound import INTEGRAL, Generator
from .exchanges import serves
from .master import Master, Relaxed
from .patterns import Anchors, Pattern
from .slots import Demand

# Linear programs solved on the way down, and rounds of pricing in each.
MOST_DIVES = 300
ROUNDS = 10
# Aggregates that are settled at once: first so many, more as long as that goes well.
FIRST_SOME = 8
# Ways to settle an aggregate that are compared, and aggregates whose ways are.
MOST_WAYS = 2
MOST_TRIED = 2


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
    """Where the dive ended.

    Attributes
    ----------
    patterns
        The likely one per aggregate.
    relaxed
        The linear program with all larger units decided.
    """

    patterns: dict[int, Pattern]
    relaxed: Relaxed


def dive(generator: Generator, relaxed: Relaxed) -> Dived:
    """Settle the jobs and patterns that reach beyond base blocks.

    The fractional job that is worth most is rounded, then the aggregates whose choice is clearest
    are settled, each time with new prices for the rest.
    """
    anchored = _anchored_jobs(generator)
    some = FIRST_SOME
    for _ in range(MOST_DIVES):
        if generator.budget.is_spent:
            break
        found = generator.dive(relaxed, anchored, most_rounds=ROUNDS)
        if found is None:
            unclear = _unclear(generator, relaxed)
            if not unclear:
                break
            least = (1 - generator.dear) * relaxed.worth_of_starts
            clearest = {aggregate: unclear[aggregate][0] for aggregate in list(unclear)[:some]}
            found = _settled(generator, clearest, least)
            if found is not None and found.worth_of_starts >= least:
                some *= 2
            else:
                some = max(1, some // 2)
                _unsettle(generator, clearest)
                found = _settle_one(generator, unclear, least)
        if found is None:
            break
        relaxed = found
    return Dived(_likely_patterns(generator, relaxed), relaxed)


def _anchored_jobs(generator: Generator) -> dict[int, Demand]:
    master = generator.master
    return {
        job: demand
        for demand in master.demands
        if master.slots[demand.slot].span not in (1, None)
        for job in master.shapes[demand.shape].jobs
    }


def _unclear(generator: Generator, relaxed: Relaxed) -> dict[int, list[Anchors]]:
    """Aggregates whose larger units are not decided, the clearest first, with likely ways."""
    shares: dict[int, dict[Anchors, float]] = defaultdict(lambda: defaultdict(float))
    for pattern, share in zip(generator.master.patterns, relaxed.shares, strict=False):
        if share > INTEGRAL:
            shares[pattern.aggregate][pattern.anchors] += share
    for of_anchors in shares.values():
        # What follows no pattern hosts nothing.
        if (idle := 1 - sum(of_anchors.values())) > INTEGRAL:
            of_anchors[()] += idle
    unclear = {
        aggregate: sorted(of_anchors, key=lambda anchors: of_anchors[anchors], reverse=True)
        for aggregate, of_anchors in shares.items()
        if len(of_anchors) > 1 and aggregate not in generator.pricer.settled
    }
    order = sorted(unclear, key=lambda each: (-shares[each][unclear[each][0]], each))
    return {aggregate: unclear[aggregate] for aggregate in order}


def _settle_one(
    generator: Generator, unclear: Mapping[int, list[Anchors]], least: float
) -> Relaxed | None:
    """Settle one aggregate in the first way that leaves enough, else in the best tried."""
    tried: list[tuple[float, int, Anchors]] = []
    for aggregate, ways in list(unclear.items())[:MOST_TRIED]:
        for anchors in ways[:MOST_WAYS]:
            found = _settled(generator, {aggregate: anchors}, least)
            if found is not None and found.worth_of_starts >= least:
                return found
            _unsettle(generator, [aggregate])
            tried.append((0.0 if found is None else found.worth_of_starts, aggregate, anchors))
    _, aggregate, anchors = max(tried, key=lambda each: each[0])
    return _settled(generator, {aggregate: anchors}, least)


def _settled(generator: Generator, chosen: Mapping[int, Anchors], least: float) -> Relaxed | None:
    for aggregate, anchors in chosen.items():
        generator.pricer.settle(aggregate, anchors)
        generator.master.settle(aggregate, anchors)
    return generator.run(precision=generator.dear, most_rounds=ROUNDS, goal=least)[0]


def _unsettle(generator: Generator, aggregates: Iterable[int]) -> None:
    for aggregate in aggregates:
        generator.pricer.release(aggregate)
        generator.master.unsettle(aggregate)


def _likely_patterns(generator: Generator, relaxed: Relaxed) -> dict[int, Pattern]:
    best: dict[int, tuple[float, Pattern]] = {}
    for pattern, share in zip(generator.master.patterns, relaxed.shares, strict=False):
        if share > best.get(pattern.aggregate, (INTEGRAL, pattern))[0]:
            best[pattern.aggregate] = share, pattern
    return {aggregate: pattern for aggregate, (_, pattern) in best.items()}


def assign(generator: Generator, dived: Dived) -> list[Anchor]:
    """Give the regions that the patterns offer to jobs, the most valuable first."""
    master = generator.master
    offered: dict[int, list[int]] = defaultdict(list)
    for pattern in dived.patterns.values():
        for number, region in pattern.regions:
            offered[number].append(region)
    wanted = [
        (job, demand)
        for job, demand in _anchored_jobs(generator).items()
        if dived.relaxed.starts[job] > 0.5
    ]
    wanted.sort(key=lambda pair: -master.values[pair[0]])
    anchors = []
    # Places are for those who asked for them; what they leave serves others.
    for is_own in (True, False):
        waiting = []
        for job, demand in wanted:
            usable = [demand.slot] if is_own else [demand.slot, *_serving(master, demand, offered)]
            regions = [(other, region) for other in usable for region in offered[other]]
            if len(regions) < demand.count:
                waiting.append((job, demand))
                continue
            for other, region in regions[: demand.count]:
                offered[other].remove(region)
            chosen = tuple(region for _, region in regions[: demand.count])
            anchors.append(Anchor(job, demand, chosen))
        wanted = waiting
    return anchors


def _serving(master: Master, demand: Demand, offered: Collection[int]) -> list[int]:
    """Other slots of the span that could host a unit, the smallest first."""
    slots = master.slots
    slot = slots[demand.slot]
    larger = [
        other
        for other in offered
        if other != demand.slot
        and slots[other].span == slot.span
        and slots[other].size >= slot.size
        and slot.packing is None
        and serves(slots[other], slot)
    ]
    return sorted(larger, key=lambda other: slots[other].size)
