"""topology/ring: one contiguous arc per segment, each in a ring of its own (3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.topology import Ring, RingTopology
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

Key = tuple[int, int]


@dataclass(frozen=True)
class _Arc:
    """A ring's best arc; a larger key is worse: heavier, then more available nodes in the ring."""

    key: Key
    nodes: tuple[int, ...]


def select_ring(
    topology: RingTopology, is_member: Pool, pool: Pool, request: Request, weights: Counts
) -> Segments | Refusal:
    """Keep the best rings of one pass, one for each segment."""
    restricted = check_and_restrict(pool, request, is_member, always=True)
    if isinstance(restricted, Refusal):
        return restricted
    held: list[_Arc] = []
    for ring in topology.rings:
        is_usable: list[bool] = restricted[list(ring.nodes)].tolist()
        is_full = len(held) == request.units.count
        arc = _best_arc(ring, is_usable, request.units.size, weights, held[0] if is_full else None)
        if arc is None:
            continue
        if is_full:
            _replace_root(held, arc)
        else:
            _push(held, arc)
    if len(held) < request.units.count:
        return Refusal(Code.NO_UNIT, "3.2 too few rings with an arc", Action.STOP)
    segments = tuple(tuple(sorted(arc.nodes)) for arc in held)
    mode3 = start_mode3(request)
    if mode3 is not None:
        nodes = [node for segment in segments for node in segment]
        if not all(mode3.take(node) for node in nodes):
            return Refusal(
                Code.INSUFFICIENT_IN_UNIT, "5.4 MODE_3 layer short", Action.HINT, frozenset(nodes)
            )
    return segments


def _best_arc(
    ring: Ring, is_usable: list[bool], size: int, weights: Counts, worst: _Arc | None
) -> _Arc | None:
    """First arc of lowest weight, better than `worst` if given."""
    available = sum(is_usable)
    if available < size or len(ring.nodes) < size:
        return None
    best: _Arc | None = None
    length = len(ring.nodes)
    for start in range(length):
        positions = [(start + step) % length for step in range(size)]
        if not all(is_usable[position] for position in positions):
            continue
        nodes = tuple(ring.nodes[position] for position in positions)
        key = (int(max(weights[node] for node in nodes)), available)
        if (best is None or key < best.key) and (worst is None or key < worst.key):
            best = _Arc(key, nodes)
    return best


def _push(heap: list[_Arc], arc: _Arc) -> None:
    """Append and sift up; equal keys do not move."""
    heap.append(arc)
    child = len(heap) - 1
    while child and heap[child].key > heap[(child - 1) // 2].key:
        parent = (child - 1) // 2
        heap[child], heap[parent] = heap[parent], heap[child]
        child = parent


def _replace_root(heap: list[_Arc], arc: _Arc) -> None:
    """Overwrite the root and sift down by one step at most.

    Slurm compares the next level with the element that it just moved up, never with the new one,
    so that its descent ends there and later evictions may miss the truly worst ring.
    """
    heap[0] = arc
    children = [child for child in (1, 2) if child < len(heap)]
    if children:
        worse = max(children, key=lambda child: heap[child].key)
        if heap[worse].key > arc.key:
            heap[0], heap[worse] = heap[worse], arc
