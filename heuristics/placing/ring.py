"""topology/ring: choosing arcs (slurm_semantics 3.2)."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ...models.legality import Legality
from ...models.topology import RingTopology
from ..state import runs
from .attempt import Attempt
from .lookahead import Lookahead

Option = tuple[float, int, int, int]
"""What an arc loses, the length of its run, its ring and its first position."""


def place_ring(attempt: Attempt, topology: RingTopology, lookahead: Lookahead) -> bool:
    """Take one arc per segment, each from the run of free nodes whose remainder loses least."""
    if attempt.required:
        return place_required_arc(attempt, topology)
    own_ring_each = attempt.state.legality is Legality.SLURM_26_11
    used: set[int] = set()
    options: list[Option] = []
    for placed in range(attempt.units.count):
        attempt.begin_segment()
        if not placed or attempt.request.per_node:
            # Layers that rings share have less left after every segment.
            options = _options(attempt, topology, lookahead, range(len(topology.rings)), used)
        if own_ring_each:
            options = [option for option in options if option[2] not in used]
        ring = _take_first(attempt, topology, options)
        if ring is None:
            return False
        used.add(ring)
        options = [option for option in options if option[2] != ring]
        options = sorted(options + _options(attempt, topology, lookahead, (ring,), used))
    return True


def _options(
    attempt: Attempt,
    topology: RingTopology,
    lookahead: Lookahead,
    rings: Iterable[int],
    own: Container[int],
) -> list[Option]:
    """The arcs at the beginnings of all runs of free nodes that are long enough, cheapest first.

    Parameters
    ----------
    rings
        Where to look.
    own
        Rings that earlier segments of the job use.
    """
    size = attempt.units.size
    options: list[Option] = []
    counts = attempt.counts.counts
    for index in rings:
        if counts[index] < size:
            continue
        for start, run in runs(attempt.mask(index), len(topology.rings[index].nodes)):
            if run < size:
                continue
            if attempt.holds:
                loss = 0.0 if index in own else float(lookahead.worth(counts[index]))
            else:
                loss = lookahead.loss(run, not attempt.view.busy[index], size)
            options.append((loss, run, index, start))
    options.sort()
    return options


def _take_first(attempt: Attempt, topology: RingTopology, options: Iterable[Option]) -> int | None:
    """Take the first arc that the resources serve; return its ring, None if there is none."""
    size = attempt.units.size
    for _, _, index, start in options:
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
