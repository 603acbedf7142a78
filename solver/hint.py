"""A plan as a warm start: the values of the placement model's main variables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ..models.plan import Placement, Plan
from .bins import Lane
from .headroom import Item, State
from .model import Kind, PlacementModel, Variable
from .options import cut


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
        self._values: Counter[int] = Counter()
        self._variables: dict[int, Variable] = {}
        self._lane_of: dict[tuple[int, int], tuple[Lane, int]] = {}
        for lane in model.layout.lanes:
            for position, bin_ in enumerate(lane.bins):
                for node in bin_.nodes:
                    self._lane_of[lane.topology_index, node] = (lane, position)
        # A lane lies in one region of a kind at most.
        self._region_of = {(kind, lane): region for kind, region, lane in model.loose}
        # What each bin of a flow lane holds: units, charges of loose nodes, whether it is held.
        self._units: dict[tuple[int, int], list[Item]] = defaultdict(list)
        self._loose: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._held: set[tuple[int, int]] = set()
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
        topology_index = kind.option.topology_index
        self._bump(model.starts[job])
        self._bump(kind.started)
        windows = {frozenset(w.nodes): w for w in model.windows.get(kind.index, [])}
        whole = windows.get(frozenset(placement.nodes))
        if whole is not None and kind.option.is_flat:
            self._bump(whole.taken)
            return
        aggregates: set[int] = set()
        for number, segment in enumerate(cut(kind.option.units, placement.segments)):
            self._add_nodes(kind, segment)
            window = windows.get(frozenset(segment))
            if window is not None:
                self._bump(window.taken)
                continue
            lanes = self._lanes_of(topology_index, segment)
            self._add_unit(kind, number, lanes)
            span = self._span(kind)
            if span is not None:
                aggregates |= {model.layout.lanes[lane].site // span for lane in lanes}
        for aggregate in aggregates:
            self._bump(model.confined.get((kind.index, aggregate)))

    def _lanes_of(self, topology_index: int, segment: Sequence[int]) -> Counter[int]:
        """Nodes of the segment per lane."""
        return Counter(
            self._lane_of[topology_index, node][0].index
            for node in segment
            if (topology_index, node) in self._lane_of
        )

    def _add_unit(self, kind: Kind, number: int, lanes: Counter[int]) -> None:
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

    def _add_nodes(self, kind: Kind, segment: Sequence[int]) -> None:
        model = self.model
        topology_index = kind.option.topology_index
        in_bins: Counter[tuple[int, int]] = Counter()
        for node in segment:
            lane, position = self._lane_of.get((topology_index, node), (None, 0))
            if lane is None:
                continue
            if lane.is_single:
                for cell, nodes in lane.cells.items():
                    if len(lane.cells) > 1 and node in nodes:
                        self._bump(model.cell_use.get((kind.index, lane.index, cell)))
                for hold in model.site_holds.get((topology_index, lane.site), []):
                    if hold.kind is kind:
                        self._values[hold.count.index] = 1
            else:
                in_bins[lane.index, position] += 1
        for (lane_index, position), number in in_bins.items():
            charge = model.charge(kind, model.layout.lanes[lane_index])
            if kind.option.holds_sites:
                self._hold(kind, lane_index, position)
            elif (kind.index, lane_index) in model.units:
                self._units[lane_index, position].append((number, charge))
            else:
                self._loose[lane_index, position] += [charge] * number

    def _hold(self, kind: Kind, lane_index: int, position: int) -> None:
        if (lane_index, position) in self._held:
            return
        self._held.add((lane_index, position))
        state = self.model.layout.lanes[lane_index].bins[position].state
        for hold in self.model.lane_holds.get(lane_index, []):
            if hold.kind is kind and hold.state == state:
                self._bump(hold.count)

    def follow_flows(self) -> None:
        """Send every bin of a flow lane along its arcs, the largest unit first."""
        for lane_index, flow in self.model.flows.items():
            lane = self.model.layout.lanes[lane_index]
            for position, bin_ in enumerate(lane.bins):
                key = (lane_index, position)
                if key in self._held:
                    continue
                if not self._units[key] and not self._loose[key]:
                    self._bump(flow.untouched[bin_.state])
                    continue
                self._bump(flow.entered[bin_.state])
                state: State | None = bin_.state
                for unit in sorted(self._units[key], reverse=True):
                    if state is not None:
                        self._bump(flow.arcs.get((state, unit)))
                        state = lane.cap.after(state, unit)
                for charge in self._loose[key]:
                    if state is not None:
                        self._bump(flow.single_steps.get((state, charge)))
                        state = lane.cap.after(state, (1, charge))
                if state is not None:
                    self._bump(flow.final.get(state))
