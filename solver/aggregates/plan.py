"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.plan import Plan, PlanOptions, Progress
from ...models.topology import BlockTopology
from ..budget import Budget
from .attempt import base_block_jobs, larger_jobs, started
from .beyond import Chooser, choice_in, jobs_beyond
from .bound import COARSE, generator_of
from .branch import Brancher
from .complete import complete, worth_of
from .offer import Offer, offer_of
from .witness import Witness

# Of the budget's rest, what the bound, the choice of the largest jobs, the dive after it, and
# branching at last may use.
BOUND_SHARE = 0.4
CHOICE_SHARE = 0.5
# Nodes of an aggregate up to which its dynamic program is fast (see `pricing.Pricer`).
MOST_NODES = 2048
DIVE_SHARE = 0.4
BRANCH_SHARE = 0.6


@dataclass(frozen=True)
class Decomposed:
    """Bound of the first term, a plan, and the jobs that the linear program starts."""

    bound: int
    plan: Plan
    wanted: frozenset[str]


def is_decomposable(instance: Instance) -> bool:
    """Whether all jobs compete for the base blocks of one topology."""
    topology = instance.cluster.topologies[0]
    if len(instance.cluster.topologies) > 1 or not isinstance(topology, BlockTopology):
        return False
    nodes = topology.block_sizes[-1] * max(len(block.nodes) for block in topology.blocks)
    return nodes <= MOST_NODES * topology.base_size


def by_aggregates(
    instance: Instance,
    options: PlanOptions,
    start: Plan,
    budget: Budget,
    progress: Progress | None,
) -> Decomposed:
    """A proven bound and a plan near it; see the package.

    Parameters
    ----------
    start
        A legal plan, whose larger jobs are tried as they are, too.

    Returns
    -------
    Decomposed
        The plan keeps all rules.

    Notes
    -----
    Jobs are put down from the largest to the smallest: those beyond all levels, those of several
    base blocks, the others; before each step, prices are found for what is left. The first of
    these as they were chosen, and as in the start plan: small halls have few of them, so that
    chance decides which is better.
    """
    offer = offer_of(instance, options)
    if offer is None:
        return Decomposed(0, Plan(), frozenset())
    part = budget.part(BOUND_SHARE)
    root = generator_of(offer.master(offer.regions), part, is_strict=False)
    relaxed, highest = root.run(progress)
    budget.add(part)
    if relaxed is None:
        return Decomposed(_rounded(highest), Plan(), frozenset())
    jobs = instance.jobs
    wanted = frozenset(jobs[job].job_id for job, start in relaxed.starts.items() if start > 0.5)
    small = base_block_jobs(root.master)
    own = choice_in(offer, root.master, start.placements)
    part = budget.part(CHOICE_SHARE)
    chooser = Chooser(offer, part, root, relaxed)
    if own.anchors:
        chooser.consider(own)
    chooser.run(progress)
    budget.add(part)
    plans = [start]
    for choice in (chooser.best, own):
        if len(plans) > 1 and (budget.is_spent or choice.taken == chooser.best.taken):
            break
        part = budget.part(DIVE_SHARE)
        strict = generator_of(offer.master(offer.regions), part, is_strict=True)
        strict.decide(dict.fromkeys(jobs_beyond(root.master), False))
        placed = larger_jobs(offer, strict, choice, COARSE)
        budget.add(part)
        plans.append(complete(instance, options, placed, small, budget))
    kept = [each for each in start.placements if each.job_id not in small]
    plans.append(complete(instance, options, kept, small, budget))
    best_plan = max(plans, key=lambda plan: worth_of(instance, options, plan.placements))
    value = worth_of(instance, options, best_plan.placements)
    part = root.budget = budget.part(BRANCH_SHARE)
    brancher = Brancher(root, highest)
    highest = _rounded(min(chooser.bound, brancher.run(value, progress)))
    budget.add(part)
    for starting in brancher.whole:
        if value >= highest or budget.is_spent:
            break
        plan = _attempted(offer, options, starting, budget)
        reached = worth_of(instance, options, plan.placements)
        if reached > value:
            best_plan, value = plan, reached
    return Decomposed(highest, best_plan, wanted)


def _attempted(offer: Offer, options: PlanOptions, jobs: frozenset[int], budget: Budget) -> Plan:
    """A plan that starts these jobs, if places for those beyond all levels are found."""
    witness = Witness(offer, budget)
    if not witness.admits(sorted(jobs)):
        return Plan()
    return started(offer, options, witness.choice, jobs, budget)


def _rounded(bound: float) -> int:
    """The integer bound behind one of floating point."""
    return floor(bound + 1e-6 * max(1.0, abs(bound)))
