"""What prices say about the linear program over patterns: bounds, costs and gains (Lagrange)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from .decided import Starts
from .master import Master, Relaxed
from .patterns import Pattern, Prices
from .tables import TOLERANCE, Floats


def lagrange_bound(
    master: Master,
    prices: Prices,
    pattern_values: Floats,
    refused: Collection[int],
    required: Collection[int] = (),
) -> float:
    """Bound of jobs and idle nodes: valid for any prices, without the refused jobs.

    Each job starts where it is worth more than it pays, a required one anyway; each aggregate
    hosts what is worth most, and what wide layers admit is paid for.
    """
    total = worth_of_patterns(master, prices, pattern_values)
    total += master.idle_rows.bound(prices.slots, prices.idle)
    if prices.levy:
        total += prices.levy * master.highest_beside
    for job, gain in gains_of(master, slot_costs(master, prices), prices.levy).items():
        if job in required:
            total += gain
        elif job not in refused:
            total += max(0.0, gain + master.worths[job] - master.values[job])
    return total


def worth_of_patterns(master: Master, prices: Prices, pattern_values: Floats) -> float:
    """What the best patterns and the room of wide layers are worth beside reserved nodes."""
    rooms = zip(prices.wide, master.room, strict=True)
    room = sum(float(price) * admitted for price, admitted in rooms)
    return float(pattern_values @ master.regions.copies) + room


def slot_costs(master: Master, prices: Prices) -> Floats:
    """Per shape, the least that the slots of one job cost."""
    costs = np.full(len(master.shapes), np.inf)
    for demand in master.demands:
        slot = master.slots[demand.slot]
        own = demand.count * slot.per_unit * float(prices.slots[demand.slot])
        if slot.max_lower is not None:
            own -= demand.count * slot.max_lower * float(prices.touches[demand.slot])
        costs[demand.shape] = min(own, costs[demand.shape])
    return costs


def cost_of(master: Master, costs: Floats, jobs: Iterable[int]) -> float:
    """Of all slots of these jobs, by what one job of each shape costs."""
    return sum(float(costs[master.shape_of[job]]) for job in jobs)


def gains_of(master: Master, costs: Floats, levy: float) -> dict[int, float]:
    """Per job position, what a start is worth beyond its slots and the levy.

    Parameters
    ----------
    costs
        Per shape, of the slots of one job.
    levy
        As in `Prices`.
    """
    return {
        job: master.values[job] - (cost + levy * master.values[job])
        for shape, cost in zip(master.shapes, costs.tolist(), strict=True)
        for job in shape.jobs
    }


def blamed(gains: Mapping[int, float], decided: Starts) -> dict[int, float]:
    """What decisions cost at some prices: jobs that start at a loss, or wait though they gain."""
    losses = {job: -gains[job] if is_up else gains[job] for job, is_up in decided.items()}
    return {job: loss for job, loss in losses.items() if loss > 0}


def reduced_cost(master: Master, pattern: Pattern, relaxed: Relaxed) -> float:
    """What a pattern is worth beyond the aggregate's present ones."""
    prices = relaxed.prices
    worth = sum(float(prices.slots[s]) * n for s, n in pattern.counts.items())
    if pattern.touched_by is not None:
        worth -= float(prices.touches[pattern.touched_by])
    for price, layer in zip(prices.wide, master.regions.wide, strict=True):
        if price > TOLERANCE and layer.covers[pattern.aggregate]:
            worth -= price * sum(int(layer.charges[s]) * n for s, n in pattern.counts.items())
    return float(worth - relaxed.worth[pattern.aggregate])
