"""The placement model: variables, and a ledger of who uses what of which lane.

Every constraint module (`units`, `holds`, `packing`, `resources`, `objective`) reads and writes
this ledger; none knows another. Counts are of nodes unless a name says units.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ortools.sat.python import cp_model

from ..models.instance import Instance
from ..models.plan import PlanOptions
from .bins import Lane, Signature
from .headroom import Item, State
from .layout import Layout
from .options import Option, node_charges
from .shapes import Shape

Expression = cp_model.LinearExpr | int
Variable = cp_model.IntVar

# Of a few plain flows, lanes at most.
FEW_LANES = 16


def total(terms: Iterable[Expression]) -> Expression:
    """Sum of expressions; 0 without any."""
    return cp_model.LinearExpr.sum(list(terms))


@dataclass(frozen=True)
class Kind:
    """One option of a shape: all its jobs together in one partition.

    Attributes
    ----------
    index
        Position in `PlacementModel.kinds`.
    most
        Jobs of the shape: the most that can start.
    started
        How many of them start in this partition.
    """

    index: int
    shape: Shape
    option: Option
    most: int
    started: Variable


@dataclass(frozen=True)
class Window:
    """A fixed set of nodes that a unit may occupy: an arc, an anchor, consecutive nodes."""

    nodes: tuple[int, ...]
    taken: Variable


@dataclass(frozen=True)
class Unit:
    """One unit of one job with an identity: its nodes per lane."""

    nodes: dict[int, Variable]


@dataclass(frozen=True)
class Hold:
    """An exclusive job that may hold a site, or `most` bins in one state of a flow lane."""

    kind: Kind
    state: State
    most: int
    count: Variable

    @property
    def free(self) -> int:
        """Nodes of each bin."""
        return self.state[0]


@dataclass(frozen=True)
class Flow:
    """Arc flow over what the bins of a lane have left: states of nodes and headroom.

    Attributes
    ----------
    arcs
        State and ``(size, charge)`` to the number of such units put into bins in the state.
    single_steps
        State and charge to the number of loose nodes taken from bins in the state.
    entered
        State to the bins that take part; the others stay as they are.
    untouched
        State to the bins that stay as they are.
    final
        State to the number of touched bins that end in it.
    """

    arcs: dict[tuple[State, Item], Variable]
    single_steps: dict[tuple[State, int], Variable]
    entered: dict[State, Variable]
    untouched: dict[State, Variable]
    final: dict[State, Variable]


@dataclass
class PlacementModel:
    """CP-SAT variables of one instance.

    Attributes
    ----------
    is_relaxed
        Whether regions, limits inside them and small layers are left out, for a bound.
    starts
        Boolean per job position: it starts.
    units
        Per kind and lane: units that must fit one bin each, where bins are counted.
    loose
        Per kind, region number and lane: nodes of units larger than a bin.
    unit_counts
        Per kind and region number: units placed in the region.
    identified
        Per kind: its units with an identity of their own.
    windows
        Per kind: candidate node sets.
    cell_use
        Per kind, lane and cell of a lane with several cells: nodes taken.
    site_holds
        Per ``(topology, site)``: who may hold it whole.
    lane_holds
        Per flow lane: who may hold some of its bins.
    flows
        Per flow lane: its arc flow.
    confined
        Per kind and region number: jobs consolidated there.
    left
        Per lane: nodes left that a new job could use.
    node_left
        The same per ``(topology, node)`` where positions matter.
    """

    instance: Instance
    plan_options: PlanOptions
    layout: Layout
    is_relaxed: bool = False
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    kinds: list[Kind] = field(default_factory=list)
    starts: dict[int, Variable] = field(default_factory=dict)
    units: dict[tuple[int, int], Variable] = field(default_factory=dict)
    loose: dict[tuple[int, int, int], Variable] = field(default_factory=dict)
    unit_counts: dict[tuple[int, int], Variable] = field(default_factory=dict)
    identified: dict[int, list[Unit]] = field(default_factory=dict)
    windows: dict[int, list[Window]] = field(default_factory=dict)
    cell_use: dict[tuple[int, int, Signature], Variable] = field(default_factory=dict)
    site_holds: dict[tuple[int, int], list[Hold]] = field(default_factory=dict)
    lane_holds: dict[int, list[Hold]] = field(default_factory=dict)
    confined: dict[tuple[int, int], Variable] = field(default_factory=dict)
    flows: dict[int, Flow] = field(default_factory=dict)
    left: dict[int, Expression] = field(default_factory=dict)
    node_left: dict[tuple[int, int], Expression] = field(default_factory=dict)

    @property
    def num_pairs(self) -> int:
        """Lanes times kinds: what the size of the model goes with."""
        return len(self.layout.lanes) * len(self.kinds)

    @property
    def is_plain(self) -> bool:
        """Whether it is but a few flows without caps: small, however many nodes it stands for."""
        lanes = self.layout.lanes
        return len(lanes) < FEW_LANES and all(lane.cap.resource is None for lane in lanes)

    def add_shapes(self, shapes: Sequence[Shape]) -> None:
        """Start variables of all jobs; equal shapes start in priority order."""
        for shape in shapes:
            for job in shape.jobs:
                self.starts[job] = self.cp.new_bool_var(f"start_{job}")
            most = len(shape.jobs)
            counts = []
            for option in shape.options:
                started = self.cp.new_int_var(0, most, f"started_{len(self.kinds)}")
                self.kinds.append(Kind(len(self.kinds), shape, option, most, started))
                counts.append(started)
            self.cp.add(sum(counts) == sum(self.starts[job] for job in shape.jobs))

    def count(self, name: str, most: int) -> Variable:
        """A new integer variable from 0 to `most`."""
        return self.cp.new_int_var(0, max(most, 0), name)

    def eligible(self, kind: Kind, lane: Lane) -> int:
        """Nodes of a single lane, or of each bin of a flow lane alike, that the kind may use.

        A flow lane has one cell, so that it is all or nothing.
        """
        option = kind.option
        key = (id(option.candidates), option.holds_sites)
        counts = self._eligible.get(key)
        if counts is None:
            counts = [_eligible(option, lane) for lane in self.layout.lanes]
            self._eligible[key] = counts
        return counts[lane.index]

    def fitting(self, kind: Kind, lane: Lane, size: int) -> int:
        """Most units of `size` nodes of the kind that fit the bins of the lane."""
        if lane.is_single:
            return self.eligible(kind, lane) // size
        if not self.eligible(kind, lane):
            return 0
        return sum(
            number * self.most_in_bin(kind, lane, state, size)
            for state, number in lane.states.items()
        )

    def most_in_bin(self, kind: Kind, lane: Lane, state: State, size: int) -> int:
        """Most units of `size` nodes of the kind that fit one bin of a flow lane."""
        return lane.cap.most(state, (size, self.charge(kind, lane)))

    def charge(self, kind: Kind, lane: Lane) -> int:
        """What the flow of the lane charges per node of the kind, in the unit of its cap."""
        if lane.cap.resource is None:
            return 0
        charges = node_charges(self.instance, kind.option.job, lane.bins[0].nodes[0])
        return charges[lane.cap.resource] // lane.cap.unit

    def lanes_for(self, kind: Kind) -> list[Lane]:
        """Lanes of the kind's topology with a node that it may use."""
        option = kind.option
        return [
            lane for lane in self.layout.of(option.topology_index) if self.eligible(kind, lane)
        ]

    @cached_property
    def _eligible(self) -> dict[tuple[int, bool], list[int]]:
        """Per candidate set, and whether only job-free sites count: nodes per lane."""
        return {}

    @cached_property
    def lane_of_node(self) -> dict[tuple[int, int], Lane]:
        """``(topology, node)`` to its single lane."""
        return {
            (lane.topology_index, node): lane
            for lane in self.layout.lanes
            if lane.is_single
            for node in lane.bins[0].nodes
        }

    @cached_property
    def usage(self) -> dict[tuple[int, int], Expression]:
        """Nodes per kind and lane; complete once all units are placed."""
        usages: dict[tuple[int, int], list[Expression]] = defaultdict(list)
        for (kind, lane), units in self.units.items():
            usages[kind, lane].append(self.kinds[kind].option.units.size * units)
        for (kind, _, lane), nodes in self.loose.items():
            usages[kind, lane].append(nodes)
        for kind, identified in self.identified.items():
            for unit in identified:
                for lane, taken in unit.nodes.items():
                    usages[kind, lane].append(taken)
        for kind, windows in self.windows.items():
            topology_index = self.kinds[kind].option.topology_index
            for window in windows:
                lanes = Counter(
                    self.lane_of_node[topology_index, node].index for node in window.nodes
                )
                for lane, number in lanes.items():
                    usages[kind, lane].append(number * window.taken)
        return {key: cp_model.LinearExpr.sum(parts) for key, parts in usages.items()}

    @cached_property
    def kinds_in(self) -> dict[int, list[Kind]]:
        """Per lane, the kinds that may use it."""
        found: dict[int, list[Kind]] = defaultdict(list)
        for kind, lane in self.usage:
            found[lane].append(self.kinds[kind])
        return found

    @cached_property
    def windows_at(self) -> dict[tuple[int, int], list[Variable]]:
        """Per kind and node, the windows that cover it."""
        covering: dict[tuple[int, int], list[Variable]] = defaultdict(list)
        for kind, windows in self.windows.items():
            for window in windows:
                for node in window.nodes:
                    covering[kind, node].append(window.taken)
        return covering

    def cell_usage(self, kind: Kind, lane: Lane, cell: Signature) -> Expression:
        """Nodes that the kind takes from one cell of the lane."""
        if len(lane.cells) == 1:
            return self.usage.get((kind.index, lane.index), 0)
        if lane.is_windowed and kind.index in self.windows:
            (node,) = lane.cells[cell]
            return cp_model.LinearExpr.sum(self.windows_at.get((kind.index, node), []))
        return self.cell_use.get((kind.index, lane.index, cell), 0)


def _eligible(option: Option, lane: Lane) -> int:
    if option.holds_sites and not lane.bins[0].is_job_free:
        return 0
    if not lane.is_single:
        return lane.free if lane.bins[0].nodes[0] in option.candidates else 0
    return sum(len(nodes) for nodes in lane.cells.values() if nodes[0] in option.candidates)
