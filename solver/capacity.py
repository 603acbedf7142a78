"""Usable capacity: what a plan leaves for units of the mix's sizes, as a linear expression.

Every count is a variable that maximising pushes up to its true value; `models.capacity` has the
definitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ortools.sat.python import cp_model

from ..models.topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology
from .bins import OUTSIDE, Lane
from .model import Expression, PlacementModel


def usable_capacity(model: PlacementModel, mix: Sequence[tuple[int, int]]) -> Expression:
    """What units of the mix's sizes could still use, over all topologies."""
    terms: list[Expression] = []
    for index, topology in enumerate(model.instance.cluster.topologies):
        lanes = [lane for lane in model.layout.of(index) if lane.site != OUTSIDE]
        for size, weight in mix:
            if isinstance(topology, BlockTopology):
                fits = _block_fits(model, topology, lanes, size)
            elif isinstance(topology, RingTopology):
                fits = _bin_fits(model, lanes, size)
            elif isinstance(topology, TorusTopology):
                fits = _torus_fits(model, index, topology, size)
            elif isinstance(topology, TreeTopology):
                fits = _tree_fits(model, topology, lanes, size)
            else:
                fits = [
                    _at_most(
                        model, _flat_left(model, index), len(model.layout.usable[index]), size
                    )
                ]
            terms += [weight * size * fit for fit in fits]
    return cp_model.LinearExpr.sum(terms)


