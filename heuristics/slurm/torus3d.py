"""topology/torus3d: one usable anchor per segment (slurm_semantics 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np

from ...models.topology import Torus, TorusPlacement, TorusTopology
from .attempt import (
    Action,
    Code,
    Counts,
    Pool,
    Refusal,
    Request,
    Segments,
    check_and_restrict,
    start_mode3,
)

Key = tuple[int, int, int]


@dataclass(frozen=True)
class _Anchor:
    """One anchor: its nodes and, for scoring only, how many of its cells are empty."""

    nodes: tuple[int, ...]
    empty_cells: int


@dataclass(frozen=True)
class _Shape:
    """A placement of one torus with all its anchors.

    Attributes
    ----------
    may_overlap
        Whether anchors of it, or of it and another shape of equal volume, share cells (1.4).
    larger
        Index of the next shape of larger volume, None for the largest.
    """

    volume: int
    anchors: tuple[_Anchor, ...]
    may_overlap: bool
    larger: int | None


class TorusTables:
    """What selection needs of a torus topology, computed once."""

    def __init__(self, topology: TorusTopology) -> None:
        self._topology = topology

    @cached_property
    def shapes(self) -> tuple[tuple[_Shape, ...], ...]:
        """Shapes per torus, by volume, configuration order within."""
        return tuple(_shapes(torus) for torus in self._topology.toruses)

    @cached_property
    def members(self) -> tuple[tuple[int, ...], ...]:
        """Node indices per torus that has a placement; empty for the others."""
        return tuple(
            tuple(node for node in torus.cells if node >= 0) if torus.placements else ()
            for torus in self._topology.toruses
        )


def _shapes(torus: Torus) -> tuple[_Shape, ...]:
    placements = torus.sorted_placements
    boxes = [torus.anchors(placement) for placement in placements]
    shapes = []
    for index, placement in enumerate(placements):
        anchors = []
        for box in boxes[index]:
            nodes = tuple(torus.cells[cell] for cell in box if torus.cells[cell] >= 0)
            anchors.append(_Anchor(nodes, len(box) - len(nodes)))
        larger = (
            position
            for position, other in enumerate(placements)
            if other.volume > placement.volume
        )
        shapes.append(
            _Shape(
                placement.volume,
                tuple(anchors),
                _may_overlap(torus, placements, boxes, index),
                next(larger, None),
            )
        )
    return tuple(shapes)


def _may_overlap(
    torus: Torus,
    placements: tuple[TorusPlacement, ...],
    boxes: list[tuple[tuple[int, ...], ...]],
    index: int,
) -> bool:
    placement = placements[index]
    if any(
        gcd(placement.spacing[axis], torus.dims[axis]) < placement.dims[axis] for axis in range(3)
    ):
        return True
    cells = {cell for box in boxes[index] for cell in box}
    return any(
        not cells.isdisjoint(box)
        for other, twin in enumerate(placements)
        if other != index and twin.volume == placement.volume
        for box in boxes[other]
    )


def select_torus(
    tables: TorusTables, is_member: Pool, pool: Pool, request: Request, weights: Counts
) -> Segments | Refusal:
    """Place the segments greedily, one anchor each."""
    size = request.units.size
    volumes = {shape.volume for shapes in tables.shapes for shape in shapes}
    if size not in volumes:
        return Refusal(
            Code.TOPOLOGY_UNAVAILABLE, "3.3 no placement of this volume", Action.PERMANENT
        )
    restricted = check_and_restrict(pool, request, is_member)
    if isinstance(restricted, Refusal):
        return restricted
    available = restricted.copy()
    required = frozenset(request.required if request.units.count == 1 else ())
    segments: list[tuple[int, ...]] = []
    overlap = False
    for _ in range(request.units.count):
        found = _best_anchor(tables, available, size, required, weights)
        if found is None:
            return _no_anchor(segments, overlap)
        anchor, shape = found
        overlap = overlap or shape.may_overlap
        segments.append(tuple(sorted(anchor.nodes)))
        available[list(anchor.nodes)] = False
    mode3 = start_mode3(request)
    nodes = [node for segment in segments for node in segment]
    if mode3 is not None and not all(mode3.take(node) for node in nodes):
        return Refusal(
            Code.INSUFFICIENT_IN_UNIT, "5.4 MODE_3 layer short", Action.HINT, frozenset(nodes)
        )
    return tuple(segments)


def _no_anchor(segments: list[tuple[int, ...]], overlap: bool) -> Refusal:
    if not segments:
        return Refusal(Code.NO_UNIT, "3.3 no free anchor", Action.STOP)
    step = "3.3 no free anchor for a later segment"
    if not overlap:
        return Refusal(Code.NO_UNIT, step, Action.STOP)
    nodes = frozenset(node for segment in segments for node in segment)
    return Refusal(Code.NO_UNIT_FOR_SEGMENT, step, Action.HINT, nodes)


def _best_anchor(
    tables: TorusTables,
    available: Pool,
    size: int,
    required: frozenset[int],
    weights: Counts,
) -> tuple[_Anchor, _Shape] | None:
    """Lightest anchor; least fragmentation within one shape; fewest nodes left in its torus."""
    best: tuple[_Anchor, _Shape] | None = None
    best_key: Key = (0, 0, 0)
    for shapes, members in zip(tables.shapes, tables.members, strict=True):
        if not members:
            continue
        count = int(np.count_nonzero(available[list(members)]))
        for shape in shapes:
            if shape.volume != size:
                continue
            for anchor in shape.anchors:
                if anchor.empty_cells or not required.issubset(anchor.nodes):
                    continue
                if not all(available[node] for node in anchor.nodes):
                    continue
                weight = int(max(weights[node] for node in anchor.nodes))
                if best is not None and weight > best_key[0]:
                    continue
                cost = _fragmentation(shapes, shape, anchor, available)
                key = (weight, cost, count)
                if best is None or _is_better(key, best_key, shape is best[1]):
                    best, best_key = (anchor, shape), key
    return best


def _is_better(key: Key, best: Key, is_same_shape: bool) -> bool:
    if key[0] != best[0]:
        return key[0] < best[0]
    if is_same_shape and key[1] != best[1]:
        return key[1] < best[1]
    return key[2] < best[2]


def _fragmentation(
    shapes: tuple[_Shape, ...], shape: _Shape, anchor: _Anchor, available: Pool
) -> int:
    """Whole anchors of the next larger shape that `anchor` would break."""
    if shape.larger is None:
        return 0
    own = frozenset(anchor.nodes)
    return sum(
        not own.isdisjoint(other.nodes) and all(available[node] for node in other.nodes)
        for other in shapes[shape.larger].anchors
    )
