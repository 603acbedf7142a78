"""Which jobs get the places that patterns offer, as wholes.

The linear program may still cut places into fractions of what is asked for, and follow several
patterns in parts. With few patterns to choose from, whole ones are a small integer program.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from ..budget import Budget
from .master import Exchange, Master
from .patterns import Pattern

# Of the budget's rest, what one program may use, and its most deterministic seconds.
SHARE = 0.1
MOST_WORK = 0.5
PATTERNS_SHARE = 0.3
MOST_PATTERNS_WORK = 5.0


@dataclass(frozen=True)
class Matched:
    """Jobs that start, by position, and how often each exchange is made."""

    starts: frozenset[int]
    exchanges: tuple[tuple[Exchange, int], ...]


class _Model:
    """Jobs that start as often as the offered slots allow, directly or by exchanges.

    Parameters
    ----------
    starts
        Per job position that may start, what the linear program says; a hint.

    Attributes
    ----------
    offered
        Per slot, parts of a sum: how many there are, and less how many are used.
    """

    def __init__(self, master: Master, starts: Mapping[int, float]) -> None:
        self.cp = cp_model.CpModel()
        self.starts = {job: self.cp.new_bool_var(f"start_{job}") for job in starts}
        self.offered: dict[int, list[cp_model.LinearExprT]] = defaultdict(list)
        most = int(master.regions.free_of_aggregates @ master.regions.copies) + 1
        self.exchanges = [
            (exchange, self.cp.new_int_var(0, most, "exchange")) for exchange in master.exchanges
        ]
        for exchange, times in self.exchanges:
            self.offered[exchange.given].append(-times)
            for slot in exchange.got:
                self.offered[slot].append(times)
        placed: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for demand in master.demands:
            per_job = demand.count * master.slots[demand.slot].per_unit
            count = self.cp.new_int_var(0, len(master.shapes[demand.shape].jobs), "count")
            placed[demand.shape].append(count)
            self.offered[demand.slot].append(-per_job * count)
        for number, counts in placed.items():
            begun = [self.starts[job] for job in master.shapes[number].jobs if job in starts]
            self.cp.add(cp_model.LinearExpr.sum(counts) == cp_model.LinearExpr.sum(begun))
        worth = [master.values[job] * start for job, start in self.starts.items()]
        self.cp.maximize(cp_model.LinearExpr.sum(worth))
        for job, start in self.starts.items():
            self.cp.add_hint(start, starts[job] > 0.5)

    def solve(self, budget: Budget, share: float, most_work: float) -> cp_model.CpSolver | None:
        """A solver with a solution; None if none was found in time."""
        for parts in self.offered.values():
            self.cp.add(cp_model.LinearExpr.sum(parts) >= 0)
        part = budget.part(share)
        solver = part.solver(is_large=False, most_work=most_work)
        status = part.spend(solver, self.cp, None)
        budget.add(part)
        return solver if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def matched(
    master: Master,
    patterns: Sequence[tuple[Pattern, int]],
    starts: Mapping[int, float],
    budget: Budget,
) -> Matched:
    """The jobs worth most whose slots the patterns offer, directly or by exchanges.

    Parameters
    ----------
    patterns
        With the number of base blocks that follow each.
    starts
        Per job position, what the linear program says; a hint.

    Returns
    -------
    Matched
        What the linear program says where time is up; nothing where nothing was found in time.
    """
    if budget.is_spent:
        return Matched(frozenset(job for job, share in starts.items() if share > 0.5), ())
    model = _Model(master, starts)
    for pattern, count in patterns:
        for slot, number in pattern.counts.items():
            model.offered[slot].append(number * count)
    solver = model.solve(budget, SHARE, MOST_WORK)
    if solver is None:
        return Matched(frozenset(), ())
    return Matched(
        frozenset(job for job, start in model.starts.items() if solver.value(start)),
        tuple((exchange, solver.value(times)) for exchange, times in model.exchanges),
    )


def whole_patterns(
    master: Master,
    likely: Mapping[int, Pattern],
    starts: Mapping[int, float],
    budget: Budget,
) -> dict[int, Pattern]:
    """Per aggregate a known pattern with the larger units of the likely one, for most worth.

    Parameters
    ----------
    likely
        Per aggregate; the answer where nothing was found in time.
    starts
        Per job position that may start, what the linear program says.

    Notes
    -----
    The linear program follows several patterns in parts; a choice for each aggregate by itself
    would offer too much of one slot and too little of another.
    """
    if budget.is_spent:
        return dict(likely)
    model = _Model(master, starts)
    choices: dict[int, list[tuple[Pattern, cp_model.IntVar]]] = defaultdict(list)
    for pattern in master.patterns:
        own = likely.get(pattern.aggregate)
        if own is None or pattern.anchors != own.anchors or pattern.spared != own.spared:
            continue
        chosen = model.cp.new_bool_var("pattern")
        model.cp.add_hint(chosen, pattern is own)
        choices[pattern.aggregate].append((pattern, chosen))
        for slot, number in pattern.counts.items():
            model.offered[slot].append(number * chosen)
    of_all = [pair for pairs in choices.values() for pair in pairs]
    for pairs in choices.values():
        model.cp.add_exactly_one(chosen for _, chosen in pairs)
    uses = [master.wide_use(pattern) for pattern, _ in of_all]
    for number, room in enumerate(master.room):
        used = [use[number] * chosen for use, (_, chosen) in zip(uses, of_all, strict=True)]
        model.cp.add(cp_model.LinearExpr.sum(used) <= room)
    solver = model.solve(budget, PATTERNS_SHARE, MOST_PATTERNS_WORK)
    if solver is None:
        return dict(likely)
    return {pattern.aggregate: pattern for pattern, chosen in of_all if solver.value(chosen)}
