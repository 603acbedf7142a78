"""Capacity of every lane: one equation for a single bin, an arc flow for interchangeable ones.

The flow's states are remaining capacities; an arc of length `s` is one unit of `s` nodes, so that
its size does not depend on the number of bins (Valério de Carvalho's arc-flow formulation of bin
packing, 1999). Where layers cap single bins, a state also tells the headroom left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ortools.sat.python import cp_model

from .bins import Lane, Signature
from .headroom import Cap, Item, State, reachable
from .model import Expression, Flow, Hold, PlacementModel, Variable, total


def pack(model: PlacementModel) -> None:
    """`available`, `one_use`, `exclusive_held`: no lane gives more than it has."""
    _one_holder(model)
    cells: dict[int, list[tuple[Lane, Signature]]] = defaultdict(list)
    for lane in model.layout.lanes:
        if lane.is_single:
            for cell, nodes in lane.cells.items():
                # A cell shared by several topologies has the same nodes in each.
                cells[min(nodes)].append((lane, cell))
        else:
            _pack_flow(model, lane)
    left: dict[int, list[Expression]] = defaultdict(list)
    for shared in cells.values():
        remaining = _pack_cell(model, shared)
        for lane, cell in shared:
            left[lane.index].append(remaining)
            if lane.is_windowed:
                model.node_left[lane.topology_index, lane.cells[cell][0]] = remaining
    for lane_index, parts in left.items():
        model.left[lane_index] = cp_model.LinearExpr.sum(parts)


def _one_holder(model: PlacementModel) -> None:
    for holds in model.site_holds.values():
        if len(holds) > 1:
            model.cp.add_at_most_one(hold.count for hold in holds)


def _pack_cell(model: PlacementModel, shared: list[tuple[Lane, Signature]]) -> Expression:
    """Bound the use of one cell; return the nodes of it that are left for new jobs."""
    size = len(shared[0][0].cells[shared[0][1]])
    use_of: dict[int, list[Expression]] = defaultdict(list)
    # At most one hold of a site is in force; sites of different topologies may both be held.
    holds_at: list[list[Hold]] = []
    for lane, cell in shared:
        holds = model.site_holds.get((lane.topology_index, lane.site))
        if holds:
            holds_at.append(holds)
        for kind in model.kinds_in.get(lane.index, []):
            usage = model.cell_usage(kind, lane, cell)
            if not isinstance(usage, int):
                use_of[kind.index].append(usage)
    if not use_of:
        remaining: Expression = size
    else:
        # A variable of its own keeps the many expressions over what is left short.
        remaining = model.count("", size)
        model.cp.add(
            total(part for parts in use_of.values() for part in parts) + remaining == size
        )
    if not holds_at:
        return remaining
    usable = model.count("", size)
    model.cp.add(usable <= remaining)
    for holds in holds_at:
        held = total(hold.count for hold in holds)
        holders = {hold.kind.index for hold in holds}
        others = [use for index, uses in use_of.items() if index not in holders for use in uses]
        # A holder's own use is bounded by its hold, so that the holders need no rows of their own.
        model.cp.add(total(others) + size * held <= size)
        model.cp.add(usable + size * held <= size)
    return usable


def _pack_flow(model: PlacementModel, lane: Lane) -> None:
    kinds = [kind for kind in model.kinds_in.get(lane.index, []) if not kind.option.holds_sites]
    units: dict[Item, list[Variable]] = defaultdict(list)
    loose: dict[int, list[Expression]] = defaultdict(list)
    for kind in kinds:
        charge = model.charge(kind, lane)
        count = model.units.get((kind.index, lane.index))
        if count is None:
            loose[charge].append(model.usage[kind.index, lane.index])
        else:
            units[kind.option.units.size, charge].append(count)
    flow = _build_flow(model, lane, sorted(units), sorted(loose))
    model.flows[lane.index] = flow
    for unit, counts in units.items():
        placed = [arc for (_, item), arc in flow.arcs.items() if item == unit]
        model.cp.add(cp_model.LinearExpr.sum(counts) == cp_model.LinearExpr.sum(placed))
    for charge, nodes in loose.items():
        taken = [step for (_, each), step in flow.single_steps.items() if each == charge]
        model.cp.add(cp_model.LinearExpr.sum(nodes) == cp_model.LinearExpr.sum(taken))
    remaining = [*flow.untouched.items(), *flow.final.items()]
    model.left[lane.index] = sum(nodes * bins for (nodes, _), bins in remaining if nodes)


def _build_flow(
    model: PlacementModel, lane: Lane, units: Sequence[Item], charges: Sequence[int]
) -> Flow:
    cap, supply, number = lane.cap, lane.states, len(lane.bins)
    states = reachable(cap, supply, [*units, *((1, charge) for charge in charges)])
    assert states is not None
    name = f"lane_{lane.index}"
    flow = Flow(
        arcs={
            (state, unit): model.count(f"{name}_{state}_{unit}", number)
            for state in states
            for unit in units
            if cap.after(state, unit) is not None
        },
        single_steps={
            (state, charge): model.count(f"{name}_{state}_loose_{charge}", number)
            for state in states
            for charge in charges
            if cap.after(state, (1, charge)) is not None
        },
        entered={state: model.count(f"{name}_enter_{state}", n) for state, n in supply.items()},
        untouched={state: model.count(f"{name}_keep_{state}", n) for state, n in supply.items()},
        final={state: model.count(f"{name}_final_{state}", number) for state in states},
    )
    held: dict[State, list[Expression]] = defaultdict(list)
    for hold in model.lane_holds.get(lane.index, []):
        held[hold.state].append(hold.count)
    for state, bins in supply.items():
        model.cp.add(flow.entered[state] + flow.untouched[state] + sum(held[state]) == bins)
    _conserve(model, cap, flow)
    return flow


def _conserve(model: PlacementModel, cap: Cap, flow: Flow) -> None:
    """Whatever enters a state leaves it."""
    entering: dict[State | None, list[Variable]] = defaultdict(list)
    leaving: dict[State, list[Variable]] = defaultdict(list)
    for (state, unit), arc in flow.arcs.items():
        leaving[state].append(arc)
        entering[cap.after(state, unit)].append(arc)
    for state, entered in flow.entered.items():
        entering[state].append(entered)
    for (state, charge), step in flow.single_steps.items():
        leaving[state].append(step)
        entering[cap.after(state, (1, charge))].append(step)
    for state, final in flow.final.items():
        leaving[state].append(final)
        model.cp.add(
            cp_model.LinearExpr.sum(entering[state]) == cp_model.LinearExpr.sum(leaving[state])
        )
