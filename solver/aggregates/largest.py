"""What units beyond all levels take of which aggregates: an integer program.

A unit of such a job may touch few aggregates, which the linear program over patterns cannot see:
it lets several units share the best aggregates in fractions. There are few of these jobs, and what
all others miss because of them is bounded by cuts, one for each set of prices (Benders).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

from ..budget import Budget
from ..search import watched
from .bound import STEP_WORK
from .envelope import lower_envelope
from .master import Master
from .patterns import Prices
from .pricing import Pricer
from .regions import Ints
from .slots import Demand
from .tables import Floats
from .top import at_least

# Pairs of unit and aggregate up to which it is built (measured: 10,000 take seconds to solve).
MOST_SHARES = 12_000
# Of the budget's rest, what one solve may use.
SHARE = 0.4
# Nodes of its search tree.
MOST_NODES = 200
# Shares below this are rounding errors.
NOTHING = 1e-6

Terms = Iterable[tuple[pywraplp.Variable, float]]


@dataclass(frozen=True)
class Cut:
    """What aggregates and wide layers are worth at most to all other jobs, at some prices.

    Attributes
    ----------
    worth
        If nothing is left to units beyond all levels.
    costs
        Per shape, what the slots of one job cost.
    loss
        Per class of charges, aggregate, and nodes left to such units, what the aggregate misses.
    class_of
        Per slot.
    paid
        Per slot and aggregate, what a node of such a unit costs in wide layers.
    """

    worth: float
    costs: Floats
    loss: Floats
    class_of: Ints
    paid: Floats


def cut_of(master: Master, pricer: Pricer, prices: Prices) -> Cut:
    """The cut of any prices (Lagrange); a bound unless the pricer is strict."""
    gain = at_least(pricer.worth_by_left(prices))
    worth = float(gain[0, :, 0].sum())
    paid = np.zeros((len(master.slots), gain.shape[1]))
    for price, row in zip(prices.wide, master.regions.wide, strict=True):
        worth += float(price) * row.room
        paid += price * np.outer(row.charges, row.covers)
    loss = gain[:, :, :1] - gain
    return Cut(worth, master.costs(prices), loss, pricer.class_of, paid)


@dataclass(frozen=True)
class Unit:
    """One unit of a job, and the nodes that it takes of which aggregates."""

    job: int
    demand: Demand
    nodes: dict[int, int]


def num_shares(master: Master, demands: Mapping[int, Sequence[Demand]]) -> int:
    """How many pairs of unit and aggregate the integer program has for these jobs."""
    return sum(
        demand.count * int((master.regions.room[demand.slot] >= _least(master, demand)).sum())
        for of_job in demands.values()
        for demand in of_job
    )


def _least(master: Master, demand: Demand) -> int:
    """The least that a unit takes of an aggregate: what the largest others cannot give."""
    slot = master.slots[demand.slot]
    rooms = np.sort(master.regions.room[demand.slot])[::-1]
    most = slot.max_lower or len(rooms)
    return max(1, slot.size - int(rooms[: most - 1].sum()))


@dataclass(frozen=True)
class _Share:
    """What one unit takes of one aggregate."""

    slot: int
    least: int
    touch: pywraplp.Variable
    nodes: pywraplp.Variable


class Largest:
    """The integer program, without an objective.

    Parameters
    ----------
    demands
        Per job beyond all levels, by position, one for each partition.

    Attributes
    ----------
    solver
        SCIP.
    starts
        Per job, one for each partition.
    is_wanted
        Per job, the row that says how often it starts.
    """

    def __init__(self, master: Master, demands: Mapping[int, Sequence[Demand]]) -> None:
        self._master = master
        self.solver = pywraplp.Solver.CreateSolver("SCIP")
        self.starts: dict[int, list[pywraplp.Variable]] = {}
        self.is_wanted: dict[int, pywraplp.Constraint] = {}
        self._units: list[tuple[int, Demand, dict[int, _Share]]] = []
        self._of_aggregate: dict[int, list[_Share]] = defaultdict(list)
        self._free = master.regions.free_of_aggregates
        for job, of_job in demands.items():
            self._add_job(job, of_job)
        for aggregate in self._of_aggregate:
            self._limit(aggregate)
        self._limit_wide()

    def row(self, least: float, most: float, terms: Terms) -> pywraplp.Constraint:
        """A new row; variables may occur more than once."""
        row = self.solver.Constraint(least, most)
        for variable, factor in terms:
            row.SetCoefficient(variable, row.GetCoefficient(variable) + float(factor))
        return row

    def _add_job(self, job: int, demands: Sequence[Demand]) -> None:
        """It starts in one of its partitions, or not."""
        starts = [self.solver.BoolVar("start") for _ in demands]
        self.starts[job] = starts
        self.is_wanted[job] = self.row(0, 1, [(start, 1) for start in starts])
        for demand, start in zip(demands, starts, strict=True):
            for _ in range(demand.count):
                self._add_unit(job, demand, start)

    def _add_unit(self, job: int, demand: Demand, start: pywraplp.Variable) -> None:
        regions = self._master.regions
        slot = self._master.slots[demand.slot]
        rooms = regions.room[demand.slot].tolist()
        most = slot.max_lower or regions.num_aggregates
        least = _least(self._master, demand)
        shares: dict[int, _Share] = {}
        for aggregate, room in enumerate(rooms):
            if room >= least:
                touch = self.solver.BoolVar("touch")
                nodes = self.solver.NumVar(0, room, "nodes")
                self.row(-inf, 0, [(nodes, 1), (touch, -room)])
                self.row(0, inf, [(nodes, 1), (touch, -least)])
                shares[aggregate] = _Share(demand.slot, least, touch, nodes)
                self._of_aggregate[aggregate].append(shares[aggregate])
        self.row(0, 0, [*((each.nodes, 1) for each in shares.values()), (start, -slot.size)])
        touches = [(each.touch, 1) for each in shares.values()]
        self.row(-inf, 0, [*touches, (start, -most)])
        fewest = -(-slot.size // max(1, *rooms)) if rooms else 1
        self.row(0, inf, [*touches, (start, -fewest)])
        if most > 1:
            self._add_partners(shares, rooms, slot.size, most)
        self._units.append((job, demand, shares))

    def _add_partners(
        self, shares: Mapping[int, _Share], rooms: Sequence[int], size: int, most: int
    ) -> None:
        """Who takes little from one aggregate needs another that can give much of the rest."""
        for aggregate, share in shares.items():
            needed = -(-(size - rooms[aggregate]) // (most - 1))
            partners = [other for other in shares if other != aggregate and rooms[other] >= needed]
            if len(partners) < len(shares) - 1:
                terms = [(shares[other].touch, 1.0) for other in partners]
                self.row(0, inf, [*terms, (share.touch, -1.0)])

    def _hosts_one(self, aggregate: int) -> bool:
        least = min(share.least for share in self._of_aggregate[aggregate])
        return bool(2 * least > self._free[aggregate])

    def _limit(self, aggregate: int) -> None:
        """Nodes and budget of an aggregate."""
        regions = self._master.regions
        shares = self._of_aggregate[aggregate]
        self.row(-inf, float(self._free[aggregate]), [(share.nodes, 1) for share in shares])
        blocks = slice(aggregate * regions.span, (aggregate + 1) * regions.span)
        charged = [(share.nodes, float(regions.charge[share.slot])) for share in shares]
        if any(charge for _, charge in charged):
            self.row(-inf, float(regions.budget[blocks].sum()), charged)
        if self._hosts_one(aggregate):
            self.row(-inf, 1, [(share.touch, 1) for share in shares])

    def _limit_wide(self) -> None:
        for row in self._master.regions.wide:
            charged = [
                (share.nodes, float(row.charges[share.slot]))
                for aggregate, shares in self._of_aggregate.items()
                for share in shares
                if row.covers[aggregate]
            ]
            # Where jobs draw less than idle nodes, others may make room.
            if all(charge >= 0 for _, charge in charged):
                self.row(-inf, float(row.room), charged)

    def losses(
        self, cut: Cut, taken: Mapping[int, int] | None = None
    ) -> list[tuple[pywraplp.Variable, float]]:
        """Terms of what others miss, no more than the cut says.

        Parameters
        ----------
        taken
            Nodes per aggregate for which this is to be exact.
        """
        terms = []
        for aggregate, shares in self._of_aggregate.items():
            of_class: dict[int, list[_Share]] = defaultdict(list)
            for share in shares:
                of_class[int(cut.class_of[share.slot])].append(share)
                terms.append((share.nodes, float(cut.paid[share.slot, aggregate])))
            for number, alike in of_class.items():
                loss = cut.loss[number, aggregate].clip(max=2 * cut.worth)
                variable = self._loss(aggregate, alike, loss)
                terms.append((variable, 1.0))
                if taken and aggregate in taken:
                    self._step(variable, alike, loss, taken[aggregate])
        return terms

    def _step(
        self, variable: pywraplp.Variable, shares: Sequence[_Share], loss: Floats, nodes: int
    ) -> None:
        """Who takes so many nodes causes this loss, at least."""
        takes = self.solver.BoolVar("step")
        rest = float(len(loss) - nodes)
        self.row(-inf, nodes - 1, [*((share.nodes, 1) for share in shares), (takes, -rest)])
        least = min(0.0, float(loss.min()))
        self.row(least, inf, [(variable, 1), (takes, least - float(loss[nodes]))])

    def _loss(self, aggregate: int, shares: Sequence[_Share], loss: Floats) -> pywraplp.Variable:
        """The largest convex function below the loss, of the nodes that these shares take.

        Where only one unit finds room, from its least share on: between that and nothing there is
        nothing.
        """
        variable = self.solver.NumVar(-inf, inf, "loss")
        hosts_one = self._hosts_one(aggregate)
        first, last = 0, int(self._free[aggregate])
        if hosts_one:
            first = min(share.least for share in shares)
            rooms = (self._master.regions.room[share.slot][aggregate] for share in shares)
            last = int(max(rooms))
        for slope, start in lower_envelope(loss[first : last + 1]):
            constant = start - slope * first
            terms = [(share.nodes, -slope) for share in shares]
            if hosts_one:
                terms += [(share.touch, -constant) for share in shares]
            self.row(0.0 if hosts_one else constant, inf, [(variable, 1), *terms])
        return variable

    def solve(self, budget: Budget, settings: str = "", gap: float = 0.0) -> int:
        """Status of a solve within a share of the budget.

        Parameters
        ----------
        settings
            Further ones of SCIP, a line each.
        gap
            At which it may end, a share of the objective.

        Notes
        -----
        SCIP computes with floating-point numbers: its bound holds to six digits.
        """
        solver = self.solver
        solver.SetSolverSpecificParametersAsString(
            f"misc/catchctrlc = FALSE\nlimits/nodes = {MOST_NODES}\n"
            f"randomization/randomseedshift = {budget.options.seed}\n{settings}"
        )
        parameters = pywraplp.MPSolverParameters()
        parameters.SetDoubleParam(parameters.RELATIVE_MIP_GAP, gap)
        if budget.seconds_left is not None:
            solver.SetTimeLimit(max(1, round(1000 * SHARE * budget.seconds_left)))
        status = watched(lambda: solver.Solve(parameters), solver.InterruptSolve, budget.stop)
        budget.work += solver.iterations() * solver.NumConstraints() * STEP_WORK
        budget.solves += 1
        return int(status)

    def chosen(self) -> list[Unit]:
        """Of jobs that start, in whole nodes."""
        left = self._free.copy()
        units = []
        for job, demand, shares in self._units:
            wanted = {
                aggregate: share.nodes.solution_value()
                for aggregate, share in shares.items()
                if share.nodes.solution_value() > NOTHING
            }
            taken = {aggregate: int(nodes + NOTHING) for aggregate, nodes in wanted.items()}
            missing = round(sum(wanted.values())) - sum(taken.values())
            rooms = self._master.regions.room[demand.slot]
            for aggregate in sorted(wanted, key=lambda a: taken[a] - wanted[a]):
                if missing and taken[aggregate] < min(rooms[aggregate], left[aggregate]):
                    taken[aggregate] += 1
                    missing -= 1
            for aggregate, nodes in taken.items():
                left[aggregate] -= nodes
            if taken and not missing:
                units.append(Unit(job, demand, taken))
        return units
