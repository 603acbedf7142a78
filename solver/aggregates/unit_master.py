"""The linear program over whole places of units beyond all levels; prices generate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from ..budget import Budget
from .bound import STEP_WORK
from .cheapest import cheapest, work_of
from .cuts import Unit
from .regions import Bools
from .simplex import linear_program, solved
from .slots import Demand
from .tables import Floats
from .unit_task import Place, Task

MOST_ROUNDS = 200
# What a missing unit counts: more than what any place of it costs.
MISSING = 1e3
# Less than this is a rounding error, as a share of what a limit is compared with.
NOTHING = 1e-7
# What others may be worth less than nothing, in scales, before a place is out of the question.
FURTHEST = 100.0


@dataclass(frozen=True)
class Touch:
    """That an aggregate gives so many nodes or more to a unit of a job, or of any."""

    job: int | None
    aggregate: int
    nodes: int = 1

    def has(self, unit: Unit) -> bool:
        """Whether it does so to this unit."""
        return self.concerns(unit.job) and unit.nodes.get(self.aggregate, 0) >= self.nodes

    def concerns(self, job: int) -> bool:
        """Whether units of the job could."""
        return self.job is None or self.job == job


@dataclass(frozen=True)
class Level:
    """All touches that cost so much or more by a limit; how many there are is a whole number."""

    limit: int
    cost: float

    def members(self, task: Task) -> Bools:
        """Per class of charges, aggregate and number of nodes, whether it is one."""
        found: Bools = task.loss[self.limit] >= self.cost - NOTHING * task.scale
        return found


@dataclass(frozen=True)
class Decisions:
    """What was decided.

    Attributes
    ----------
    touches
        Whether they are there.
    starts
        Of some jobs.
    levels
        At least and at most so many touches.
    """

    touches: Mapping[Touch, bool] = field(default_factory=dict)
    starts: Mapping[int, bool] = field(default_factory=dict)
    levels: Mapping[Level, tuple[int, int]] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How much was decided."""
        return len(self.touches) + len(self.starts) + len(self.levels)


@dataclass(frozen=True)
class Divided:
    """An optimum in fractions.

    Attributes
    ----------
    rest
        What is left to others.
    starts
        Per job.
    shares
        Of places.
    """

    rest: float
    starts: Mapping[int, float]
    shares: Sequence[tuple[Place, float]]


@dataclass(frozen=True)
class _Prices:
    """Dual values, none negative.

    Attributes
    ----------
    limits
        Per limit.
    touch, node, charge
        Per aggregate: of touching one that hosts one unit, of a node of others and of its charge.
    rewards
        Of touches that are required.
    levels
        What a touch of each level costs; negative where more are required.
    capacity
        What all limits and aggregates are worth together, less the rewards.
    """

    limits: Floats
    touch: Floats
    node: Floats
    charge: Floats
    rewards: Mapping[Touch, float]
    levels: Mapping[Level, float]
    capacity: float


