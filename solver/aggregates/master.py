"""The linear program over jobs and patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from ..shapes import Shape
from .exchanges import Exchange, exchanges_of
from .idle import NO_IDLE, Idle
from .idle_rows import IdleRows
from .patterns import Anchors, Pattern, Prices, Reserved
from .regions import Regions
from .simplex import linear_program, solved
from .slots import Demand, Slot
from .tables import Floats


@dataclass(frozen=True)
class Relaxed:
    """An optimum of the linear program over the patterns known so far.

    Attributes
    ----------
    value, prices
        Of its objective, and dual values.
    worth_of_starts
        The value without what preferred jobs are worth more, or required ones less.
    worth
        Per aggregate, the dual value of following one more pattern.
    starts
        Per job position, 0 to 1.
    shares
        Per pattern, how many aggregates follow it.
    fits
        Per unit size, how many units fit into idle nodes.
    """

    value: float
    worth_of_starts: float
    prices: Prices
    worth: Floats
    starts: dict[int, float]
    shares: list[float]
    fits: dict[int, float]


class Master:
    """Chooses jobs, and one pattern per aggregate.

    Rows: every slot that jobs use is offered by some pattern, or by a slot that can do more; every
    aggregate follows one pattern; wide layers hold; jobs are not worth more than they can be.

    Parameters
    ----------
    values
        Per job position, what its start is worth in the first term.
    job_ids
        Per job position.
    idle
        What slots of idle nodes are worth, with nobody in them.
    highest
        What jobs that start are worth together at most, where that is known.

    Attributes
    ----------
    demands_of
        Per shape, one for each partition.
    shape_of
        Per job position; those of jobs without a chance are missing.
    steepest
        The most that a job is worth per node.
    room
        Per layer over whole aggregates, what it admits beside reserved nodes.
    """

    def __init__(
        self,
        regions: Regions,
        slots: Sequence[Slot],
        shapes: Sequence[Shape],
        demands: Sequence[Demand],
        values: Sequence[int],
        job_ids: Sequence[str],
        idle: Idle = NO_IDLE,
        highest: float = inf,
    ) -> None:
        self.regions = regions
        self.slots = slots
        self.shapes = shapes
        self.demands = demands
        self.demands_of: dict[int, list[Demand]] = defaultdict(list)
        for demand in demands:
            self.demands_of[demand.shape].append(demand)
        self.shape_of = {job: number for number, shape in enumerate(shapes) for job in shape.jobs}
        self.values = values
        self.worths: list[float] = list(values)
        self._nodes = self._nodes_of_jobs()
        self.steepest = max(
            (values[job] / nodes for job, nodes in self._nodes.items()), default=0.0
        )
        self.job_ids = job_ids
        self.idle = idle
        self.patterns: list[Pattern] = []
        self._known: set[tuple[object, ...]] = set()
        self._settled: dict[int, Anchors] = {}
        self._spared = np.zeros(regions.num_aggregates, dtype=np.int64)
        self.room = [row.room for row in regions.wide]
        self.highest = highest
        self._reserved_worth = 0
        self._solver = linear_program()
        infinity = self._solver.infinity()
        self._objective = self._solver.Objective()
        self._objective.SetMaximization()
        self._rows = [self._solver.Constraint(-infinity, 0) for _ in slots]
        self._touches = {
            index: self._solver.Constraint(-infinity, 0)
            for index, slot in enumerate(slots)
            if slot.max_lower is not None
        }
        self._choices = [
            self._solver.Constraint(-infinity, copies) for copies in regions.copies.tolist()
        ]
        self._wide = [self._solver.Constraint(-infinity, row.room) for row in regions.wide]
        num_blocks = int(regions.copies.sum()) * regions.span
        self.idle_rows = IdleRows(self._solver, idle, self._rows, num_blocks)
        self._worth = self._solver.Constraint(-infinity, 0) if self.is_limited else None
        self._starts: dict[int, pywraplp.Variable] = {}
        self._columns: list[pywraplp.Variable] = []
        self._exchanges: list[tuple[Exchange, pywraplp.Variable]] = []
        self._add_jobs()
        for exchange in exchanges_of(slots):
            self._exchange(exchange)
        self._limit_worth()

    def _nodes_of_jobs(self) -> dict[int, int]:
        return {job: shape.options[0].job.num_nodes for shape in self.shapes for job in shape.jobs}

    @property
    def most(self) -> float:
        """What everything is worth at most: all jobs, and all base blocks idle."""
        return float(sum(self.worths)) + self.idle_rows.most

    def _add_jobs(self) -> None:
        for number, shape in enumerate(self.shapes):
            is_only = len(self.demands_of[number]) == 1
            placed = None if is_only else self._solver.Constraint(0, 0)
            for job in shape.jobs:
                start = self._solver.NumVar(0, 1, "")
                self._objective.SetCoefficient(start, self.values[job])
                self._starts[job] = start
                if self._worth is not None:
                    self._worth.SetCoefficient(start, self.values[job] / self.steepest)
                if placed is None:
                    self._demand(start, self.demands_of[number][0])
                else:
                    placed.SetCoefficient(start, 1)
            if placed is not None:
                for demand in self.demands_of[number]:
                    count = self._solver.NumVar(0, len(shape.jobs), "")
                    placed.SetCoefficient(count, -1)
                    self._demand(count, demand)

    def _demand(self, started: pywraplp.Variable, demand: Demand) -> None:
        slot = self.slots[demand.slot]
        self._rows[demand.slot].SetCoefficient(started, demand.count * slot.per_unit)
        if slot.max_lower is not None:
            # A unit touches at most so many aggregates; each gives at most what it has.
            self._touches[demand.slot].SetCoefficient(started, -demand.count * slot.max_lower)

    def _exchange(self, exchange: Exchange) -> None:
        variable = self._solver.NumVar(0, self._solver.infinity(), "")
        given, got = exchange.given, exchange.got
        for slot in {*given, *got}:
            self._rows[slot].SetCoefficient(variable, given.count(slot) - got.count(slot))
        self._exchanges.append((exchange, variable))

    def add(self, pattern: Pattern) -> bool:
        """Add a pattern; whether it was new."""
        if pattern.key in self._known:
            return False
        self._known.add(pattern.key)
        column = self._solver.NumVar(0, self._solver.infinity(), "")
        self._choices[pattern.aggregate].SetCoefficient(column, 1)
        for slot, count in pattern.counts.items():
            self._rows[slot].SetCoefficient(column, -count)
        if pattern.touched_by is not None:
            self._touches[pattern.touched_by].SetCoefficient(column, 1)
        for row, used in zip(self._wide, self.wide_use(pattern), strict=True):
            if used:
                row.SetCoefficient(column, used)
        self.patterns.append(pattern)
        self._columns.append(column)
        return True

    def wide_use(self, pattern: Pattern) -> list[int]:
        """What one aggregate that follows the pattern adds to each wide layer."""
        return [
            sum(int(layer.charges[slot]) * count for slot, count in pattern.counts.items())
            if layer.covers[pattern.aggregate]
            else 0
            for layer in self.regions.wide
        ]

    def prefer(self, job: int, times: int = 1) -> None:
        """Make a start worth more than anything that it could displace.

        The more nodes, the more: where not all preferred jobs fit, a whole small one gives way,
        not a fraction of a large one.
        """
        self.release(job)
        self.worths[job] = self.values[job] + times * self._nodes[job] * self.steepest
        self._objective.SetCoefficient(self._starts[job], self.worths[job])

    def extra_worth(self, jobs: Collection[int]) -> float:
        """What these jobs are worth at present beyond their values."""
        return sum(self.worths[job] - self.values[job] for job in jobs)

    def worth_of(self, jobs: Iterable[int]) -> int:
        """What these jobs are worth."""
        return sum(self.values[job] for job in jobs)

    def release(self, job: int) -> None:
        """Undo `prefer` and `refuse`."""
        self.worths[job] = self.values[job]
        self._objective.SetCoefficient(self._starts[job], self.worths[job])
        self._starts[job].SetBounds(0, 1)

    def refuse(self, job: int) -> None:
        """Decide that a job does not start."""
        self.release(job)
        self._starts[job].SetBounds(0, 0)

    def require(self, job: int) -> None:
        """Decide that a job starts, which then is worth nothing."""
        self.worths[job] = 0.0
        self._objective.SetCoefficient(self._starts[job], 0)
        self._starts[job].SetBounds(1, 1)

    def settle(self, aggregate: int, anchors: Anchors) -> None:
        """Let an aggregate follow only patterns with these units beyond single base blocks."""
        self._settled[aggregate] = anchors
        self._bound_columns(aggregate)

    def unsettle(self, aggregate: int) -> None:
        """Undo `settle`."""
        del self._settled[aggregate]
        self._bound_columns(aggregate)

    def reserve(self, reserved: Reserved) -> None:
        """Let aggregates follow only patterns that spare so many nodes, and layers hold less."""
        self._spared = reserved.nodes
        rooms = zip(self.regions.wide, reserved.wide.tolist(), strict=True)
        self.room = [row.room - taken for row, taken in rooms]
        for constraint, room in zip(self._wide, self.room, strict=True):
            constraint.SetUb(room)
        self._reserved_worth = reserved.worth
        self._limit_worth()
        self._bound_columns()

    @property
    def is_limited(self) -> bool:
        """Whether jobs may only be worth so much together."""
        return self.highest < inf and self.steepest > 0

    @property
    def highest_beside(self) -> float:
        """What jobs are worth at most beside those that are decided elsewhere."""
        return self.highest - self._reserved_worth

    def _limit_worth(self) -> None:
        if self._worth is not None:
            # In nodes, as other rows are.
            self._worth.SetUb(self.highest_beside / self.steepest)

    def _bound_columns(self, aggregate: int | None = None) -> None:
        """Open the patterns that may be followed, by default of all aggregates."""
        infinity = self._solver.infinity()
        for pattern, column in zip(self.patterns, self._columns, strict=True):
            if aggregate is None or pattern.aggregate == aggregate:
                column.SetBounds(0, infinity if self._may_follow(pattern) else 0)

    @property
    def open_patterns(self) -> list[Pattern]:
        """Those that may be followed."""
        return [pattern for pattern in self.patterns if self._may_follow(pattern)]

    def _may_follow(self, pattern: Pattern) -> bool:
        settled = self._settled.get(pattern.aggregate)
        is_settled = settled is None or pattern.anchors == settled
        return is_settled and pattern.spared >= int(self._spared[pattern.aggregate])

    def keep(self, pattern: int, copies: int) -> None:
        """Let at least so many aggregates follow a pattern."""
        self._columns[pattern].SetBounds(copies, self._solver.infinity())

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges that are allowed."""
        return [exchange for exchange, _ in self._exchanges]

    @property
    def num_rows(self) -> int:
        return int(self._solver.NumConstraints())

    @property
    def steps(self) -> int:
        """Simplex steps of the last solve."""
        return int(self._solver.iterations())

    def solve(self) -> Relaxed | None:
        """An optimum over the known patterns; None where kept patterns break a wide layer."""
        if not solved(self._solver):
            return None
        touches = np.zeros(len(self.slots))
        for slot, row in self._touches.items():
            touches[slot] = max(0.0, row.dual_value())
        starts = {job: start.solution_value() for job, start in self._starts.items()}
        return Relaxed(
            value=self._objective.Value(),
            worth_of_starts=sum(self.values[job] * share for job, share in starts.items())
            + self.idle_rows.worth,
            prices=Prices(
                np.array([max(0.0, row.dual_value()) for row in self._rows]),
                touches,
                np.array([max(0.0, row.dual_value()) for row in self._wide]),
                self.idle_rows.prices,
                0.0 if self._worth is None else max(0.0, self._worth.dual_value()) / self.steepest,
            ),
            worth=np.array([row.dual_value() for row in self._choices]),
            starts=starts,
            shares=[column.solution_value() for column in self._columns],
            fits=self.idle_rows.fits,
        )
