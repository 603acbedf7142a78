"""Capacity of every lane: one equation for a single bin, an arc flow for interchangeable ones.

The flow's states are remaining capacities; an arc of length `s` is one unit of `s` nodes, so that
its size does not depend on the number of bins (Valério de Carvalho's arc-flow formulation of bin
packing, 1999).
"""

from __future__ import annotations

from collections import Counter, defaultdict

from ortools.sat.python import cp_model

from .bins import Lane, Signature
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
    supply = lane.free_counts
    kinds = [kind for kind in model.kinds_in.get(lane.index, []) if not kind.option.holds_sites]
    units: dict[int, list[Variable]] = defaultdict(list)
    loose: list[Expression] = []
    for kind in kinds:
        count = model.units.get((kind.index, lane.index))
        if count is None:
            loose.append(model.usage[kind.index, lane.index])
        else:
            units[kind.option.units.size].append(count)
    flow = _build_flow(model, lane, supply, sorted(units), bool(loose))
    model.flows[lane.index] = flow
    for size, counts in units.items():
        placed = [arc for (_, length), arc in flow.arcs.items() if length == size]
        model.cp.add(cp_model.LinearExpr.sum(counts) == cp_model.LinearExpr.sum(placed))
    if loose:
        taken = cp_model.LinearExpr.sum(list(flow.single_steps.values()))
        model.cp.add(cp_model.LinearExpr.sum(loose) == taken)
    remaining = [*flow.untouched.items(), *flow.final.items()]
    model.left[lane.index] = sum(nodes * bins for nodes, bins in remaining if nodes)


def _build_flow(
    model: PlacementModel, lane: Lane, supply: Counter[int], sizes: list[int], has_loose: bool
) -> Flow:
    number = len(lane.bins)
    reachable = set(supply)
    for state in range(max(supply), 0, -1):
        if state in reachable:
            reachable.update(state - size for size in sizes if size <= state)
            if has_loose:
                reachable.add(state - 1)
    name = f"lane_{lane.index}"
    flow = Flow(
        arcs={
            (state, size): model.count(f"{name}_{state}_{size}", number)
            for state in sorted(reachable)
            for size in sizes
            if size <= state
        },
        single_steps={
            state: model.count(f"{name}_{state}_loose", number)
            for state in sorted(reachable)
            if has_loose and state > 0
        },
        entered={free: model.count(f"{name}_enter_{free}", n) for free, n in supply.items()},
        untouched={free: model.count(f"{name}_keep_{free}", n) for free, n in supply.items()},
        final={state: model.count(f"{name}_final_{state}", number) for state in sorted(reachable)},
    )
    held: dict[int, list[Expression]] = defaultdict(list)
    for hold in model.lane_holds.get(lane.index, []):
        held[hold.free].append(hold.count)
    for free, bins in supply.items():
        model.cp.add(flow.entered[free] + flow.untouched[free] + sum(held[free]) == bins)
    for state in sorted(reachable):
        entering = [
            flow.arcs[state + size, size] for size in sizes if (state + size, size) in flow.arcs
        ]
        if state in flow.entered:
            entering.append(flow.entered[state])
        if state + 1 in flow.single_steps:
            entering.append(flow.single_steps[state + 1])
        leaving = [flow.arcs[state, size] for size in sizes if (state, size) in flow.arcs]
        if state in flow.single_steps:
            leaving.append(flow.single_steps[state])
        leaving.append(flow.final[state])
        model.cp.add(cp_model.LinearExpr.sum(entering) == cp_model.LinearExpr.sum(leaving))
    return flow
