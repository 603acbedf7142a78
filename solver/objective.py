"""The terms of the score as linear expressions over the placement model (design.md section 6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ortools.sat.python import cp_model

from ..models.instance import Instance
from ..models.plan import Objective
from ..models.resources import INFINITE, Mode
from ..models.rules.usage import used_before
from ..models.score import CAPACITY, FULL_HEADROOM, capacity_mix
from ..models.topology import BlockTopology, TreeTopology
from .bins import OUTSIDE, Lane
from .capacity import usable_capacity
from .model import Expression, PlacementModel
from .resources import layer_draws


@dataclass(frozen=True)
class Term:
    """One term: its name as in `models.score`, what to optimise, and in which direction."""

    name: str
    expression: Expression
    is_minimised: bool = False


def first_term(model: PlacementModel) -> Expression:
    """`weighted`, `throughput` and `jobs`; `priority` is lexicographic, no single expression."""
    values = job_values(model.instance, model.plan_options.objective)
    coefficients = [values[index] for index in model.starts]
    return cp_model.LinearExpr.weighted_sum(list(model.starts.values()), coefficients)


def job_values(instance: Instance, objective: Objective) -> list[int]:
    """Per job position, what its start adds to a first term that is a sum."""
    match objective:
        case Objective.JOBS:
            return [1] * len(instance.jobs)
        case Objective.THROUGHPUT:
            return [job.num_nodes for job in instance.jobs]
        case _:
            return [job.effective_weight * job.num_nodes for job in instance.jobs]


def later_terms(model: PlacementModel) -> list[Term]:
    """All terms after the first, in their order; adds their variables to the model."""
    mix = capacity_mix(model.instance, model.plan_options)
    terms = []
    if model.plan_options.balance_power:
        terms.append(Term("power_balance", power_balance(model)))
    terms.append(Term(CAPACITY, usable_capacity(model, mix)))
    terms.append(Term("blocks_touched", blocks_touched(model), is_minimised=True))
    if model.plan_options.locality:
        terms.append(Term("locality", locality(model), is_minimised=True))
    return terms


def power_balance(model: PlacementModel) -> Expression:
    """Smallest relative headroom of any finite layer, in basis points."""
    worst = FULL_HEADROOM
    lowest = 0
    bounds = []
    for index, resource in enumerate(model.instance.cluster.resources):
        if not (resource.is_power or resource.mode is Mode.MODE_3):
            continue
        draws = layer_draws(model, index)
        before = used_before(model.instance, resource)
        for position, layer in enumerate(resource.layers):
            if layer.capacity == INFINITE or layer.capacity <= 0:
                continue
            headroom = layer.capacity - before[position]
            lowest = min(lowest, FULL_HEADROOM * headroom // layer.capacity)
            if position in draws:
                bounds.append((layer.capacity, headroom - draws[position]))
            else:
                worst = min(worst, FULL_HEADROOM * headroom // layer.capacity)
    balance = model.cp.new_int_var(min(lowest, worst), worst, "power_balance")
    for capacity, headroom_after in bounds:
        model.cp.add(balance * capacity <= FULL_HEADROOM * headroom_after)
    return balance


def blocks_touched(model: PlacementModel) -> Expression:
    """Sites with at least one node of the plan, counted in the topology that placed it."""
    touched: list[Expression] = []
    sites: dict[tuple[int, int], list[Lane]] = defaultdict(list)
    for lane in model.layout.lanes:
        if lane.site == OUTSIDE:
            continue
        flow = model.flows.get(lane.index)
        if flow is not None:
            touched += list(flow.entered.values())
            touched += [hold.count for hold in model.lane_holds.get(lane.index, [])]
        else:
            sites[lane.topology_index, lane.site].append(lane)
    for lanes in sites.values():
        uses = [
            (
                model.usage[kind.index, lane.index],
                min(lane.free, kind.most * kind.option.job.num_nodes),
            )
            for lane in lanes
            for kind in model.kinds_in.get(lane.index, [])
        ]
        if uses:
            touch = model.cp.new_bool_var("")
            most = sum(lane.free for lane in lanes)
            model.cp.add(cp_model.LinearExpr.sum([use for use, _ in uses]) <= most * touch)
            touched.append(touch)
    return cp_model.LinearExpr.sum(touched)


def locality(model: PlacementModel) -> Expression:
    """Aggregated blocks of the lowest level above the base (switches of level 1), per job."""
    touched: list[Expression] = []
    for kind in model.kinds:
        groups: dict[int, list[Lane]] = defaultdict(list)
        topology = kind.option.topology
        for lane in model.layout.of(kind.option.topology_index):
            if lane.site == OUTSIDE or (kind.index, lane.index) not in model.usage:
                continue
            for aggregate in _aggregates(topology, lane):
                groups[aggregate].append(lane)
        for lanes in groups.values():
            touch = model.cp.new_bool_var("")
            use = cp_model.LinearExpr.sum([model.usage[kind.index, lane.index] for lane in lanes])
            model.cp.add(use <= kind.option.job.num_nodes * touch)
            touched.append(touch)
    return cp_model.LinearExpr.sum(touched)


def _aggregates(topology: object, lane: Lane) -> list[int]:
    if isinstance(topology, BlockTopology) and len(topology.levels) > 1:
        return [lane.site >> topology.levels[1]]
    if isinstance(topology, TreeTopology):
        node = lane.bins[0].nodes[0]
        return [
            switch
            for switch, level in enumerate(topology.levels)
            if level == 1 and node in topology.members[switch]
        ]
    return []
