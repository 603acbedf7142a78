"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.job import Job
from ...models.plan import Plan, PlanOptions, Progress
from ...models.rules import is_placed_flat
from ...models.topology import BlockTopology
from ..budget import Budget
from .attempt import base_block_jobs, better, larger_jobs, started
from .beyond import Chooser
from .bound import COARSE, Generator, generator_of
from .branch import Brancher, LinearProgram
from .choice import Choice, choice_in, jobs_beyond
from .choosing import MOST_SETS, branch_beside
from .complete import complete, worth_of
from .decided import Starts
from .follow import followed
from .offer import Offer, offer_of
from .witness import Witness

# Nodes of an aggregate up to which its dynamic program is fast (see `pricing.Pricer`).
MOST_NODES = 2048
# Of the budget's rest, what the bound, the choice of the largest jobs, the dive after it,
# branching beside that choice, beside any, and branching at last may use.
BOUND_SHARE = 0.4
CHOICE_SHARE = 0.5
DIVE_SHARE = 0.4
BESIDE_SHARE = 0.3
ANY_SHARE = 0.9
BRANCH_SHARE = 0.6
# How near to its bound the choice of the largest jobs is looked for at last.
FINE = 1e-5
# No decisions.
NOTHING: Starts = {}


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
    if nodes > MOST_NODES * topology.base_size:
        return False
    is_inside = instance.free <= topology.block_of.keys()
    return is_inside or not any(_is_torn(instance, topology, job) for job in instance.jobs)


def _is_torn(instance: Instance, topology: BlockTopology, job: Job) -> bool:
    """Whether a job is beyond all levels in one partition, and as on flat in another.

    The former jobs are chosen, and all others are what is left beside them.
    """
    partitions = instance.partitions_of(job)
    if len(partitions) == 1:
        return False
    is_beyond = topology.unit_limits(instance.units(job, partitions[0]).size).is_top
    return is_beyond and len({is_placed_flat(instance, job, each) for each in partitions}) > 1


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
    chance decides which is better. Then plans are tried for sets of jobs that branching starts as
    wholes, beside that choice, beside a finer one, and at last beside any.
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
    worth_of_own = chooser.consider(own) if own.anchors else 0.0
    chooser.run(part, progress)
    budget.add(part)
    best = _Best(instance, options, start)
    best.consider(_dived(offer, chooser.best, small, budget))
    if best.value < worth_of_own and own.taken != chooser.best.taken and not budget.is_spent:
        best.consider(_dived(offer, own, small, budget))
    kept = [each for each in start.placements if each.job_id not in small]
    best.consider(complete(instance, options, kept, small, budget))
    _consider_sets(best, offer, chooser, budget)
    if best.value < _rounded(min(highest, chooser.bound)) and not budget.is_spent:
        chosen = chooser.best.taken
        part = budget.part(CHOICE_SHARE)
        chooser.run(part, progress, FINE)
        budget.add(part)
        if chooser.best.taken != chosen:
            best.consider(_dived(offer, chooser.best, small, budget))
            _consider_sets(best, offer, chooser, budget)
    bound = _rounded(min(highest, chooser.bound))
    if best.value < bound and not budget.is_spent and chooser.chooses_all:
        part = budget.part(ANY_SHARE)
        beside = _branched_beside(
            best, offer, chooser, small, part, min(highest, chooser.bound), progress
        )
        budget.add(part)
        bound = min(bound, _rounded(beside))
    if best.value < bound and not budget.is_spent:
        part = root.budget = budget.part(BRANCH_SHARE)
        bound = min(bound, _rounded(_branched(best, offer, root, highest, progress)))
        budget.add(part)
    return Decomposed(bound, best.plan, wanted)


def _dived(
    offer: Offer,
    choice: Choice,
    small: Set[str],
    budget: Budget,
    decided: Starts = NOTHING,
    precision: float = COARSE,
) -> Plan:
    """A plan with this choice and these decisions, by rounding the linear program."""
    part = budget.part(DIVE_SHARE)
    strict = generator_of(offer.master(offer.regions), part, is_strict=True)
    strict.decide({**decided, **dict.fromkeys(jobs_beyond(strict.master), False)})
    placed, whole = larger_jobs(offer, strict, choice, precision)
    budget.add(part)
    plan = followed(offer, strict.master, whole, placed, strict.master.shape_of.keys())
    return better(offer, complete(offer.instance, offer.options, placed, small, budget), plan)


def _branched(
    best: _Best, offer: Offer, root: Generator, highest: float, progress: Progress | None
) -> float:
    """The bound after branching on jobs, plans for whole sets."""
    budget = root.budget
    program = LinearProgram(root)
    bound = Brancher(program, highest).run(best.value, progress)
    for together in program.whole[:MOST_SETS]:
        if best.value >= _rounded(bound) or budget.is_spent:
            break
        witness = Witness(offer, budget)
        if witness.admits(sorted(together)):
            best.consider(started(offer, offer.options, witness.choice, together, budget))
    return bound


def _branched_beside(
    best: _Best,
    offer: Offer,
    chooser: Chooser,
    small: Set[str],
    budget: Budget,
    highest: float,
    progress: Progress | None,
) -> float:
    """The bound after branching on jobs, those beyond all levels as wholes."""

    def attempt(choice: Choice, together: frozenset[int]) -> float:
        best.consider(started(offer, offer.options, choice, together, budget))
        return best.value

    def dive(choice: Choice, decided: Starts) -> float:
        best.consider(_dived(offer, choice, small, budget, decided, FINE))
        return best.value

    return branch_beside(chooser, highest, best.value, budget, attempt, dive, progress, FINE)


def _consider_sets(best: _Best, offer: Offer, chooser: Chooser, budget: Budget) -> None:
    """Plans for jobs that the linear program beside the best choice starts as wholes.

    For the set that an integer program finds, then for those that branching does.
    """
    part = budget.part(BESIDE_SHARE)
    together = chooser.set_beside(part)
    budget.add(part)
    best.consider(started(offer, offer.options, chooser.best, together, budget))
    # Where all are bounded, branching beside any follows.
    if chooser.chooses_all or best.value + 1 > chooser.bound or budget.is_spent:
        return
    part = budget.part(BESIDE_SHARE)
    sets = chooser.sets_beside(part, best.value)[:MOST_SETS]
    budget.add(part)
    for together in sets:
        best.consider(started(offer, offer.options, chooser.best, together, budget))


class _Best:
    """The plan worth most of those considered."""

    def __init__(self, instance: Instance, options: PlanOptions, plan: Plan) -> None:
        self._instance, self._options = instance, options
        self.plan = plan
        self.value = worth_of(instance, options, plan.placements)

    def consider(self, plan: Plan) -> None:
        """Keep a plan that is worth more."""
        value = worth_of(self._instance, self._options, plan.placements)
        if value > self.value:
            self.plan, self.value = plan, value


def _rounded(bound: float) -> int:
    """The integer bound behind one of floating point."""
    return floor(bound + 1e-6 * max(1.0, abs(bound)))
