"""Units that fill one of the enumerated sets of nodes: arcs, anchors, consecutive runs."""

from __future__ import annotations

from collections.abc import Iterator

from ..models.topology import RingTopology, TorusTopology
from .bins import OUTSIDE, Lane
from .model import Kind, PlacementModel, Window, total


def place_windows(model: PlacementModel, kind: Kind) -> None:
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
    model.cp.add(total(window.taken for window in windows) == per_job * kind.started)


def torus_anchors(kind: Kind) -> Iterator[tuple[int, ...]]:
    """`torus_anchor`: usable anchors of every placement of the unit's volume, each set once."""
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
    """`contiguous`: every run of consecutive candidates that is as long as the job."""
    size = kind.option.job.num_nodes
    candidates = kind.option.candidates
    for start in sorted(candidates):
        run = range(start, start + size)
        if candidates.issuperset(run):
            yield tuple(run)


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
