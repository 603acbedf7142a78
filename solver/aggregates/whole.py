"""Whole patterns from fractions of them, step by step: a dive."""

from __future__ import annotations

from math import floor
from random import Random

from .bound import COARSE, INTEGRAL, Generator
from .master import Master, Relaxed
from .match import Rounded, matched, whole_patterns

MOST_DIVES = 250
ROUNDS = 25
# Of the patterns that are followed in part, how many are rounded up at once, at most.
PORTION = 0.25
# Attempts to start what the linear program starts, and what each of them keeps of the last one.
MOST_REPAIRS = 8
KEPT = 0.7
# A loss of less than this share is a rounding error.
WHOLE = 1e-7

# Per pattern, how many aggregates follow it for good.
Kept = dict[int, int]


def repaired(generator: Generator, relaxed: Relaxed, best: Rounded) -> Rounded:
    """Start more of the jobs that the linear program starts than the best so far, if possible.

    Parameters
    ----------
    generator
        After a dive from `relaxed`; its roundings are undone.

    Notes
    -----
    By an integer program over all patterns that the dive has met. Where the linear program starts
    all jobs as wholes, or not at all, and some are missing then, a part of the solution is kept
    and patterns are generated for the rest, from which the integer program may choose, too: a
    large neighbourhood search over columns.
    """
    master, budget = generator.master, generator.budget
    goal = (1 - WHOLE) * relaxed.worth_of_starts
    random = Random(budget.options.seed)
    is_whole = all(start < INTEGRAL or start > 1 - INTEGRAL for start in relaxed.starts.values())
    for repair in range(MOST_REPAIRS if is_whole else 1):
        if budget.is_spent or master.worth_of(best.matched.starts) >= goal:
            break
        if repair:
            generator.decide({})
            _keep_some(master, best, random)
            generator.run(precision=COARSE, most_rounds=ROUNDS)
        found = whole_patterns(master, master.patterns, sorted(relaxed.starts), budget)
        if found is not None:
            best = max(best, found, key=lambda each: master.worth_of(each.matched.starts))
    return best


def _keep_some(master: Master, rounded: Rounded, random: Random) -> None:
    """Keep a part of what was followed, and nothing else."""
    counts = {id(pattern): count for pattern, count in rounded.patterns}
    for index, pattern in enumerate(master.patterns):
        followed = range(counts.get(id(pattern), 0))
        master.keep(index, sum(random.random() < KEPT for _ in followed))


def dived(generator: Generator, relaxed: Relaxed) -> Rounded:
    """Which jobs start, and how many aggregates follow which pattern.

    Notes
    -----
    Whole parts of the linear program's solution are kept, fractional jobs worth most are rounded,
    the largest fractions of patterns are rounded up, and prices are found anew. Where the latter
    costs more than `Generator.dear`, half as many are.
    """
    budget = generator.budget
    kept: Kept = {}
    portion = PORTION
    for _ in range(MOST_DIVES):
        if budget.is_spent:
            break
        some = 1 + sum(INTEGRAL < start < 1 - INTEGRAL for start in relaxed.starts.values()) // 3
        found = generator.dive(relaxed, relaxed.starts, some, ROUNDS)
        if found is None:
            ups = _round_up(generator, relaxed, kept, portion)
            if not ups:
                break
            least = (1 - generator.dear) * relaxed.worth_of_starts
            found, _ = generator.run(precision=generator.dear, most_rounds=ROUNDS, goal=least)
            if len(ups) > 1 and (found is None or found.worth_of_starts < least):
                for index in ups:
                    kept[index] -= 1
                    generator.master.keep(index, kept[index])
                portion /= 2
                found = generator.solve()
            if found is None:
                break
        relaxed = found
    counts = {
        index: max(kept.get(index, 0), floor(share + INTEGRAL))
        for index, share in enumerate(relaxed.shares)
    }
    known = generator.master.patterns
    patterns = [(known[index], count) for index, count in counts.items() if count]
    return Rounded(patterns, matched(generator.master, patterns, relaxed.starts, budget))


def _round_up(generator: Generator, relaxed: Relaxed, kept: Kept, portion: float) -> list[int]:
    """Keep whole parts, round up the largest fractions that break no layer; which these are."""
    master = generator.master
    left = dict(enumerate(master.regions.copies.tolist()))
    room = list(master.room)
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
    ups = []
    for _, index in wanted[: 1 + int(portion * len(wanted))]:
        aggregate = master.patterns[index].aggregate
        use = master.wide_use(master.patterns[index])
        rest = [before - used for before, used in zip(room, use, strict=True)]
        if left[aggregate] > 0 and min(rest, default=0) >= 0:
            left[aggregate] -= 1
            room = rest
            kept[index] = kept.get(index, 0) + 1
            master.keep(index, kept[index])
            ups.append(index)
    return ups
