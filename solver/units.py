"""Where the units of a job may go: one constraint per rule of the topology's kind.

Small units lie in one bin; loose units spread over the bins of a region; windows are fixed sets
of nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ortools.sat.python import cp_model

from ..models.topology import BlockTopology, RingTopology, TorusTopology, TreeTopology
from .bins import OUTSIDE, Lane
from .model import Expression, Kind, PlacementModel, Unit, Variable, Window
from .options import small_unit


def place_units(model: PlacementModel) -> None:
    """Give every kind the variables of its units and the rules of its topology."""
    for kind in model.kinds:
        option = kind.option
        is_torus = isinstance(option.topology, TorusTopology) and not option.is_flat
        if is_torus or (option.is_flat and option.job.contiguous):
            _place_windows(model, kind)
        elif small_unit(option):
            place_small(model, kind)
        elif _has_identity(kind) and not model.is_relaxed:
            _place_identified(model, kind)
        else:
            place_loose(model, kind)
    split_cells(model)
    for kind in model.kinds:
        required_nodes(model, kind)


def _has_identity(kind: Kind) -> bool:
    """Whether a limit speaks of every single unit."""
    option = kind.option
    if option.is_flat:
        return False
    if isinstance(option.topology, BlockTopology):
        return option.topology.unit_limits(option.units.size).is_limited or option.one_per_site
    return option.max_leaves is not None


# Small units ---------------------------------------------------------------------------------


def place_small(model: PlacementModel, kind: Kind) -> None:
    """`segment`: the units of started jobs, each in one bin (B1, ring_arc)."""
    option = kind.option
    units = option.units
    most = kind.most * units.count
    terms: list[tuple[Lane, Expression]] = []
    for lane in model.lanes_for(kind):
        if lane.site == OUTSIDE and not option.is_one_node:
            continue
        fitting = model.fitting(kind, lane, units.size)
        if not fitting:
            continue
        if lane.is_windowed:
            windows = ring_arcs(model, kind, lane)
            model.windows.setdefault(kind.index, []).extend(windows)
            terms += [(lane, window.taken) for window in windows]
            continue
        count = model.count(f"units_{kind.index}_{lane.index}", min(most, fitting))
        model.units[kind.index, lane.index] = count
        terms.append((lane, count))
    model.cp.add(_sum(term for _, term in terms) == units.count * kind.started)
    if option.one_per_site:
        spread_segments(model, kind, terms)
    if units.consolidates and not option.is_one_node and not model.is_relaxed:
        consolidate_segments(model, kind, terms)


def ring_arcs(model: PlacementModel, kind: Kind, lane: Lane) -> list[Window]:
    """`ring_arc`: every arc of a unit's size in a lane whose positions matter."""
    size = kind.option.units.size
    nodes = lane.bins[0].nodes
    candidates = kind.option.candidates
    starts = range(len(nodes) - size + 1)
    topology = kind.option.topology
    if isinstance(topology, RingTopology) and lane.site != OUTSIDE:
        if len(nodes) == len(topology.rings[lane.site].nodes) and size < len(nodes):
            starts = range(len(nodes))
    arcs = (tuple(nodes[(start + k) % len(nodes)] for k in range(size)) for start in starts)
    return [
        Window(arc, model.cp.new_bool_var(f"arc_{kind.index}_{lane.index}_{arc[0]}"))
        for arc in arcs
        if candidates.issuperset(arc)
    ]


def spread_segments(
    model: PlacementModel, kind: Kind, terms: Iterable[tuple[Lane, Expression]]
) -> None:
    """At most one unit of a job per base block, or per ring (one_segment_per_ring, 26.11).

    Exact for single bins, where a shape's jobs may each use a bin once. A flow lane is relaxed to
    its number of bins that are large enough; `decode` notices when that does not suffice.
    """
    size = kind.option.units.size
    per_site: dict[tuple[int, int], list[Expression]] = defaultdict(list)
    for lane, term in terms:
        if lane.is_single:
            per_site[lane.topology_index, lane.site].append(term)
        else:
            large = sum(bin_.free >= size for bin_ in lane.bins)
            model.cp.add(term <= large * kind.started)
    for site_terms in per_site.values():
        model.cp.add(_sum(site_terms) <= kind.started)


