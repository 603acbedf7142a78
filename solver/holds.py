"""``--exclusive=topo``: an exclusive job holds every site it touches, alone (section 7)."""

from __future__ import annotations

from ortools.sat.python import cp_model

from .bins import OUTSIDE, Lane
from .headroom import State
from .model import Expression, Hold, Kind, PlacementModel, total
from .options import small_unit


def exclusive_wanted(model: PlacementModel) -> None:
    """Let exclusive kinds use job-free sites only, and hold what they touch.

    That nobody else uses a held site is part of the packing.
    """
    for kind in model.kinds:
        if not kind.option.holds_sites:
            continue
        most_per_hold = 0
        for lane in model.layout.of(kind.option.topology_index):
            if (kind.index, lane.index) not in model.usage or lane.site == OUTSIDE:
                continue
            if not lane.bins[0].is_job_free:
                model.cp.add(model.usage[kind.index, lane.index] == 0)
                continue
            most_per_hold = max(most_per_hold, _most_in_site(model, kind, lane))
            if lane.is_single:
                _hold_site(model, kind, lane)
            else:
                _hold_bins(model, kind, lane)
        _hold_enough(model, kind, most_per_hold)


def _most_in_site(model: PlacementModel, kind: Kind, lane: Lane) -> int:
    """Most units (nodes, for units larger than a bin) that the job could put into a held site."""
    most = max(most_in_hold(model, kind, lane, state) for state in lane.states)
    # A ring may have several arcs at one site.
    arcs = len(model.layout.at_site(lane.topology_index, lane.site)) if lane.is_single else 1
    return most * max(arcs, 1)


def _hold_enough(model: PlacementModel, kind: Kind, most_per_hold: int) -> None:
    """As many held sites as the job needs at least: implied, but far from it in the relaxation."""
    units = kind.option.units
    wanted = units.count if small_unit(kind.option) else kind.option.job.num_nodes
    # Jobs placed as on flat may lie outside every site, where nothing is held.
    if not most_per_hold or kind.option.is_one_node or kind.option.is_flat:
        return
    holds = [*model.site_holds.values(), *model.lane_holds.values()]
    counts = [hold.count for group in holds for hold in group if hold.kind is kind]
    least = -(-wanted // most_per_hold)
    model.cp.add(cp_model.LinearExpr.sum(counts) >= least * kind.started)


def _hold_site(model: PlacementModel, kind: Kind, lane: Lane) -> None:
    site = (lane.topology_index, lane.site)
    holds = model.site_holds.setdefault(site, [])
    hold = next((hold for hold in holds if hold.kind is kind), None)
    if hold is None:
        held = model.cp.new_bool_var(f"hold_{kind.index}_{lane.topology_index}_{lane.site}")
        hold = Hold(kind, (0, 0), 1, held)
        holds.append(hold)
        model.cp.add(held <= kind.started)
    model.cp.add(model.usage[kind.index, lane.index] <= lane.free * hold.count)


def _hold_bins(model: PlacementModel, kind: Kind, lane: Lane) -> None:
    """Count the held bins of a flow lane by their state; the job touches each of them."""
    is_small = (kind.index, lane.index) in model.units
    placed = (model.units if is_small else model.usage)[kind.index, lane.index]
    holds: list[Hold] = []
    room: list[Expression] = []
    for state, number in sorted(lane.states.items()):
        most = most_in_hold(model, kind, lane, state)
        if most:
            name = f"hold_{kind.index}_{lane.index}_{state[0]}_{state[1]}"
            holds.append(Hold(kind, state, number, model.count(name, number)))
            room.append(most * holds[-1].count)
    model.lane_holds.setdefault(lane.index, []).extend(holds)
    model.cp.add(placed <= total(room))
    model.cp.add(placed >= total(hold.count for hold in holds))


def most_in_hold(model: PlacementModel, kind: Kind, lane: Lane, state: State) -> int:
    """Most units (nodes, for units larger than a bin) of the kind in one bin that it holds."""
    if not small_unit(kind.option):
        return model.most_in_bin(kind, lane, state, 1)
    most = model.most_in_bin(kind, lane, state, kind.option.units.size)
    return min(most, 1) if kind.option.one_per_site else most
