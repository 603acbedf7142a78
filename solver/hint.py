"""A plan as a warm start: the values of the placement model's main variables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ..models.plan import Placement, Plan
from .bins import Lane
from .headroom import Item, State
from .model import Kind, PlacementModel, Variable
from .options import cut

# Bin number of nodes that are in no bin.
NOWHERE = -1
# Bins of a flow lane that take the same way: lane, state, units and charges of loose nodes.
_Load = tuple[int, State, tuple[Item, ...], tuple[int, ...]]


def add_hint(model: PlacementModel, plan: Plan) -> None:
    """Hint `plan` to the solver, which completes the derived variables itself.

    Notes
    -----
    Linear in the plan's nodes and the model's variables.
    """
    values = _Values(model)
    kind_of = {
        (job, kind.option.partition.name): kind for kind in model.kinds for job in kind.shape.jobs
    }
    position_of = {job.job_id: index for index, job in enumerate(model.instance.jobs)}
    for placement in plan.placements:
        kind = kind_of.get((position_of[placement.job_id], placement.partition))
        if kind is not None:
            values.add(position_of[placement.job_id], kind, placement)
    values.follow_flows()
    model.cp.clear_hints()  # type: ignore[no-untyped-call]
    for variable, value in values.items():
        model.cp.add_hint(variable, value)


class _Values:
    """Values of variables by index; everything not set is zero."""

    def __init__(self, model: PlacementModel) -> None:
        self.model = model
        self._values = [0] * len(model.cp.proto.variables)
        self._variables: dict[int, Variable] = {}
        # Number of a node's bin per topology, NOWHERE for nodes in none.
        num_nodes = len(model.instance.cluster.nodes)
        self._bin_of = [[NOWHERE] * num_nodes for _ in model.instance.cluster.topologies]
        self._bins: list[tuple[Lane, int]] = []
        for lane in model.layout.lanes:
            bin_of = self._bin_of[lane.topology_index]
            for position, bin_ in enumerate(lane.bins):
                for node in bin_.nodes:
                    bin_of[node] = len(self._bins)
                self._bins.append((lane, position))
        # A lane lies in one region of a kind at most.
        self._region_of = {(kind, lane): region for kind, region, lane in model.loose}
        # What each bin of a flow lane holds: units, charges of loose nodes, whether it is held.
        self._units: dict[int, list[Item]] = defaultdict(list)
        self._loose: dict[int, list[int]] = defaultdict(list)
        self._held: set[int] = set()
        for variable in self._all():
            self._variables[variable.index] = variable

    def items(self) -> list[tuple[Variable, int]]:
        return [(variable, self._values[index]) for index, variable in self._variables.items()]

    def _all(self) -> list[Variable]:
        model = self.model
        found = [*model.starts.values(), *model.units.values(), *model.loose.values()]
        found += [*model.unit_counts.values(), *model.cell_use.values(), *model.confined.values()]
        found += [kind.started for kind in model.kinds]
        found += [window.taken for windows in model.windows.values() for window in windows]
        for units in model.identified.values():
            found += [taken for unit in units for taken in unit.nodes.values()]
        for holds in [*model.site_holds.values(), *model.lane_holds.values()]:
            found += [hold.count for hold in holds]
        for flow in model.flows.values():
            for part in (flow.arcs, flow.single_steps, flow.entered, flow.untouched, flow.final):
                found += list(part.values())
        return found

    def _bump(self, variable: Variable | None, amount: int = 1) -> None:
        if variable is not None:
            self._values[variable.index] += amount

    def add(self, job: int, kind: Kind, placement: Placement) -> None:
        model = self.model
        self._bump(model.starts[job])
        self._bump(kind.started)
        windows = {frozenset(w.nodes): w for w in model.windows.get(kind.index, ())}
        whole = windows.get(frozenset(placement.nodes)) if windows else None
        if whole is not None and kind.option.is_flat:
            self._bump(whole.taken)
            return
        bin_of = self._bin_of[kind.option.topology_index]
        span = self._span(kind)
        aggregates: set[int] = set()
        for number, segment in enumerate(cut(kind.option.units, placement.segments)):
            in_bins: dict[int, int] = {}
            for node in segment:
                bin_number = bin_of[node]
                in_bins[bin_number] = in_bins.get(bin_number, 0) + 1
            in_bins.pop(NOWHERE, None)
            self._add_nodes(kind, segment, in_bins)
            window = windows.get(frozenset(segment)) if windows else None
            if window is not None:
                self._bump(window.taken)
                continue
            lanes: dict[int, int] = defaultdict(int)
            for each, nodes in in_bins.items():
                lanes[self._bins[each][0].index] += nodes
            self._add_unit(kind, number, lanes)
            if span is not None:
                aggregates |= {model.layout.lanes[lane].site // span for lane in lanes}
        for aggregate in aggregates:
            self._bump(model.confined.get((kind.index, aggregate)))

    def _add_unit(self, kind: Kind, number: int, lanes: dict[int, int]) -> None:
        """Count one unit of a job, whichever way the model counts it."""
        model = self.model
        identified = model.identified.get(kind.index)
        regions: set[int] = set()
        for lane_index, nodes in lanes.items():
            units = model.units.get((kind.index, lane_index))
            if units is not None:
                self._bump(units)
            elif identified is not None:
                self._bump(identified[number].nodes.get(lane_index), nodes)
            elif (kind.index, lane_index) in self._region_of:
                region = self._region_of[kind.index, lane_index]
                self._bump(model.loose[kind.index, region, lane_index], nodes)
                regions.add(region)
        for region in regions:
            self._bump(model.unit_counts[kind.index, region])

    def _span(self, kind: Kind) -> int | None:
        units = kind.option.units
        if not units.consolidates or kind.option.is_flat or kind.option.is_one_node:
            return None
        return kind.option.topology.consolidate_span(  # type: ignore[union-attr]
            units.count, units.size, units.spreads
        )

    def _add_nodes(self, kind: Kind, segment: Sequence[int], in_bins: dict[int, int]) -> None:
        """Count the nodes of one unit in the cells and bins that they are in."""
        for number, nodes in in_bins.items():
            lane, position = self._bins[number]
            if lane.is_single:
                self._use_cells(kind, segment, lane)
            elif kind.option.holds_sites:
                self._hold(kind, number, lane, position)
            elif (kind.index, lane.index) in self.model.units:
                self._units[number].append((nodes, self.model.charge(kind, lane)))
            else:
                self._loose[number] += [self.model.charge(kind, lane)] * nodes

    def _use_cells(self, kind: Kind, segment: Sequence[int], lane: Lane) -> None:
        if len(lane.cells) > 1:
            for cell, members in lane.cells.items():
                use = self.model.cell_use.get((kind.index, lane.index, cell))
                if use is not None:
                    self._bump(use, sum(node in members for node in segment))
        for hold in self.model.site_holds.get((lane.topology_index, lane.site), ()):
            if hold.kind is kind:
                self._values[hold.count.index] = 1

    def _hold(self, kind: Kind, number: int, lane: Lane, position: int) -> None:
        if number in self._held:
            return
        self._held.add(number)
        state = lane.bins[position].state
        for hold in self.model.lane_holds.get(lane.index, ()):
            if hold.kind is kind and hold.state == state:
                self._bump(hold.count)

    def follow_flows(self) -> None:
        """Send every bin of a flow lane along its arcs, the largest unit first."""
        touched: Counter[tuple[int, State]] = Counter()
        # Bins in one state that hold the same take the same way.
        alike: Counter[_Load] = Counter()
        for number in self._held | self._units.keys() | self._loose.keys():
            lane, position = self._bins[number]
            state = lane.bins[position].state
            touched[lane.index, state] += 1
            if number not in self._held:
                units = tuple(sorted(self._units.get(number, ()), reverse=True))
                alike[lane.index, state, units, tuple(self._loose.get(number, ()))] += 1
        for lane_index, flow in self.model.flows.items():
            for state, count in self.model.layout.lanes[lane_index].states.items():
                self._bump(flow.untouched[state], count - touched[lane_index, state])
        for load, count in alike.items():
            self._follow(load, count)

    def _follow(self, load: _Load, count: int) -> None:
        """Send `count` bins with this load along the arcs of their flow."""
        lane_index, state, units, loose = load
        flow, cap = self.model.flows[lane_index], self.model.layout.lanes[lane_index].cap
        self._bump(flow.entered[state], count)
        at: State | None = state
        for unit in units:
            if at is not None:
                self._bump(flow.arcs.get((at, unit)), count)
                at = cap.after(at, unit)
        for charge in loose:
            if at is not None:
                self._bump(flow.single_steps.get((at, charge)), count)
                at = cap.after(at, (1, charge))
        if at is not None:
            self._bump(flow.final.get(at), count)
