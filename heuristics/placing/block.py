"""topology/block: choosing base blocks for every unit of a job (slurm_semantics 3.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import nlargest

from ...models.legality import Legality
from ...models.topology import BlockTopology, UnitLimits
from ..state import CountIndex
from .attempt import Attempt
from .lookahead import Lookahead
from .shuffle import MAX_BLOCKS, place_shuffled


def place_block(attempt: Attempt, topology: BlockTopology, lookahead: Lookahead) -> bool:
    """Take nodes for a multi-node job; False (and nothing taken) if none were found."""
    units = attempt.units
    limits = topology.unit_limits(units.size)
    if not passes_floor(attempt, limits):
        return False
    if attempt.counts.total < units.count * units.size:
        return False
    num_blocks = len(topology.blocks)
    if attempt.required:
        return place_required(attempt, topology, limits)
    if limits.region_span > 1 and not _may_fit(attempt, limits):
        return False
    if _place_one_by_one(attempt, topology, limits, lookahead):
        return True
    is_worth_more = limits.region_span > 1 and units.count > 1
    return is_worth_more and num_blocks <= MAX_BLOCKS and place_shuffled(attempt, topology, limits)


def _may_fit(attempt: Attempt, limits: UnitLimits) -> bool:
    """Whether the regions hold the units if nothing but their free nodes counts.

    And whether the M roomiest lower-level blocks, wherever they are, hold one.
    """
    units, regions = attempt.units, attempt.state.regions
    totals = regions(attempt.counts, limits.region_span).totals
    if max(totals) < units.size:
        return False
    if units.count > 1 and sum(total // units.size for total in totals) < units.count:
        return False
    if not limits.is_limited:
        return True
    lower = regions(attempt.counts, limits.lower_span).totals
    return sum(nlargest(limits.max_lower, lower)) >= units.size


def _place_one_by_one(
    attempt: Attempt, topology: BlockTopology, limits: UnitLimits, lookahead: Lookahead
) -> bool:
    """Segment after segment, each at its best; consolidated jobs in the tightest aggregate."""
    units = attempt.units
    num_blocks = len(topology.blocks)
    if not units.consolidates:
        return _place_units(attempt, topology, limits, lookahead, 0, num_blocks)
    span = topology.consolidate_span(units.count, units.size, units.spreads)
    regions = attempt.state.regions(attempt.counts, span)
    for region in regions.at_least(units.count * units.size, lookahead.is_strict):
        first = region * span
        last = min(first + span, num_blocks)
        if _place_units(attempt, topology, limits, lookahead, first, last):
            return True
    return False


def passes_floor(attempt: Attempt, limits: UnitLimits) -> bool:
    """Whether 26.11's check of whole-topology units lets the job pass (8.1 bug 1).

    The answer of `models.rules.block.has_floor_capacity`, from counts at hand.
    """
    if attempt.state.legality is not Legality.SLURM_26_11 or attempt.required:
        return True
    if not (limits.is_top and limits.is_limited):
        return True
    counts = attempt.state.largest_lower_blocks(
        attempt.view, attempt.eligible, attempt.holds, limits.lower_span
    )
    return sum(counts[: limits.max_lower]) >= attempt.units.size


def _place_units(
    attempt: Attempt,
    topology: BlockTopology,
    limits: UnitLimits,
    lookahead: Lookahead,
    first: int,
    last: int,
) -> bool:
    """Take all units of the job within base blocks `first` .. `last` - 1, one after another."""
    used: set[int] = set()
    for placed in range(attempt.units.count):
        attempt.begin_segment()
        if limits.region_span == 1:
            done = place_block_unit(attempt, lookahead, first, last, used, placed)
        else:
            done = place_aggregated_unit(attempt, topology, limits, lookahead, first, last, used)
        if not done:
            attempt.undo()
            return False
        if attempt.units.spreads or attempt.holds:
            used.update(block for block, _ in attempt.segments[-1])
    return True


def place_block_unit(
    attempt: Attempt,
    lookahead: Lookahead,
    first: int,
    last: int,
    used: set[int],
    placed: int,
) -> bool:
    """Take a unit that fits a base block from the block whose remainder loses least.

    Parameters
    ----------
    first, last
        Range of base blocks that may be used.
    used
        Blocks of earlier segments of the job: forbidden when it spreads, preferred when it holds
        whole blocks.
    placed
        Number of earlier segments.
    """
    size = attempt.units.size
    if attempt.holds and not attempt.units.spreads:
        for block in sorted(used, key=lambda block: (attempt.room(block), block)):
            if attempt.room(block) >= size and attempt.take(block, size) == size:
                return True
    counts = attempt.counts
    everywhere = last - first >= len(counts.counts)
    largest = max(counts.largest, size)
    if attempt.holds:
        order = lookahead.exclusive_order(size, largest, attempt.units.count - placed)
    else:
        order = lookahead.order(size, largest)
    avoided = used if attempt.units.spreads or attempt.holds else frozenset[int]()
    if not everywhere:
        return _take_best(attempt, order, range(first, last), avoided)
    for key in counts.buckets(order, lookahead.is_strict):
        found = _first_with_room(attempt, counts, key, avoided)
        if found is not None:
            return _take_whole(attempt, found, size)
    return False


def _first_with_room(
    attempt: Attempt, counts: CountIndex, key: int, avoided: Collection[int]
) -> int | None:
    """The first block of a bucket that really serves the unit and is not to be avoided."""
    if avoided:
        size = attempt.units.size
        return next(
            (
                block
                for block in counts.bucket(key)
                if block not in avoided and attempt.room(block) >= size
            ),
            None,
        )
    while (block := counts.first(key)) is not None and attempt.request.per_node:
        room = attempt.room(block)
        if room >= counts.counts[block]:
            break
        counts.downgrade(block, room)
    return block


def _take_best(
    attempt: Attempt, order: list[int], blocks: Iterable[int], avoided: Iterable[int]
) -> bool:
    """Take the unit from the block of `blocks` that comes first in `order`."""
    size = attempt.units.size
    position = {key: at for at, key in enumerate(order)}
    busy = attempt.view.busy
    counts = attempt.counts.counts
    ranked = sorted(
        (position[key], block)
        for block in blocks
        if counts[block] >= size
        and block not in avoided
        and (key := 2 * counts[block] + (not busy[block])) in position
    )
    return any(
        attempt.room(block) >= size and _take_whole(attempt, block, size) for _, block in ranked
    )


def _take_whole(attempt: Attempt, block: int, size: int) -> bool:
    """Take `size` nodes of one block; what shared layers cut short is given back."""
    taken = attempt.take(block, size)
    if taken < size:
        attempt.undo(len(attempt.segments) - 1)
        attempt.begin_segment()
    return taken == size


def place_aggregated_unit(
    attempt: Attempt,
    topology: BlockTopology,
    limits: UnitLimits,
    lookahead: Lookahead,
    first: int,
    last: int,
    used: set[int],
) -> bool:
    """Take a unit larger than a base block from the tightest region that can hold it (3.1.1)."""
    size = attempt.units.size
    span = limits.region_span
    avoided = used if attempt.units.spreads else frozenset[int]()
    if last - first >= len(topology.blocks) or span >= len(topology.blocks):
        regions: Iterable[int] = attempt.state.regions(attempt.counts, span).at_least(
            size, lookahead.is_strict
        )
    else:
        counts = attempt.counts.counts
        totals = [
            (sum(counts[at : min(at + span, last)]), at // span) for at in range(first, last, span)
        ]
        regions = [region for total, region in sorted(totals) if total >= size]
    for region in regions:
        start = max(region * span, first)
        stop = min(region * span + span, last, len(topology.blocks))
        if fill_region(attempt, limits, start, stop, avoided, size):
            return True
        attempt.undo(len(attempt.segments) - 1)
        attempt.begin_segment()
    return False


def fill_region(
    attempt: Attempt,
    limits: UnitLimits,
    start: int,
    stop: int,
    avoided: Iterable[int],
    size: int,
) -> bool:
    """Take `size` nodes of base blocks `start` .. `stop` - 1, at most M lower-level blocks."""
    rooms = zip(range(start, stop), attempt.rooms(start, stop), strict=True)
    room = {block: count for block, count in rooms if count and block not in avoided}
    if limits.is_limited:
        room = _within_lower_blocks(room, limits, size)
    if sum(room.values()) < size:
        return False
    remaining = size
    while remaining:
        block = _tightest(room, remaining)
        if block is None:
            return False
        wanted = min(room.pop(block), remaining)
        remaining -= attempt.take(block, wanted)
    return True


def _tightest(room: dict[int, int], wanted: int) -> int | None:
    """The smallest entry that holds `wanted`, else the largest; None if nothing is left."""
    fitting = [(count, at) for at, count in room.items() if count >= wanted]
    if fitting:
        return min(fitting)[1]
    largest = min(((-count, at) for at, count in room.items() if count), default=None)
    return None if largest is None else largest[1]


def _within_lower_blocks(room: dict[int, int], limits: UnitLimits, size: int) -> dict[int, int]:
    """The part of `room` in at most M lower-level blocks that hold `size` nodes, if any do.

    The largest are taken until one holds the rest; that reaches `size` whenever the M largest do.
    """
    span = limits.lower_span
    totals: dict[int, int] = {}
    for block, count in room.items():
        totals[block // span] = totals.get(block // span, 0) + count
    chosen: set[int] = set()
    remaining = size
    for _ in range(limits.max_lower):
        lower = _tightest(totals, remaining)
        if lower is None or remaining <= 0:
            break
        chosen.add(lower)
        remaining -= totals.pop(lower)
    return {block: count for block, count in room.items() if block // span in chosen}


def place_required(attempt: Attempt, topology: BlockTopology, limits: UnitLimits) -> bool:
    """Take a single unit around its required nodes (3.1.2 B4)."""
    view = attempt.view
    pieces = view.split(attempt.required)
    if view.outside in pieces:
        return False
    if any(mask & attempt.mask(block) != mask for block, mask in pieces.items()):
        return False
    span = limits.region_span
    regions = {block // span for block in pieces}
    lower = {block // limits.lower_span for block in pieces}
    if len(regions) > 1 or (limits.is_limited and len(lower) > limits.max_lower):
        return False
    attempt.begin_segment()
    remaining = attempt.units.size
    for block, mask in sorted(pieces.items()):
        if attempt.take_mask(block, mask, remaining) != mask.bit_count():
            attempt.undo()
            return False
        remaining -= mask.bit_count()
    start = regions.pop() * span
    stop = min(start + span, len(topology.blocks))
    room = dict(zip(range(start, stop), attempt.rooms(start, stop), strict=True))
    if limits.is_limited:
        room = _around(room, lower, limits, remaining)
    while remaining:
        block_or_none = _tightest(room, remaining)
        if block_or_none is None:
            attempt.undo()
            return False
        remaining -= attempt.take(block_or_none, min(room.pop(block_or_none), remaining))
    return True


def _around(room: dict[int, int], own: set[int], limits: UnitLimits, size: int) -> dict[int, int]:
    """The part of `room` in the lower-level blocks `own` and as many others as M leaves."""
    span = limits.lower_span
    inside = {block: count for block, count in room.items() if block // span in own}
    outside = {block: count for block, count in room.items() if block // span not in own}
    missing = size - sum(inside.values())
    if missing <= 0 or len(own) == limits.max_lower:
        return inside
    rest = UnitLimits(
        limits.region_span, limits.is_top, span, limits.max_lower - len(own), is_limited=True
    )
    return inside | _within_lower_blocks(outside, rest, missing)
