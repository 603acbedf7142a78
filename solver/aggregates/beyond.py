"""Jobs larger than all levels: chosen and placed first, at the prices of everything else.

A unit of such a job may touch few aggregates, which the linear program cannot see: it lets several
jobs share the best aggregates in fractions. There are few of these jobs and each is worth a lot,
so that a small exact model gives them aggregates: worth of the jobs, less what the nodes they take
would be worth to others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np
from ortools.sat.python import cp_model

from ..budget import Budget
from .anchors import Shares
from .bound import INTEGRAL, Generator
from .master import Master, Relaxed
from .patterns import Prices
from .slots import Demand
from .tables import Floats

# Of the budget's rest, what one exact model may use, and its most deterministic seconds.
SHARE = 0.1
MOST_WORK = 2.0
# Worths and losses are rounded to this part of a unit.
UNIT = 10
MOST_DIVES = 40
ROUNDS = 12


def place_largest(
    generator: Generator, relaxed: Relaxed, budget: Budget
) -> list[Mapping[int, Shares]]:
    """Two choices of jobs beyond all levels, with the aggregates of their units.

    The first chooses freely at the generator's best prices; the second among the jobs that remain
    when the linear program's fractions are rounded one by one.
    """
    master = generator.master
    gain = generator.pricer.worth_by_left(generator.center)
    demands = _demands(master)
    freely = _exactly(master, gain, demands, demands.keys(), budget)
    for _ in range(MOST_DIVES):
        found = None if budget.is_spent else generator.dive(relaxed, demands, most_rounds=ROUNDS)
        if found is None:
            break
        relaxed = found
    rounded = [job for job in demands if relaxed.starts[job] > 1 - INTEGRAL]
    return [freely, _exactly(master, gain, demands, rounded, budget)]


def place_sparingly(generator: Generator, budget: Budget) -> Mapping[int, Shares]:
    """Jobs beyond all levels where they leave what others need and few regions offer.

    For when there is room for all, so that the linear program puts no price on anything.
    """
    master = generator.master
    demands = _demands(master)
    needed = np.zeros(len(master.slots))
    for demand in master.demands:
        needed[demand.slot] += demand.count * len(master.shapes[demand.shape].jobs)
    offered = np.full(len(master.slots), np.inf)
    for number, allowed in master.regions.allowed.items():
        offered[number] = max(1, int(allowed.sum()))
    nodes = np.array([slot.nodes for slot in master.slots])
    none = np.zeros(len(master.slots))
    prices = Prices(nodes * needed / offered, none, np.zeros(len(master.regions.wide)))
    gain = generator.pricer.worth_by_left(prices)
    return _exactly(master, gain, demands, demands.keys(), budget)


def _demands(master: Master) -> dict[int, Demand]:
    """Jobs that are beyond all levels in some partition, with that demand."""
    return {
        job: demand
        for demand in master.demands
        if master.slots[demand.slot].span is None
        for job in master.shapes[demand.shape].jobs
    }


def _exactly(
    master: Master,
    gain: Floats,
    demands: dict[int, Demand],
    chosen: Collection[int],
    budget: Budget,
) -> Mapping[int, Shares]:
    """Where jobs among `chosen` take their nodes; empty if nothing was found in time.

    Parameters
    ----------
    gain
        Per aggregate and nodes left to larger units, what the aggregate is worth without them.
    """
    if budget.is_spent:
        return {}
    model = _Largest(master, gain)
    for job in chosen:
        model.add_job(job, demands[job])
    part = budget.part(SHARE)
    found = model.solve(part)
    budget.add(part)
    return found


class _Largest:
    """Starts, aggregates and nodes of jobs beyond all levels."""

    def __init__(self, master: Master, gain: Floats) -> None:
        self._master = master
        self._gain = gain
        self._most = float(sum(master.values))
        self._model = cp_model.CpModel()
        self._worth: list[cp_model.LinearExpr] = []
        self._touches: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        self._least: dict[int, int] = {}
        self._taken: dict[int, list[tuple[cp_model.IntVar, int]]] = defaultdict(list)
        self._units: list[tuple[int, dict[int, cp_model.IntVar]]] = []

    def add_job(self, job: int, demand: Demand) -> None:
        """A start, and per unit the aggregates it touches and its nodes there."""
        start = self._model.new_bool_var(f"start_{job}")
        self._worth.append(UNIT * self._master.values[job] * start)
        for _ in range(demand.count):
            self._add_unit(job, demand, start)

    def _add_unit(self, job: int, demand: Demand, start: cp_model.IntVar) -> None:
        regions, model = self._master.regions, self._model
        slot = self._master.slots[demand.slot]
        most = slot.max_lower or regions.num_aggregates
        rooms = regions.room[demand.slot].tolist()
        # An aggregate is of use only if the largest others can give the rest.
        rest = sum(sorted(rooms, reverse=True)[: most - 1])
        least = max(1, slot.size - rest)
        touches, shares = [], {}
        for aggregate, room in enumerate(rooms):
            if room < least:
                continue
            touch = model.new_bool_var(f"touch_{job}_{aggregate}")
            share = model.new_int_var(0, room, f"share_{job}_{aggregate}")
            model.add(share <= room * touch)
            model.add(share >= least * touch)
            touches.append(touch)
            shares[aggregate] = share
            self._touches[aggregate].append(touch)
            self._least[aggregate] = min(least, self._least.get(aggregate, least))
            self._taken[aggregate].append((share, int(regions.charge[demand.slot])))
            self._worth.append(-self._loss_per_node(aggregate, room) * share)
        model.add(cp_model.LinearExpr.sum(list(shares.values())) == slot.size * start)
        model.add(cp_model.LinearExpr.sum(touches) <= most * start)
        self._units.append((job, shares))

    def _loss_per_node(self, aggregate: int, room: int) -> int:
        """What the aggregate loses if it gives all it can, in proportion."""
        gain = self._gain[aggregate]
        return max(0, round(UNIT * min(float(gain[0] - gain[room]), self._most) / room))

    def solve(self, budget: Budget) -> Mapping[int, Shares]:
        """The shares of the best choice found."""
        for aggregate in self._taken:
            self._limit(aggregate)
        self._model.maximize(cp_model.LinearExpr.sum(self._worth))
        solver = budget.solver(is_large=False, most_work=MOST_WORK)
        status = budget.spend(solver, self._model, None)
        found: dict[int, list[dict[int, int]]] = {}
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            for job, shares in self._units:
                taken = {aggregate: solver.value(share) for aggregate, share in shares.items()}
                if any(taken.values()):
                    found.setdefault(job, []).append({a: n for a, n in taken.items() if n})
        return found

    def _limit(self, aggregate: int) -> None:
        """Nodes and budget of an aggregate."""
        regions, model = self._master.regions, self._model
        blocks = slice(aggregate * regions.span, (aggregate + 1) * regions.span)
        nodes = int(regions.free[blocks].sum())
        shares = [share for share, _ in self._taken[aggregate]]
        charges = [charge for _, charge in self._taken[aggregate]]
        model.add(cp_model.LinearExpr.sum(shares) <= nodes)
        if any(charges):
            budget = int(regions.budget[blocks].sum())
            model.add(cp_model.LinearExpr.weighted_sum(shares, charges) <= budget)
        if 2 * self._least[aggregate] > nodes:
            model.add_at_most_one(self._touches[aggregate])
