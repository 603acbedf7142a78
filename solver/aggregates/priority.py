"""The lexicographically largest start vector: what cannot start is refuted, the rest witnessed.

The linear program over patterns decides job by job, in order of priority: a job is *admitted* if
it starts beside all admitted before it, else refuted by prices. The vector of admitted jobs is an
upper bound. Then one plan is sought that starts all of them, or as long a prefix as possible: up
to there, every bit is proven, the ones by the plan and the zeros by the prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...models.instance import Instance
from ...models.plan import Objective, Plan, PlanOptions, Progress
from ...models.score import first_term
from ..budget import Budget
from .attempt import started
from .bound import generator_of
from .choice import Choice
from .offer import Offer, offer_of
from .refute import Refuter
from .witness import Witness

# Of the budget, what the upper bound may use, and of the rest each search for a plan.
ADMIT_SHARE = 0.7
PLAN_SHARE = 0.5
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
    Where the plan for all admitted jobs misses one, those up to it are tried without the others,
    and then more of them again.
    """
    # In nodes, all that is admitted is worth what it takes, and a loss is at least one of them.
    offer = offer_of(instance, replace(options, objective=Objective.THROUGHPUT))
    num_jobs = len(instance.jobs)
    if offer is None:
        return Ranked(start, "0" * num_jobs, num_jobs)
    part = budget.part(ADMIT_SHARE)
    admitted = _admitted(offer, part, progress)
    budget.add(part)
    undecided = admitted.undecided
    bound = "".join(
        "1" if position in admitted.jobs or position >= undecided else "0"
        for position in range(num_jobs)
    )
    best, proven = start, _agreed(instance, start, bound, undecided)
    length, too_long = undecided, undecided + 1
    falling = replace(offer, values=_falling(instance))
    while proven < length < too_long and not budget.is_spent:
        wanted = {position for position in admitted.jobs if position < length}
        part = budget.part(PLAN_SHARE)
        plan = started(falling, options, admitted.choice, wanted, part)
        budget.add(part)
        best = max(best, plan, key=lambda each: _starts(instance, each))
        agreed = _agreed(instance, plan, bound, undecided)
        proven = max(proven, agreed)
        if progress is not None:
            progress(f"{proven} of {num_jobs} jobs decided after {budget.wall_s:.1f} s")
        if agreed < length:
            too_long = length
            length = proven + 1
        else:
            length = (proven + too_long) // 2
    return Ranked(best, bound, undecided)


def _starts(instance: Instance, plan: Plan) -> str:
    return str(first_term(instance, plan, Objective.PRIORITY))


def _agreed(instance: Instance, plan: Plan, bound: str, undecided: int) -> int:
    """How many leading bits of a plan are those of the bound, as far as that is decided."""
    pairs = zip(_starts(instance, plan), bound[:undecided], strict=False)
    return next((place for place, (bit, best) in enumerate(pairs) if bit != best), undecided)


@dataclass(frozen=True)
class _Admitted:
    """Positions of the jobs that start as far as is known, and the first that is not decided.

    Attributes
    ----------
    choice
        Where those beyond all levels go.
    """

    jobs: frozenset[int]
    undecided: int
    choice: Choice


def _admitted(offer: Offer, budget: Budget, progress: Progress | None) -> _Admitted:
    """Decide job by job, those beyond all levels first in fractions, then as wholes.

    As many jobs as were admitted last are tried at once, twice as many if that went well.
    """
    jobs = offer.instance.jobs
    refuter = Refuter(generator_of(offer.master(offer.regions), budget, is_strict=False))
    witness = Witness(offer, budget)
    admitted: set[int] = set()
    left = len(offer.instance.free)
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
        if answer:
            answer = witness.admits(tried)
            if not answer:
                refuter.drop(tried)
        if answer is None and len(tried) == 1:
            return _Admitted(frozenset(admitted), tried[0], witness.choice)
        if answer:
            refuter.fix(tried)
            admitted.update(tried)
            left -= sum(jobs[job].num_nodes for job in tried)
            position, most = tried[-1] + 1, 2 * most
        elif len(tried) == 1:
            refuter.refute(tried[0])
            position, most = tried[0] + 1, 1
        else:
            most = len(tried) // 2
        if progress is not None:
            progress(f"{position} of {len(jobs)} jobs tested after {budget.wall_s:.1f} s")
    return _Admitted(frozenset(admitted), len(jobs), witness.choice)


def _falling(instance: Instance) -> list[int]:
    """What jobs are worth if weights fall from job to job: where not all start, the last wait."""
    jobs = instance.jobs
    fall = STEEPEST ** (-1 / max(1, len(jobs) - 1))
    return [round(STEEPEST * fall**place) * job.num_nodes for place, job in enumerate(jobs)]
