"""topology/ring: choosing arcs (slurm_semantics 3.2)."""

from __future__ import annotations

from ...models.legality import Legality
from ...models.topology import RingTopology
from ..state import runs
from .attempt import Attempt
from .lookahead import Lookahead


def place_ring(attempt: Attempt, topology: RingTopology, lookahead: Lookahead) -> bool:
    """Take one arc per segment, each from the run of free nodes whose remainder loses least."""
    if attempt.required:
        return place_required_arc(attempt, topology)
    own_ring_each = attempt.state.legality is Legality.SLURM_26_11
    used: set[int] = set()
    for _ in range(attempt.units.count):
        attempt.begin_segment()
        ring = place_ring_unit(
            attempt, topology, lookahead, used if own_ring_each else set(), used
        )
        if ring is None:
            return False
        used.add(ring)
    return True


def place_ring_unit(
    attempt: Attempt,
    topology: RingTopology,
    lookahead: Lookahead,
    forbidden: set[int],
    own: set[int],
) -> int | None:
    """Take the cheapest arc; return its ring, None if there is none.

    Parameters
    ----------
    forbidden
        Rings that must not be used.
    own
        Rings that earlier segments of the job use.
    """
    size = attempt.units.size
    options: list[tuple[float, int, int, int]] = []
    counts = attempt.counts.counts
    for index, ring in enumerate(topology.rings):
        if counts[index] < size or index in forbidden:
            continue
        mask = attempt.mask(index)
        length = len(ring.nodes)
        for start, run in runs(mask, length):
            if run >= size:
                cost = lookahead.worth(run) - lookahead.worth(run - size)
                loss = float(cost)
                if attempt.holds:
                    loss = 0.0 if index in own else float(lookahead.worth(counts[index]))
                elif not attempt.view.busy[index]:
                    loss = lookahead.loss(run, True, size)
                options.append((loss, run, index, start))
    for _, _, index, start in sorted(options):
        arc = arc_mask(start, size, len(topology.rings[index].nodes))
        if attempt.take_mask(index, arc, size) == size:
            return index
        attempt.undo(len(attempt.segments) - 1)
        attempt.begin_segment()
    return None


def arc_mask(start: int, size: int, length: int) -> int:
    mask = 0
    for step in range(size):
        mask |= 1 << (start + step) % length
    return mask


def place_required_arc(attempt: Attempt, topology: RingTopology) -> bool:
    """A ring takes a list of nodes only as the whole allocation (3.2)."""
    pieces = attempt.view.split(attempt.required)
    if len(attempt.required) != attempt.units.size or len(pieces) != 1:
        return False
    index, mask = next(iter(pieces.items()))
    if index == attempt.view.outside or mask & attempt.mask(index) != mask:
        return False
    if len(list(runs(mask, len(topology.rings[index].nodes)))) != 1:
        return False
    attempt.begin_segment()
    return attempt.take_mask(index, mask, attempt.units.size) == attempt.units.size
