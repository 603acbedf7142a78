"""Which jobs get the places that patterns offer, once the patterns are whole numbers.

The linear program may still cut places into fractions of what is asked for. With the patterns
fixed that is a small integer program.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from ..budget import Budget
from .master import Exchange, Master
from .patterns import Pattern

# Of the budget's rest, what the program may use, and its most deterministic seconds.
SHARE = 0.1
MOST_WORK = 0.5


@dataclass(frozen=True)
class Matched:
    """Jobs that start, by position, and how often each exchange is made."""

    starts: frozenset[int]
    exchanges: tuple[tuple[Exchange, int], ...]


def matched(
    master: Master,
    patterns: Sequence[tuple[Pattern, int]],
    starts: dict[int, float],
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
    offered: Counter[int] = Counter()
    for pattern, count in patterns:
        for slot, number in pattern.counts.items():
            offered[slot] += number * count
    model = cp_model.CpModel()
    most = sum(offered.values()) + 1
    balance: dict[int, list[cp_model.LinearExpr | int]] = defaultdict(list)
    exchanges = [
        (exchange, model.new_int_var(0, most, "exchange")) for exchange in master.exchanges
    ]
    for exchange, times in exchanges:
        balance[exchange.given].append(-times)
        for slot in exchange.got:
            balance[slot].append(times)
    begun = {job: model.new_bool_var(f"start_{job}") for job in starts}
    placed: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for demand in master.demands:
        begun_here = model.new_int_var(0, len(master.shapes[demand.shape].jobs), "count")
        placed[demand.shape].append(begun_here)
        balance[demand.slot].append(-demand.count * begun_here)
    for number, counts in placed.items():
        model.add(sum(counts) == sum(begun[job] for job in master.shapes[number].jobs))
    for slot, parts in balance.items():
        model.add(sum(parts) + offered[slot] >= 0)
    model.maximize(sum(master.values[job] * start for job, start in begun.items()))
    for job, start in begun.items():
        model.add_hint(start, starts[job] > 0.5)
    part = budget.part(SHARE)
    solver = part.solver(is_large=False, most_work=MOST_WORK)
    status = part.spend(solver, model, None)
    budget.add(part)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Matched(frozenset(), ())
    return Matched(
        frozenset(job for job, start in begun.items() if solver.value(start)),
        tuple((exchange, solver.value(times)) for exchange, times in exchanges),
    )
