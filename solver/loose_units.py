"""Units larger than a bin: they spread over the bins of a region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..models.topology import BlockTopology, TreeTopology
from .bins import OUTSIDE, Lane
from .model import Expression, Kind, PlacementModel, Unit, Variable, total
from .segments import consolidate_segments


def place_loose(model: PlacementModel, kind: Kind) -> None:
    """Units that only have to lie in one region: nodes are counted, not units."""
    option = kind.option
    units = option.units
    terms: list[tuple[Lane, Expression]] = []
    counts: list[Expression] = []
    for region, lanes in regions(model, kind):
        capacity = sum(model.eligible(kind, lane) for lane in lanes)
        count = model.count(
            f"units_{kind.index}_{region}",
            min(kind.most * units.count, capacity // units.size),
        )
        model.unit_counts[kind.index, region] = count
        counts.append(count)
        nodes = []
        for lane in lanes:
            taken = model.count(
                f"loose_{kind.index}_{region}_{lane.index}", model.eligible(kind, lane)
            )
            model.loose[kind.index, region, lane.index] = taken
            nodes.append(taken)
        model.cp.add(total(nodes) == units.size * count)
        terms.append((lanes[0], count))
    model.cp.add(total(counts) == units.count * kind.started)
    if units.consolidates and not option.is_flat and not model.is_relaxed:
        consolidate_segments(model, kind, terms)


def place_identified(model: PlacementModel, kind: Kind) -> None:
    """Units under a limit of their own: lower_level_blocks, leaf_switches, spread beyond a bin."""
    option = kind.option
    units = option.units
    identified = []
    region_counts: dict[int, list[Expression]] = defaultdict(list)
    lane_of_region: dict[int, Lane] = {}
    for number in range(units.count):
        taken: dict[int, Variable] = {}
        in_region = []
        for region, lanes in regions(model, kind):
            lane_of_region[region] = lanes[0]
            chosen = model.cp.new_bool_var(f"region_{kind.index}_{number}_{region}")
            in_region.append(chosen)
            region_counts[region].append(chosen)
            nodes = {
                lane.index: model.count(
                    f"unit_{kind.index}_{number}_{lane.index}", model.eligible(kind, lane)
                )
                for lane in lanes
            }
            model.cp.add(total(nodes.values()) == units.size * chosen)
            limit_parts(model, kind, lanes, nodes, chosen)
            taken.update(nodes)
        model.cp.add(total(in_region) == kind.started)
        identified.append(Unit(taken))
    model.identified[kind.index] = identified
    if option.one_per_site:
        _one_unit_per_site(model, kind, identified)
    if units.consolidates:
        terms = [
            (lane_of_region[region], total(chosen)) for region, chosen in region_counts.items()
        ]
        consolidate_segments(model, kind, terms)


def limit_parts(
    model: PlacementModel,
    kind: Kind,
    lanes: list[Lane],
    nodes: dict[int, Variable],
    chosen: Variable,
) -> None:
    """`lower_level_blocks` (B2), `leaf_switches`: how many parts of the region a unit touches."""
    parts, limit = _parts(model, kind, lanes)
    if limit >= len(parts):
        return
    touched = []
    for part in parts:
        touches = model.cp.new_bool_var("")
        touched.append(touches)
        for lane in part:
            model.cp.add(nodes[lane.index] <= model.eligible(kind, lane) * touches)
    model.cp.add(total(touched) <= limit * chosen)


def _one_unit_per_site(model: PlacementModel, kind: Kind, identified: list[Unit]) -> None:
    """`spread_segments` for units larger than a bin: no base block hosts two of them."""
    users: dict[int, list[Variable]] = defaultdict(list)
    for unit in identified:
        for lane, nodes in unit.nodes.items():
            touches = model.cp.new_bool_var("")
            most = model.eligible(kind, model.layout.lanes[lane])
            model.cp.add(nodes <= most * touches)
            users[lane].append(touches)
    for touching in users.values():
        model.cp.add_at_most_one(touching)


def regions(model: PlacementModel, kind: Kind) -> Iterator[tuple[int, list[Lane]]]:
    """`block_region`, `common_switch`: the regions that can hold a unit larger than a bin."""
    for region, lanes in _groups(model, kind):
        if _reach(model, kind, lanes) >= kind.option.units.size:
            yield region, lanes


def _groups(model: PlacementModel, kind: Kind) -> Iterable[tuple[int, list[Lane]]]:
    option = kind.option
    topology = option.topology
    lanes = model.lanes_for(kind)
    if option.is_flat:
        return [(0, lanes)]
    lanes = [lane for lane in lanes if lane.site != OUTSIDE]
    if isinstance(topology, BlockTopology):
        span = topology.unit_limits(option.units.size).region_span
        if model.is_relaxed:
            span = len(topology.blocks)
        return _by_aggregate(lanes, span).items()
    assert isinstance(topology, TreeTopology)
    return [
        (root, [lane for lane in lanes if lane.bins[0].nodes[0] in topology.members[root]])
        for root in topology.roots
    ]


def _by_aggregate(lanes: Iterable[Lane], span: int) -> dict[int, list[Lane]]:
    """Lanes by the aggregated block of `span` base blocks they lie in."""
    groups: dict[int, list[Lane]] = defaultdict(list)
    for lane in lanes:
        groups[lane.site // span].append(lane)
    return groups


def _parts(model: PlacementModel, kind: Kind, lanes: list[Lane]) -> tuple[list[list[Lane]], int]:
    """The parts of a region that a unit may touch only so many of, and how many."""
    topology = kind.option.topology
    if not kind.option.is_flat and not model.is_relaxed:
        if isinstance(topology, BlockTopology):
            limits = topology.unit_limits(kind.option.units.size)
            if limits.is_limited:
                return list(_by_aggregate(lanes, limits.lower_span).values()), limits.max_lower
        elif kind.option.max_leaves is not None:
            return list(_by_aggregate(lanes, 1).values()), kind.option.max_leaves
    return [lanes], 1


def _reach(model: PlacementModel, kind: Kind, lanes: list[Lane]) -> int:
    """Nodes that one unit could take from the region at most."""
    parts, limit = _parts(model, kind, lanes)
    sizes = sorted(sum(model.eligible(kind, lane) for lane in part) for part in parts)
    return sum(sizes[-limit:]) if limit else 0
