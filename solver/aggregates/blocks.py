"""Jobs whose units fit base blocks: patterns of single blocks, rounded step by step."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from ..budget import Budget
from .bound import COARSE, INTEGRAL, generator_of
from .master import Master, Relaxed
from .match import Matched, matched
from .patterns import Pattern

MOST_DIVES = 250
ROUNDS = 25


@dataclass(frozen=True)
class Rounded:
    """Jobs that start, and base blocks that follow patterns.

    Attributes
    ----------
    patterns
        With the number of base blocks each.
    matched
        Jobs that start, and places used for slots that ask for less.
    """

    patterns: list[tuple[Pattern, int]]
    matched: Matched


def round_blocks(master: Master, budget: Budget) -> Rounded:
    """Which jobs start, and how many base blocks follow which pattern.

    Notes
    -----
    A dive: whole parts of the linear program's solution are kept, the fractional job worth most is
    rounded, the largest fractions of patterns are rounded up, and prices are found anew.
    """
    generator = generator_of(master, budget, is_strict=True)
    relaxed, _ = generator.run(precision=COARSE)
    if relaxed is None:
        return Rounded([], Matched(frozenset(), ()))
    kept: dict[int, int] = {}
    for _ in range(MOST_DIVES):
        if budget.is_spent:
            break
        some = 1 + sum(INTEGRAL < start < 1 - INTEGRAL for start in relaxed.starts.values()) // 3
        found = generator.dive(relaxed, relaxed.starts, some, ROUNDS)
        if found is None:
            if not _round_patterns(master, relaxed, kept):
                break
            found, _ = generator.run(precision=COARSE, most_rounds=ROUNDS)
            if found is None:
                break
        relaxed = found
    counts = {
        index: max(kept.get(index, 0), floor(share + INTEGRAL))
        for index, share in enumerate(relaxed.shares)
    }
    patterns = [(master.patterns[index], count) for index, count in counts.items() if count]
    return Rounded(patterns, matched(master, patterns, relaxed.starts, budget))


def _round_patterns(master: Master, relaxed: Relaxed, kept: dict[int, int]) -> bool:
    """Keep whole parts and round up the largest fractions; whether there were any."""
    left = dict(enumerate(master.regions.copies.tolist()))
    room = [row.room for row in master.regions.wide]
    wanted = []
    for index, share in enumerate(relaxed.shares):
        whole = max(kept.get(index, 0), floor(share + INTEGRAL))
        if whole:
            kept[index] = whole
            master.keep(index, whole)
            left[master.patterns[index].aggregate] -= whole
            use = master.wide_use(master.patterns[index])
            room = [rest - whole * used for rest, used in zip(room, use, strict=True)]
        if share - whole > INTEGRAL:
            wanted.append((share - whole, index))
    wanted.sort(reverse=True)
    for _, index in wanted[: 1 + len(wanted) // 4]:
        aggregate = master.patterns[index].aggregate
        use = master.wide_use(master.patterns[index])
        rest = [before - used for before, used in zip(room, use, strict=True)]
        if left[aggregate] > 0 and min(rest, default=0) >= 0:
            left[aggregate] -= 1
            room = rest
            kept[index] = kept.get(index, 0) + 1
            master.keep(index, kept[index])
    return bool(wanted)
