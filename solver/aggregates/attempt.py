"""A plan that starts given jobs, if it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from ...models.plan import Placement, Plan, PlanOptions
from ..budget import Budget
from ..replan import replanned
from ..residual import residual
from .anchors import assign, dive
from .bound import Generator, generator_of
from .choice import Choice, jobs_beyond, part_of
from .complete import MOST_PAIRS, complete, legal_part, legal_plan, worth_of
from .follow import followed
from .master import Master
from .match import NOTHING, Rounded, whole_patterns
from .offer import Offer
from .patterns import Pattern
from .place import place_anchors

# Of the budget, what may be used for the jobs of several base blocks.
DIVE_SHARE = 0.8
# A loss of more than this share of all nodes means that not all jobs start.
WHOLE = 1e-7


def started(
    offer: Offer,
    options: PlanOptions,
    choice: Choice,
    wanted: Set[int],
    budget: Budget,
) -> Plan:
    """A plan that starts the wanted jobs if it can, and others that fit base blocks beside them.

    Where idle nodes have a worth, no others: more of these stay usable.

    Parameters
    ----------
    options
        With the objective of the plan.
    choice
        Where jobs beyond all levels go.
    """
    instance = offer.instance
    ids = {instance.jobs[job].job_id for job in wanted}
    step = budget.part(DIVE_SHARE)
    strict = generator_of(offer.master(offer.regions), step, is_strict=True)
    master = strict.master
    waiting = master.shape_of.keys() - wanted
    strict.decide(dict.fromkeys(waiting | jobs_beyond(master).keys(), False))
    anchored, whole = larger_jobs(offer, strict, part_of(master, choice, wanted), WHOLE)
    budget.add(step)
    only_wanted = bool(offer.idle.slots)
    plan = followed(
        offer, master, whole, anchored, wanted if only_wanted else master.shape_of.keys()
    )
    if ids <= plan.placement_of.keys():
        return plan
    small = base_block_jobs(master)
    step = budget.part(1.0)
    found = exactly_beside(
        offer, options, anchored, (), small & ids if only_wanted else small, step
    )
    budget.add(step)
    if found is None:
        found = complete(instance, offer.options, anchored, small & ids, budget)
    return better(offer, found, plan)


def better(offer: Offer, *plans: Plan) -> Plan:
    """The one worth most; the first of several."""
    return max(plans, key=lambda plan: worth_of(offer.instance, offer.options, plan.placements))


def exactly_beside(
    offer: Offer,
    options: PlanOptions,
    kept: Sequence[Placement],
    start: Sequence[Placement],
    small: Set[str],
    budget: Budget,
) -> Plan | None:
    """The jobs in `small` placed anew beside the kept ones, from `start`; None as `replanned`."""
    instance = offer.instance
    beside = residual(instance, options, instance.free, Plan(tuple(kept)), small)
    found = replanned(beside, options, start, budget, MOST_PAIRS, offer.idle.mix)
    return None if found is None else legal_plan(instance, options, [*kept, *found])


def larger_jobs(
    offer: Offer, generator: Generator, choice: Choice, precision: float
) -> tuple[list[Placement], Rounded]:
    """Legal placements of the chosen jobs beyond all levels and of those of several base blocks.

    With an eye to the smaller ones: patterns that have slots for these, too.

    Parameters
    ----------
    generator
        A strict one, in which those are refused.
    precision
        A rounding that costs more than this share of the value is looked at twice.
    """
    generator.reserve(choice.reserved)
    generator.dear = precision
    relaxed, _ = generator.run(precision=precision)
    if relaxed is None:
        return [], Rounded([], NOTHING)
    dived = dive(generator, relaxed)
    master, relaxed = generator.master, dived.relaxed
    open_jobs = [job for job in relaxed.starts if job not in generator.refused]
    likely = dived.patterns
    candidates = [pattern for pattern in master.patterns if is_alike(pattern, likely)]
    budget, whole = generator.budget, None
    if master.idle.slots:
        whole = whole_patterns(master, candidates, open_jobs, budget, must_start=True)
    if whole is None:
        whole = whole_patterns(master, candidates, open_jobs, budget)
    if whole is None:
        whole = Rounded([(pattern, 1) for pattern in likely.values()], NOTHING)
    anchors = [*assign(generator, dived), *choice.anchors]
    patterns = {pattern.aggregate: pattern for pattern, _ in whole.patterns}
    placed = place_anchors(master, patterns, anchors)
    return legal_part(offer.instance, offer.options, placed), whole


def is_alike(pattern: Pattern, likely: Mapping[int, Pattern]) -> bool:
    """Whether it hosts the same larger units as the likely one."""
    own = likely.get(pattern.aggregate)
    return own is not None and (pattern.anchors, pattern.spared) == (own.anchors, own.spared)


def base_block_jobs(master: Master) -> frozenset[str]:
    """Ids of the jobs whose units fit base blocks."""
    larger = {demand.shape for demand in master.demands if master.slots[demand.slot].span != 1}
    return frozenset(
        master.job_ids[job]
        for number, shape in enumerate(master.shapes)
        if number not in larger
        for job in shape.jobs
    )
