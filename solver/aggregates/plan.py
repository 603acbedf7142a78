"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.plan import Placement, Plan, PlanOptions, Progress
from ...models.topology import BlockTopology
from ..budget import Budget
from .anchors import assign, dive
from .beyond import Choice, Chooser, choice_in, jobs_beyond
from .bound import COARSE, Generator, generator_of
from .branch import Brancher
from .complete import complete, legal_part, worth_of
from .master import Master
from .match import whole_patterns
from .offer import Offer, offer_of
from .place import place_anchors

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
    highest = min(chooser.bound, Brancher(root, highest).run(value, progress))
    budget.add(part)
    return Decomposed(_rounded(highest), best_plan, wanted)


def larger_jobs(
    offer: Offer, generator: Generator, choice: Choice, precision: float
) -> list[Placement]:
    """Legal placements of the chosen jobs beyond all levels and of those of several base blocks.

    With an eye to the smaller ones.

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
        return []
    dived = dive(generator, relaxed)
    open_jobs = {job: s for job, s in dived.starts.items() if job not in generator.refused}
    patterns = whole_patterns(generator.master, dived.patterns, open_jobs, generator.budget)
    anchors = [*assign(generator, dived), *choice.anchors]
    placed = place_anchors(generator.master, patterns, anchors)
    return legal_part(offer.instance, offer.options, placed)


def _rounded(bound: float) -> int:
    """The integer bound behind one of floating point."""
    return floor(bound + 1e-6 * max(1.0, abs(bound)))


def base_block_jobs(master: Master) -> frozenset[str]:
    """Ids of the jobs whose units fit base blocks."""
    larger = {demand.shape for demand in master.demands if master.slots[demand.slot].span != 1}
    return frozenset(
        master.job_ids[job]
        for number, shape in enumerate(master.shapes)
        if number not in larger
        for job in shape.jobs
    )
