"""What branch and price knows of an instance before, or beside, the models of CP-SAT."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..models.instance import Instance
from ..models.plan import Objective, Plan, PlanOptions, Progress, TermValue
from ..models.score import CAPACITY, first_term, usable_capacity
from .aggregates.plan import by_aggregates, is_decomposable
from .aggregates.priority import by_priority
from .aggregates.spare import spare_more
from .budget import Budget

# From so many on, branch and price is worth its while before the whole model is solved.
FEW_PAIRS = 4_000
# Of the budget, what branch and price may use, beside a whole model or without one, and of the
# rest, what usable capacity may, in both cases.
PATTERNS_SHARE = 0.75
ALONE_SHARE = 0.9
SPARE_SHARE = 0.8
ALONE_SPARE_SHARE = 0.95
# A relaxation is not tried where the gap is smaller than this already.
CLOSE = 0.03


@dataclass(frozen=True)
class Known:
    """What is known beside what the models of CP-SAT say.

    Attributes
    ----------
    term
        The first one: the bound of a sum; the largest start vector that is not refuted, and how
        far that is decided. None if nothing is known.
    wanted
        Jobs that the linear program starts.
    is_close
        Whether no relaxation would lower the bound.
    is_spared
        Whether the plan proves the first term, and leaves as much usable as could be found.
    capacity
        A bound of that, if there is one.
    """

    plan: Plan
    term: TermValue | None = None
    wanted: frozenset[str] = frozenset()
    is_close: bool = False
    is_spared: bool = False
    capacity: int | None = None


def decomposed(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    progress: Progress | None,
    start: Plan,
    num_pairs: int | None = None,
) -> Known:
    """Branch and price, where that is possible and the model is not small; the better plan."""
    is_small = num_pairs is not None and num_pairs < FEW_PAIRS
    if is_small or budget.is_spent or not is_decomposable(instance):
        return Known(start)
    is_ranked = options.objective is Objective.PRIORITY
    # Above the size of the whole model nothing else proves as much.
    is_alone = num_pairs is None
    part = budget.part(ALONE_SHARE if is_alone else PATTERNS_SHARE)
    tell = prefixed(progress, "patterns, ")
    known = (
        _ranked(instance, options, start, part, tell)
        if is_ranked
        else _bounded(instance, options, start, part, tell)
    )
    budget.add(part)
    if known.term is None or not _is_reached(instance, known.plan, known.term):
        return known
    if progress is not None:
        progress(f"{options.objective.value}: proven after {budget.wall_s:.1f} s")
    share = ALONE_SPARE_SHARE if is_alone else SPARE_SHARE
    return spared(instance, options, known, budget, progress, share)


def spared(
    instance: Instance,
    options: PlanOptions,
    known: Known,
    budget: Budget,
    progress: Progress | None,
    share: float = SPARE_SHARE,
) -> Known:
    """More usable capacity, and its bound, where the plan proves the first term.

    Parameters
    ----------
    share
        Of the budget's rest.
    """
    if options.balance_power:
        return known
    part = budget.part(share)
    tell = prefixed(progress, "patterns, ")
    found = spare_more(instance, options, known.plan, part, tell)
    budget.add(part)
    if progress is not None and usable_capacity(instance, found.plan, options) == found.bound:
        progress(f"{CAPACITY}: proven after {budget.wall_s:.1f} s")
    return replace(known, plan=found.plan, is_spared=True, capacity=found.bound)


def _is_reached(instance: Instance, plan: Plan, term: TermValue) -> bool:
    """Whether a plan proves the first term as a whole."""
    value = first_term(instance, plan, Objective(term.term))
    is_decided = not value or not isinstance(value, str)
    is_decided = is_decided or term.proven_through == instance.jobs[-1].job_id
    return value == term.bound and is_decided


def _ranked(
    instance: Instance, options: PlanOptions, start: Plan, budget: Budget, tell: Progress | None
) -> Known:
    found = by_priority(instance, options, start, budget, tell)
    through = instance.jobs[found.decided - 1].job_id if found.decided else None
    term = TermValue(options.objective.value, found.bound, found.bound, proven_through=through)
    wanted = (job.job_id for job, bit in zip(instance.jobs, found.bound, strict=True) if bit > "0")
    return Known(found.plan, term, frozenset(wanted), is_close=True)


def _bounded(
    instance: Instance, options: PlanOptions, start: Plan, budget: Budget, tell: Progress | None
) -> Known:
    found = by_aggregates(instance, options, start, budget, tell)
    reached, before = (
        int(first_term(instance, plan, options.objective)) for plan in (found.plan, start)
    )
    best = max(reached, before)
    if tell is not None:
        shown = f"{options.objective.value}: {best} (bound {found.bound})"
        tell(f"{shown} after {budget.wall_s:.1f} s")
    plan = found.plan if reached >= before else start
    term = TermValue(options.objective.value, 0, found.bound)
    return Known(plan, term, found.wanted, is_close=best >= (1 - CLOSE) * found.bound)


def prefixed(progress: Progress | None, prefix: str) -> Progress | None:
    """The same, told with a prefix."""
    if progress is None:
        return None
    tell = progress
    return lambda text: tell(prefix + text)
