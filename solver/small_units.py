"""Units that lie in one bin: counted per lane, or windows where positions matter."""

from __future__ import annotations

from .bins import OUTSIDE, Lane
from .model import Expression, Kind, PlacementModel, total
from .segments import consolidate_segments, spread_segments
from .windows import ring_arcs


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
    model.cp.add(total(term for _, term in terms) == units.count * kind.started)
    if option.one_per_site:
        spread_segments(model, kind, terms)
    if units.consolidates and not option.is_one_node and not model.is_relaxed:
        consolidate_segments(model, kind, terms)