class UnitMaster:
    """Chooses jobs and places for their units, in fractions, under some decisions.

    Rows: all units of a job that starts are placed; an aggregate hosts one unit, or has the nodes
    and budget for all that it hosts; limits are kept; required touches are there.

    Parameters
    ----------
    places
        To begin with; those that are generated are added.

    Attributes
    ----------
    bound
        Of the worth of all jobs together, under these decisions; it holds at any time.
    needed
        Numbers of the limits that prove it.
    """

    def __init__(
        self, task: Task, places: list[Place], decisions: Decisions, budget: Budget
    ) -> None:
        self._task, self._known, self._budget = task, places, budget
        self.bound = inf
        self.needed: set[int] = set()
        self._refused = [touch for touch, touches in decisions.touches.items() if not touches]
        self._solver = linear_program()
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._rest = self._solver.NumVar(-FURTHEST, task.most / task.scale, "rest")
        self._objective.SetCoefficient(self._rest, -1.0)
        self._starts: dict[int, pywraplp.Variable] = {}
        self._of_job = {job: self._job_row(job, decisions.starts) for job in task.demands}
        self._of_touch = {
            touch: self._required_row(1, inf)
            for touch, touches in decisions.touches.items()
            if touches
        }
        self._members = {level: level.members(task) for level in decisions.levels}
        self._of_level = {
            level: (self._required_row(least, inf), self._solver.Constraint(-inf, float(most)))
            for level, (least, most) in decisions.levels.items()
        }
        self._of_limit = [self._limit_row(number) for number in range(len(task.limits.most))]
        self._paid_by = {job: task.paid_by(job) for job in self._starts}
        for job, start in self._starts.items():
            for row, paid in zip(self._of_limit, self._paid_by[job].tolist(), strict=True):
                if paid:
                    row.SetCoefficient(start, paid)
        self._of_aggregate: dict[int, pywraplp.Constraint] = {}
        self._of_budget: dict[int, pywraplp.Constraint] = {}
        self._places: list[tuple[Place, pywraplp.Variable]] = []
        for place in places:
            if not any(touch.has(place.unit) for touch in self._refused):
                self._add(place)

    def _job_row(self, job: int, decided: Mapping[int, bool]) -> pywraplp.Constraint:
        worth = self._task.worths.get(job, 0.0) / self._task.scale
        least = int(decided.get(job, job not in self._task.worths))
        start = self._solver.NumVar(least, int(decided.get(job, True)), "start")
        self._objective.SetCoefficient(start, -worth)
        self._starts[job] = start
        row = self._required_row(0, 0)
        row.SetCoefficient(start, -self._task.number_of(job))
        return row

    def _required_row(self, least: float, most: float) -> pywraplp.Constraint:
        """A row that may be broken at a price."""
        row = self._solver.Constraint(float(least), float(most))
        missing = self._solver.NumVar(0, self._solver.infinity(), "missing")
        row.SetCoefficient(missing, 1.0)
        self._objective.SetCoefficient(missing, MISSING)
        return row

    def _limit_row(self, number: int) -> pywraplp.Constraint:
        limits = self._task.limits
        most = float(limits.most[number] / limits.scale[number])
        row = self._solver.Constraint(-self._solver.infinity(), most)
        if number >= limits.num_wide:
            row.SetCoefficient(self._rest, 1.0)
        return row

    def _add(self, place: Place) -> None:
        task, unit = self._task, place.unit
        share = self._solver.NumVar(0, self._solver.infinity(), "share")
        self._of_job[unit.job].SetCoefficient(share, 1)
        for touch, row in self._of_touch.items():
            if touch.has(unit):
                row.SetCoefficient(share, 1)
        for level, rows in self._of_level.items():
            members = self._members[level][task.class_of(unit.demand)]
            number = sum(bool(members[each]) for each in unit.nodes.items())
            for row in rows if number else ():
                row.SetCoefficient(share, number)
        regions = task.master.regions
        charge = int(regions.charge[unit.demand.slot])
        for aggregate, nodes in unit.nodes.items():
            is_lone = task.hosts_one[aggregate]
            most = 1 if is_lone else regions.free_of_aggregates[aggregate]
            row = self._limited(self._of_aggregate, aggregate, most)
            row.SetCoefficient(share, 1 if is_lone else nodes)
            if charge and not is_lone:
                room = regions.budget_of_aggregates[aggregate]
                self._limited(self._of_budget, aggregate, room).SetCoefficient(
                    share, charge * nodes
                )
        for row, cost in zip(self._of_limit, place.costs.tolist(), strict=True):
            row.SetCoefficient(share, cost)
        self._places.append((place, share))

    def _limited(
        self, rows: dict[int, pywraplp.Constraint], aggregate: int, most: float
    ) -> pywraplp.Constraint:
        if aggregate not in rows:
            rows[aggregate] = self._solver.Constraint(-self._solver.infinity(), float(most))
        return rows[aggregate]

    def solve(self, enough: float) -> Divided | None:
        """An optimum; None if nothing is worth `enough`, or time is up."""
        scale = self._task.scale
        solver = self._solver
        for _ in range(MOST_ROUNDS):
            if self._budget.is_spent or not solved(solver):
                return None
            self._budget.work += solver.iterations() * solver.NumConstraints() * STEP_WORK
            reached = -self._objective.Value()
            if reached >= self._task.most / scale - NOTHING and not self._task.worths:
                # All must start, and nothing is missed.
                break
            prices = self._prices()
            cheap = self._cheap(prices)
            if cheap is None:
                return None
            bound = self._bound(prices, cheap)
            if bound < self.bound:
                self.bound = bound
                self.needed = set(np.nonzero(prices.limits)[0].tolist())
            if self.bound < enough - NOTHING * scale:
                return None
            if self.bound - reached * scale <= NOTHING * scale or not self._add_new(cheap):
                break
        return Divided(
            self._rest.solution_value() * scale,
            {job: start.solution_value() for job, start in self._starts.items()},
            [
                (place, share.solution_value())
                for place, share in self._places
                if share.solution_value() > NOTHING
            ],
        )

    def _bound(self, prices: _Prices, cheap: Mapping[int, tuple[float, Unit | None]]) -> float:
        """Lagrangian bound: every job starts where it is worth more than its places cost."""
        task = self._task
        total = prices.capacity
        unpriced = 1.0 - float(prices.limits[task.limits.num_wide :].sum())
        total += max(unpriced * self._rest.ub(), unpriced * self._rest.lb())
        for job, (price, _) in cheap.items():
            gain = task.worths.get(job, 0.0) / task.scale
            gain -= task.number_of(job) * min(MISSING, price)
            gain -= float(prices.limits @ self._paid_by[job])
            start = self._starts[job]
            total += max(gain * start.lb(), gain * start.ub())
        return float(total * task.scale)

    def _prices(self) -> _Prices:
        task = self._task
        regions = task.master.regions
        limits = np.array([-row.dual_value() for row in self._of_limit]).clip(min=0)
        touch, node, charge = np.zeros((3, regions.num_aggregates))
        for aggregate, row in self._of_aggregate.items():
            of_this = touch if task.hosts_one[aggregate] else node
            of_this[aggregate] = max(0.0, -row.dual_value())
        for aggregate, row in self._of_budget.items():
            charge[aggregate] = max(0.0, -row.dual_value())
        rewards = {each: max(0.0, row.dual_value()) for each, row in self._of_touch.items()}
        capacity = limits @ (task.limits.most / task.limits.scale) + touch.sum()
        capacity += node @ regions.free_of_aggregates + charge @ regions.budget_of_aggregates
        capacity -= sum(rewards.values())
        levels = {}
        for level, (least, most) in self._of_level.items():
            reward, price = max(0.0, least.dual_value()), max(0.0, -most.dual_value())
            capacity += price * most.Ub() - reward * least.Lb()
            levels[level] = price - reward
        return _Prices(limits, touch, node, charge, rewards, levels, float(capacity))

    def _cheap(self, prices: _Prices) -> dict[int, tuple[float, Unit | None]] | None:
        """Per job the cheapest place of a unit, and its price; None if time is up."""
        task = self._task
        paid_for = np.nonzero(prices.limits)[0]
        per_scale = prices.limits[paid_for] / task.limits.scale[paid_for]
        loss = np.tensordot(per_scale, task.loss[paid_for], axes=1)
        paid = np.tensordot(per_scale, task.limits.paid[paid_for], axes=1)
        found: dict[int, tuple[float, Unit | None]] = {}
        for job, demands in task.demands.items():
            found[job] = MISSING, None
            for demand in demands:
                own = task.class_of(demand)
                touching = loss[own] + prices.touch[:, None]
                for level, price in prices.levels.items():
                    touching += price * self._members[level][own]
                charge = int(task.master.regions.charge[demand.slot])
                per_node = prices.node + charge * prices.charge + paid[demand.slot]
                if self._budget.is_spent:
                    return None
                cheap = self._cheapest(job, demand, touching, per_node, prices.rewards)
                if cheap is not None and (found[job][1] is None or cheap[0] < found[job][0]):
                    found[job] = cheap[0], Unit(job, demand, cheap[1])
        return found

    def _cheapest(
        self,
        job: int,
        demand: Demand,
        costs: Floats,
        per_node: Floats,
        rewards: Mapping[Touch, float],
    ) -> tuple[float, dict[int, int]] | None:
        """The cheapest place of a unit, and its price; `costs` per aggregate and nodes."""
        task = self._task
        slot = task.master.slots[demand.slot]
        rooms = task.master.regions.room[demand.slot]
        least = task.least[demand.slot]
        nodes = np.arange(int(min(rooms.max(initial=0), slot.size)) + 1)
        costs = costs[:, : len(nodes)] + per_node[:, None] * nodes
        for touch, reward in rewards.items():
            if touch.concerns(job):
                costs[touch.aggregate, touch.nodes :] -= reward
        for touch in self._refused:
            if touch.concerns(job):
                costs[touch.aggregate, touch.nodes :] = np.inf
        costs[(nodes < least) | (nodes > rooms[:, None])] = np.inf
        candidates = np.nonzero(np.isfinite(costs).any(axis=1))[0]
        costs = costs[candidates]
        self._budget.work += work_of(costs, slot.size, slot.max_lower)
        found = cheapest(costs, slot.size, slot.max_lower)
        if found is None:
            return None
        price, taken = found
        return price, {int(candidates[index]): number for index, number in taken.items()}

    def _add_new(self, cheap: Mapping[int, tuple[float, Unit | None]]) -> bool:
        """Add the places that are worth their price; whether there are any."""
        worth = {job: row.dual_value() for job, row in self._of_job.items()}
        units = [
            unit
            for job, (price, unit) in cheap.items()
            if unit is not None and price < worth[job] - NOTHING / 10
        ]
        for unit in units:
            place = self._task.place(unit)
            self._known.append(place)
            self._add(place)
        return bool(units)
