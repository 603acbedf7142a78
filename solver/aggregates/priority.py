"""The lexicographically largest start vector: what cannot start is refuted, the rest witnessed.

The linear program over patterns decides job by job, in order of priority: a job is *admitted* if
it starts beside all admitted before it, else refuted by prices. The vector of admitted jobs is an
upper bound. Then one plan is sought that starts all of them, or as long a prefix as possible: up
to there, every bit is proven, the ones by the plan and the zeros by the prices.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from ...models.instance import Instance
from ...models.plan import Objective, Placement, Plan, PlanOptions, Progress
from ...models.score import first_term
from ..budget import Budget
from ..replan import replanned
from ..residual import residual
from .anchors import assign, dive
from .beyond import place_sparingly
from .bound import Generator
from .complete import MOST_PAIRS, complete, legal_part
from .place import place_anchors, place_beyond
from .plan import by_extent, root_of
from .refute import Refuter

# Of the budget, what the upper bound may use, and of the rest each search for a plan.
ADMIT_SHARE = 0.5
PLAN_SHARE = 0.5
# Of that, what may be used for the jobs of several base blocks.
DIVE_SHARE = 0.8
# A loss of more than this share of all nodes means that not all jobs start.
WHOLE = 1e-7
# How many times as much a node of the first job is worth as one of the last.
STEEPEST = 1000


@dataclass(frozen=True)
class Ranked:
    """A plan and what is known of start vectors.

    Attributes
    ----------
    plan
        The best found.
    bound
        No start vector is larger.
    decided
        So many leading bits of the bound are decided: where a plan has them all, they are proven.
    """

    plan: Plan
    bound: str
    decided: int


def by_priority(
    instance: Instance,
    options: PlanOptions,
    start: Plan,
    budget: Budget,
    progress: Progress | None,
) -> Ranked:
    """The best plan for `Objective.PRIORITY`, with a bound.

    Parameters
    ----------
    start
        A legal plan.

    Notes
    -----
    Where the plan for all admitted jobs misses one, shorter prefixes are tried, by bisection.
    """
    # In nodes, all that is admitted is worth what it takes, and a loss is at least one of them.
    counted = replace(options, objective=Objective.THROUGHPUT)
    part = budget.part(ADMIT_SHARE)
    root = root_of(instance, counted, part)
    if root is None:
        return Ranked(start, "0" * len(instance.jobs), len(instance.jobs))
    small, _, beyond = by_extent(root.master)
    admitted, undecided = _admitted(instance, root, progress)
    budget.add(part)
    num_jobs = len(instance.jobs)
    bound = "".join(
        "1" if position in admitted or position >= undecided else "0"
        for position in range(num_jobs)
    )
    best, proven = start, _agreed(instance, start, bound, undecided)
    too_long = undecided + 1
    length = undecided
    while proven < length < too_long and not budget.is_spent:
        wanted = {position for position in admitted if position < length}
        for is_first in (True, False):
            part = budget.part(PLAN_SHARE)
            plan = _started(instance, options, wanted, small, part, beyond_first=is_first)
            budget.add(part)
            if _starts(instance, plan) > _starts(instance, best):
                best = plan
            proven = max(proven, _agreed(instance, plan, bound, undecided))
            if progress is not None:
                progress(f"{proven} of {num_jobs} jobs decided after {budget.wall_s:.1f} s")
            missing = {instance.jobs[job].job_id for job in wanted} - plan.placement_of.keys()
            if not missing & beyond or proven >= length or budget.is_spent:
                break
        if proven < length:
            too_long = length
        length = (proven + too_long) // 2
    return Ranked(best, bound, undecided)


def _starts(instance: Instance, plan: Plan) -> str:
    return str(first_term(instance, plan, Objective.PRIORITY))


def _agreed(instance: Instance, plan: Plan, bound: str, undecided: int) -> int:
    """How many leading bits of a plan are those of the bound, as far as that is decided."""
    pairs = zip(_starts(instance, plan), bound[:undecided], strict=False)
    return next((place for place, (bit, best) in enumerate(pairs) if bit != best), undecided)


def _admitted(
    instance: Instance, root: Generator, progress: Progress | None
) -> tuple[set[int], int]:
    """Positions of the admitted jobs, and the first one that is not decided.

    As many jobs as were admitted last are tried at once, twice as many if that went well.
    """
    jobs = instance.jobs
    budget = root.budget
    refuter = Refuter(root)
    admitted: set[int] = set()
    left = len(instance.free)
    position, most = 0, 1
    while position < len(jobs):
        tried: list[int] = []
        following = position
        while following < len(jobs) and len(tried) < most:
            is_small = jobs[following].num_nodes <= left
            if is_small and refuter.knows(following) and not refuter.is_refuted(following):
                tried.append(following)
            following += 1
        if not tried:
            break
        tried = tried[: refuter.first_refuted(tried)]
        answer = refuter.admits(tried)
        if answer is None and len(tried) == 1:
            return admitted, tried[0]
        if answer:
            refuter.fix(tried)
            admitted.update(tried)
            left -= sum(jobs[job].num_nodes for job in tried)
            position, most = tried[-1] + 1, 2 * most
        elif len(tried) == 1:
            position, most = tried[0] + 1, 1
        else:
            most = len(tried) // 2
        if progress is not None:
            progress(f"{position} of {len(jobs)} jobs tested after {budget.wall_s:.1f} s")
    return admitted, len(jobs)


def _started(
    instance: Instance,
    options: PlanOptions,
    wanted: Set[int],
    small: Set[str],
    budget: Budget,
    *,
    beyond_first: bool,
) -> Plan:
    """A plan that starts the wanted jobs if it can, and others in `small` beside them.

    Parameters
    ----------
    beyond_first
        Whether jobs beyond all levels are put down before all others, or together with those of
        several base blocks. Neither is always better.
    """
    ids = {instance.jobs[job].job_id for job in wanted}
    part = _weighted(residual(instance, options, instance.free, Plan(), ids))
    weighted = replace(options, objective=Objective.WEIGHTED)
    counted = replace(options, objective=Objective.THROUGHPUT)
    step = budget.part(DIVE_SHARE)
    placed: list[Placement] = []
    root = root_of(part, weighted, step, is_strict=True)
    if root is None:
        return Plan()
    if beyond_first:
        shares = place_sparingly(root, step)
        placed = legal_part(part, options, place_beyond(root.master, shares))
        rest = ids - {each.job_id for each in placed}
        part = residual(part, options, part.free, Plan(tuple(placed)), rest)
        root = root_of(part, weighted, step, is_strict=True)
    anchored = [*placed, *(_anchored(root) if root else [])]
    budget.add(step)
    anchored = legal_part(instance, options, anchored)
    beside = residual(instance, options, instance.free, Plan(tuple(anchored)), small)
    step = budget.part(1.0)
    exact = replanned(beside, options, (), step, MOST_PAIRS)
    budget.add(step)
    if exact is None:
        return complete(instance, counted, anchored, small & ids, budget)
    placed = legal_part(instance, options, [*anchored, *exact])
    order = {job.job_id: position for position, job in enumerate(instance.jobs)}
    return Plan(tuple(sorted(placed, key=lambda each: order[each.job_id])))


def _anchored(root: Generator) -> list[Placement]:
    """The jobs of several base blocks, where a dive puts them."""
    root.dear = WHOLE
    relaxed, _ = root.run(precision=WHOLE)
    if relaxed is None:
        return []
    dived = dive(root, relaxed)
    return place_anchors(root.master, dived.patterns, assign(root, dived))


def _weighted(instance: Instance) -> Instance:
    """The instance with weights that fall from job to job: where not all start, the last wait."""
    jobs = instance.jobs
    fall = STEEPEST ** (-1 / max(1, len(jobs) - 1))
    return instance.with_jobs(
        tuple(replace(job, weight=round(STEEPEST * fall**place)) for place, job in enumerate(jobs))
    )
