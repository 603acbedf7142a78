"""Random tries for segments that span base blocks, where one after another leads nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ...models.topology import BlockTopology, UnitLimits
from .attempt import Attempt

MAX_BLOCKS = 64
_TRIES = 40
_DRAWS = 6


def place_shuffled(attempt: Attempt, topology: BlockTopology, limits: UnitLimits) -> bool:
    """Place all segments in random regions and blocks, several times; reproducible.

    Segments larger than a base block compete for the same blocks, and the tightest choice for one
    may ruin the next (slurm_semantics 9.1, G4-G6). For at most `MAX_BLOCKS` blocks.
    """
    random = Random(0)
    units = attempt.units
    num_blocks = len(topology.blocks)
    span = num_blocks
    if units.consolidates:
        span = topology.consolidate_span(units.count, units.size, units.spreads)
    for _ in range(_TRIES):
        first = random.randrange(-(-num_blocks // span)) * span
        within = range(first, min(first + span, num_blocks))
        used: set[int] = set()
        if all(_unit(attempt, limits, within, used, random) for _ in range(units.count)):
            return True
        attempt.undo()
    return False


def _unit(
    attempt: Attempt, limits: UnitLimits, within: range, used: set[int], random: Random
) -> bool:
    """Take one segment in the first random region with room for it."""
    attempt.begin_segment()
    size = attempt.units.size
    regions: dict[int, list[tuple[int, int]]] = {}
    for block in within:
        room = 0 if block in used else attempt.room(block)
        if room:
            regions.setdefault(block // limits.region_span, []).append((block, room))
    for region in random.sample(sorted(regions), len(regions)):
        draws = [_draw(regions[region], limits, size, random) for _ in range(_DRAWS)]
        enough = [draw for draw in draws if sum(room for _, room in draw) >= size]
        if enough:
            best = min(enough, key=lambda draw: sum(room for _, room in draw))
            remaining = size
            for block, _ in best:
                remaining -= attempt.take(block, remaining)
            if attempt.units.spreads:
                used.update(block for block, _ in best)
            return not remaining
    return False


def _draw(
    blocks: Sequence[tuple[int, int]], limits: UnitLimits, size: int, random: Random
) -> list[tuple[int, int]]:
    """Random blocks in at most M lower-level blocks, until they hold `size` nodes."""
    chosen: list[tuple[int, int]] = []
    lower: set[int] = set()
    missing = size
    for block, room in random.sample(blocks, len(blocks)):
        own = block // limits.lower_span
        if limits.is_limited and own not in lower and len(lower) == limits.max_lower:
            continue
        lower.add(own)
        chosen.append((block, room))
        missing -= room
        if missing <= 0:
            break
    return chosen