def _at_most(model: PlacementModel, left: Expression, most: int, size: int) -> Expression:
    """Whole units of `size` in `left`: a variable that the objective pushes up to it."""
    if isinstance(left, int):
        return left // size
    if most < size:
        return 0
    fits = model.count("", most // size)
    model.cp.add(size * fits <= left)
    return fits


def _bin_fits(model: PlacementModel, lanes: Sequence[Lane], size: int) -> list[Expression]:
    fits: list[Expression] = []
    for lane in lanes:
        if lane.largest < size:
            continue
        flow = model.flows.get(lane.index)
        if flow is not None:
            fits += [
                nodes // size * bins
                for remaining in (flow.untouched, flow.final)
                for (nodes, _), bins in remaining.items()
                if nodes >= size
            ]
        elif lane.is_windowed and isinstance(_topology(model, lane), RingTopology):
            fits += _arc_fits(model, lane, size)
        else:
            fits.append(_at_most(model, model.left[lane.index], lane.free, size))
    return fits


def _arc_fits(model: PlacementModel, lane: Lane, size: int) -> list[Expression]:
    """Disjoint free arcs of `size` nodes: as many as the maximal runs hold together."""
    nodes = lane.bins[0].nodes
    topology = _topology(model, lane)
    starts = len(nodes) - size + 1
    if isinstance(topology, RingTopology) and size < len(nodes):
        if len(nodes) == len(topology.rings[lane.site].nodes):
            starts = len(nodes)
    covering: dict[int, list[Expression]] = defaultdict(list)
    arcs: list[Expression] = []
    for start in range(starts):
        free = model.cp.new_bool_var("")
        arcs.append(free)
        for step in range(size):
            covering[nodes[(start + step) % len(nodes)]].append(free)
    for node, users in covering.items():
        model.cp.add(cp_model.LinearExpr.sum(users) <= model.node_left[lane.topology_index, node])
    return arcs


def _topology(model: PlacementModel, lane: Lane) -> Topology:
    return model.instance.cluster.topologies[lane.topology_index]


def _block_fits(
    model: PlacementModel, topology: BlockTopology, lanes: Sequence[Lane], size: int
) -> list[Expression]:
    if size <= topology.base_size:
        return _bin_fits(model, lanes, size)
    limits = topology.unit_limits(size)
    regions: dict[int, list[Lane]] = defaultdict(list)
    for lane in lanes:
        # A whole-topology region need not be a multiple of anything; its flow lanes span it.
        regions[0 if limits.is_top else lane.site // limits.region_span].append(lane)
    fits: list[Expression] = []
    for members in regions.values():
        if sum(lane.free for lane in members) < size:
            continue
        fits.append(_region_fits(model, topology, members, size))
    return fits


def _region_fits(
    model: PlacementModel, topology: BlockTopology, lanes: Sequence[Lane], size: int
) -> Expression:
    """Boolean: a unit of `size` nodes fits the region, lower-level block limit included."""
    limits = topology.unit_limits(size)
    fits = model.cp.new_bool_var("")
    if not limits.is_limited:
        total = cp_model.LinearExpr.sum([model.left[lane.index] for lane in lanes])
        model.cp.add(total >= size * fits)
        return fits
    parts: dict[int, list[Lane]] = defaultdict(list)
    for lane in lanes:
        parts[lane.site // limits.lower_span].append(lane)
    chosen: list[Expression] = []
    counted: list[Expression] = []
    for members in parts.values():
        most = min(sum(lane.free for lane in members), size)
        choose = model.cp.new_bool_var("")
        nodes = model.count("", most)
        model.cp.add(nodes <= most * choose)
        model.cp.add(
            nodes <= cp_model.LinearExpr.sum([model.left[lane.index] for lane in members])
        )
        chosen.append(choose)
        counted.append(nodes)
    model.cp.add(cp_model.LinearExpr.sum(chosen) <= limits.max_lower)
    model.cp.add(cp_model.LinearExpr.sum(counted) >= size * fits)
    return fits


def _torus_fits(
    model: PlacementModel, index: int, topology: TorusTopology, size: int
) -> list[Expression]:
    fits: list[Expression] = []
    for torus in topology.toruses:
        for placement in torus.placements:
            if placement.volume != size:
                continue
            for anchor in torus.usable_anchors(placement):
                if not model.layout.usable[index].issuperset(anchor):
                    continue
                free = model.cp.new_bool_var("")
                fits.append(free)
                for node in anchor:
                    model.cp.add(free <= model.node_left[index, node])
    return fits


def _tree_fits(
    model: PlacementModel, topology: TreeTopology, lanes: Sequence[Lane], size: int
) -> list[Expression]:
    if size <= max((len(topology.switches[leaf].nodes) for leaf in topology.leaves), default=1):
        return _bin_fits(model, lanes, size)
    large = [i for i, members in enumerate(topology.members) if len(members) >= size]
    lowest = min((topology.levels[switch] for switch in large), default=None)
    fits: list[Expression] = []
    for switch in large:
        if topology.levels[switch] != lowest:
            continue
        below = [lane for lane in lanes if lane.bins[0].nodes[0] in topology.members[switch]]
        if sum(lane.free for lane in below) >= size:
            holds = model.cp.new_bool_var("")
            total = cp_model.LinearExpr.sum([model.left[lane.index] for lane in below])
            model.cp.add(total >= size * holds)
            fits.append(holds)
    return fits


def _flat_left(model: PlacementModel, index: int) -> Expression:
    """Free nodes that neither a job nor an exclusive job's unit takes, wherever they are."""
    taken: list[Expression] = [kind.option.job.num_nodes * kind.started for kind in model.kinds]
    sites = model.layout.lanes
    for (topology_index, site), holds in model.site_holds.items():
        members = [
            lane
            for lane in model.layout.of(topology_index)
            if lane.is_single and lane.site == site
        ]
        for hold in holds:
            taken.append(sum(lane.free for lane in members) * hold.count)
            taken += [-1 * model.usage.get((hold.kind.index, lane.index), 0) for lane in members]
    for lane_index, holds in model.lane_holds.items():
        for hold in holds:
            taken.append(hold.free * hold.count)
        for kind_index in {hold.kind.index for hold in holds}:
            taken.append(-1 * model.usage[kind_index, sites[lane_index].index])
    return len(model.layout.usable[index]) - cp_model.LinearExpr.sum(taken)
