"""topology/flat, one-node jobs, and jobs handed over by other topologies (0.3, 0.4)."""

from __future__ import annotations

from collections.abc import Iterator

from .attempt import Attempt
from .lookahead import Lookahead


def place_one_node(attempt: Attempt, lookahead: Lookahead) -> bool:
    """Take one node where it is missed least: outside all units, then of a fragment (0.3)."""
    view = attempt.view
    attempt.begin_segment()
    if attempt.required:
        pieces = view.split(attempt.required)
        unit, mask = next(iter(pieces.items()))
        return _one_of(attempt, unit, mask & attempt.mask(unit))
    if _one_of(attempt, view.outside, attempt.mask(view.outside)):
        return True
    counts = attempt.counts
    largest = max(counts.largest, 1)
    order = (
        lookahead.exclusive_order(1, largest, 1) if attempt.holds else lookahead.order(1, largest)
    )
    return any(
        _one_of(attempt, unit, attempt.mask(unit))
        for key in counts.buckets(order, lookahead.is_strict)
        for unit in counts.bucket(key)
    )


def _one_of(attempt: Attempt, unit: int, mask: int) -> bool:
    return bool(mask) and attempt.take_mask(unit, mask, 1) == 1


def place_flat(attempt: Attempt) -> bool:
    """Take nodes by index anywhere, required ones first; one run of them for ``--contiguous``."""
    if attempt.job.contiguous:
        return _place_contiguous(attempt)
    units = attempt.units
    view = attempt.view
    pieces = view.split(attempt.required)
    for _ in range(units.count):
        attempt.begin_segment()
        remaining = units.size
        for unit, mask in sorted(pieces.items()):
            if attempt.take_mask(unit, mask & attempt.mask(unit), remaining) != mask.bit_count():
                return False
            remaining -= mask.bit_count()
        pieces = {}
        for unit in _units_by_room(attempt):
            if not remaining:
                break
            remaining -= attempt.take(unit, remaining)
        if remaining:
            return False
    return True


def _units_by_room(attempt: Attempt) -> Iterator[int]:
    """Units with nodes to take, those outside the topology first, then the emptiest last."""
    view = attempt.view
    yield view.outside
    room = [
        (mask.bit_count(), unit) for unit in range(view.outside) if (mask := attempt.mask(unit))
    ]
    for _, unit in sorted(room):
        yield unit


def _place_contiguous(attempt: Attempt) -> bool:
    """Take all segments from the shortest run of consecutive indices that suffices (3.5)."""
    view = attempt.view
    free = sorted(
        node for unit in range(len(view.units)) for node in view.nodes(unit, attempt.mask(unit))
    )
    required = attempt.required
    size = attempt.units.size
    total = size * attempt.units.count
    for run in sorted(_runs(free), key=len):
        if len(run) < total or not required <= set(run):
            continue
        for start in _starts(run, required, total):
            for first in range(start, start + total, size):
                attempt.begin_segment()
                _take_nodes(attempt, frozenset(run[first : first + size]))
            if attempt.taken() == total:
                return True
            attempt.undo()
    return False


def _take_nodes(attempt: Attempt, nodes: frozenset[int]) -> None:
    """Take as many of exactly these nodes as the resources allow."""
    for unit, mask in sorted(attempt.view.split(nodes).items()):
        attempt.take_mask(unit, mask, mask.bit_count())


def _starts(run: list[int], required: frozenset[int], size: int) -> Iterator[int]:
    """Offsets in a run at which `size` nodes include all required ones."""
    latest = len(run) - size
    if not required:
        yield from range(latest + 1)
        return
    first, last = run.index(min(required)), run.index(max(required))
    yield from range(max(0, last - size + 1), min(first, latest) + 1)


def _runs(nodes: list[int]) -> Iterator[list[int]]:
    """Maximal runs of consecutive indices."""
    run: list[int] = []
    for node in nodes:
        if run and node != run[-1] + 1:
            yield run
            run = []
        run.append(node)
    if run:
        yield run
