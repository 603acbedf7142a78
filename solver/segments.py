"""How the segments of one job lie to each other: apart, or together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..models.topology import BlockTopology
from .bins import Lane
from .model import Expression, Kind, PlacementModel, total
from .options import small_unit


def spread_segments(
    model: PlacementModel, kind: Kind, terms: Iterable[tuple[Lane, Expression]]
) -> None:
    """At most one unit of a job per base block, or per ring (one_segment_per_ring, 26.11).

    Exact for single bins, where a shape's jobs may each use a bin once. A flow lane is relaxed to
    its number of bins that are large enough; `decode` notices when that does not suffice.
    """
    per_site: dict[tuple[int, int], list[Expression]] = defaultdict(list)
    for lane, term in terms:
        if lane.is_single:
            per_site[lane.topology_index, lane.site].append(term)
        else:
            model.cp.add(term <= _large_bins(model, kind, lane) * kind.started)
    for site_terms in per_site.values():
        model.cp.add(total(site_terms) <= kind.started)


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
        model.cp.add(total(term for _, term in members) == units.count * jobs)
        if kind.option.one_per_site and small_unit(kind.option):
            for lane, term in members:
                model.cp.add(term <= _large_bins(model, kind, lane) * jobs)
    model.cp.add(total(confined) == kind.started)


def _segments_within(
    model: PlacementModel, kind: Kind, members: Iterable[tuple[Lane, Expression]]
) -> int:
    """Most segments of one job that an aggregated block could hold by itself."""
    size = kind.option.units.size
    if not small_unit(kind.option):
        return kind.option.units.count
    lanes = {lane.index: lane for lane, _ in members}.values()
    if kind.option.one_per_site:
        return sum(_large_bins(model, kind, lane) for lane in lanes)
    return sum(model.fitting(kind, lane, size) for lane in lanes)


def _large_bins(model: PlacementModel, kind: Kind, lane: Lane) -> int:
    """Bins of the lane that could hold a segment of the kind."""
    size = kind.option.units.size
    return sum(
        number
        for state, number in lane.states.items()
        if model.most_in_bin(kind, lane, state, size)
    )