def consolidate_segments(
    model: PlacementModel, kind: Kind, terms: Iterable[tuple[Lane, Expression]]
) -> None:
    """All segments of a job in one aggregated block (3.1.5)."""
    topology = kind.option.topology
    assert isinstance(topology, BlockTopology)
    units = kind.option.units
    span = topology.consolidate_span(units.count, units.size, units.spreads)
    per_region: dict[int, list[tuple[Lane, Expression]]] = defaultdict(list)
    for lane, term in terms:
        per_region[lane.site // span].append((lane, term))
    confined = []
    for region, members in per_region.items():
        if _segments_within(model, kind, members) < units.count:
            for _, term in members:
                model.cp.add(term == 0)
            continue
        jobs = model.count(f"confined_{kind.index}_{region}", kind.most)
        model.confined[kind.index, region] = jobs
        confined.append(jobs)
        model.cp.add(_sum(term for _, term in members) == units.count * jobs)
        if kind.option.one_per_site and small_unit(kind.option):
            for lane, term in members:
                large = sum(bin_.free >= units.size for bin_ in lane.bins)
                model.cp.add(term <= large * jobs)
    model.cp.add(_sum(confined) == kind.started)


def _segments_within(
    model: PlacementModel, kind: Kind, members: Iterable[tuple[Lane, Expression]]
) -> int:
    """Most segments of one job that an aggregated block could hold by itself."""
    size = kind.option.units.size
    if not small_unit(kind.option):
        return kind.option.units.count
    lanes = {lane.index: lane for lane, _ in members}.values()
    if kind.option.one_per_site:
        return sum(bin_.free >= size for lane in lanes for bin_ in lane.bins)
    return sum(model.fitting(kind, lane, size) for lane in lanes)


# Loose units ---------------------------------------------------------------------------------


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
        model.cp.add(_sum(nodes) == units.size * count)
        terms.append((lanes[0], count))
    model.cp.add(_sum(counts) == units.count * kind.started)
    if units.consolidates and not option.is_flat and not model.is_relaxed:
        consolidate_segments(model, kind, terms)


def _place_identified(model: PlacementModel, kind: Kind) -> None:
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
            model.cp.add(_sum(nodes.values()) == units.size * chosen)
            limit_parts(model, kind, lanes, nodes, chosen)
            taken.update(nodes)
        model.cp.add(_sum(in_region) == kind.started)
        identified.append(Unit(taken))
    model.identified[kind.index] = identified
    if option.one_per_site:
        _one_unit_per_site(model, kind, identified)
    if units.consolidates:
        terms = [
            (lane_of_region[region], _sum(chosen)) for region, chosen in region_counts.items()
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
    model.cp.add(_sum(touched) <= limit * chosen)


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


# Windows -------------------------------------------------------------------------------------


def _place_windows(model: PlacementModel, kind: Kind) -> None:
    """`torus_anchor`, `contiguous`: every unit fills one of the enumerated node sets."""
    option = kind.option
    sets = consecutive_runs(kind) if option.is_flat else torus_anchors(kind)
    windows = [
        Window(nodes, model.cp.new_bool_var(f"window_{kind.index}_{number}"))
        for number, nodes in enumerate(sets)
    ]
    model.windows[kind.index] = windows
    # Consecutive nodes hold the whole job, whatever its segments.
    per_job = 1 if option.is_flat else option.units.count
    model.cp.add(_sum(window.taken for window in windows) == per_job * kind.started)


def torus_anchors(kind: Kind) -> Iterator[tuple[int, ...]]:
    topology = kind.option.topology
    assert isinstance(topology, TorusTopology)
    seen: set[frozenset[int]] = set()
    for torus in topology.toruses:
        for placement in torus.placements:
            if placement.volume != kind.option.units.size:
                continue
            for anchor in torus.usable_anchors(placement):
                cells = frozenset(anchor)
                if cells not in seen and cells <= kind.option.candidates:
                    seen.add(cells)
                    yield tuple(sorted(anchor))


def consecutive_runs(kind: Kind) -> Iterator[tuple[int, ...]]:
    size = kind.option.job.num_nodes
    candidates = kind.option.candidates
    for start in sorted(candidates):
        run = range(start, start + size)
        if candidates.issuperset(run):
            yield tuple(run)


# Cells and required nodes --------------------------------------------------------------------


def split_cells(model: PlacementModel) -> None:
    """`partition`, `features`, `exclude`, `nodelist`: a kind takes only cells that it may use."""
    for (kind_index, lane_index), usage in model.usage.items():
        lane = model.layout.lanes[lane_index]
        if len(lane.cells) == 1 or (lane.is_windowed and kind_index in model.windows):
            continue
        candidates = model.kinds[kind_index].option.candidates
        parts = []
        for cell, nodes in lane.cells.items():
            if nodes[0] in candidates:
                taken = model.count(f"cell_{kind_index}_{lane_index}_{nodes[0]}", len(nodes))
                model.cell_use[kind_index, lane_index, cell] = taken
                parts.append(taken)
        model.cp.add(_sum(parts) == usage)


def required_nodes(model: PlacementModel, kind: Kind) -> None:
    """B4: every node of a short ``--nodelist`` is part of the allocation."""
    required = kind.option.required
    if not required:
        return
    found = 0
    for lane in model.layout.of(kind.option.topology_index):
        for cell, nodes in lane.cells.items():
            if nodes[0] in required:
                found += len(nodes)
                taken = model.cell_usage(kind, lane, cell)
                model.cp.add(taken >= len(nodes) * kind.started)
    if found < len(required):
        model.cp.add(kind.started == 0)


def _sum(terms: Iterable[Expression]) -> Expression:
    return cp_model.LinearExpr.sum(list(terms))
