"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.plan import Placement, Plan, PlanOptions, Progress
from ...models.score import first_term
from ...models.topology import BlockTopology
from ..budget import Budget
from ..residual import residual
from .anchors import assign, dive
from .beyond import place_largest
from .bound import COARSE, Generator, generator_of
from .branch import Brancher
from .complete import complete, legal_part, worth_of
from .master import Master, Relaxed
from .offer import offer_of
from .place import place_anchors, place_beyond

# Of the budget's rest, what the bound, the dive after it, and branching at last may use.
BOUND_SHARE = 0.4
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


def root_of(
    instance: Instance, options: PlanOptions, budget: Budget, *, is_strict: bool = False
) -> Generator | None:
    """The root of an instance, None where no job has a chance; `is_strict` as in `Pricer`."""
    offer = offer_of(instance, options)
    if offer is None:
        return None
    return generator_of(offer.master(offer.regions), budget, is_strict=is_strict)


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
    base blocks, the others; before each step, prices are found for what is left.
    """
    part = budget.part(BOUND_SHARE)
    root = root_of(instance, options, part)
    if root is None:
        return Decomposed(0, Plan(), frozenset())
    relaxed, highest = root.run(progress)
    budget.add(part)
    bound = _rounded(highest)
    if relaxed is None:
        return Decomposed(bound, Plan(), frozenset())
    jobs = instance.jobs
    wanted = frozenset(jobs[job].job_id for job, start in relaxed.starts.items() if start > 0.5)
    small, several, beyond = by_extent(root.master)
    choices = _choices(instance, options, root, relaxed, start, beyond, budget)
    rests: list[_Rest] = []
    for choice in choices:
        if not rests or not budget.is_spent:
            rests.append(_rest(instance, options, budget, choice, small | several))
    best = max(rests, key=lambda rest: rest.expected)
    placed = legal_part(instance, options, [*best.placed, *_several(best, budget)])
    kept = [each for each in start.placements if each.job_id not in small]
    plans = [complete(instance, options, larger, small, budget) for larger in (placed, kept)]
    best_plan = max(plans, key=lambda plan: int(first_term(instance, plan, options.objective)))
    value = int(first_term(instance, best_plan, options.objective))
    part = root.budget = budget.part(BRANCH_SHARE)
    highest = Brancher(root, highest).run(value, progress)
    budget.add(part)
    return Decomposed(min(bound, _rounded(highest)), best_plan, wanted)


def _choices(
    instance: Instance,
    options: PlanOptions,
    root: Generator,
    relaxed: Relaxed,
    start: Plan,
    beyond: Set[str],
    budget: Budget,
) -> list[list[Placement]]:
    """Jobs beyond all levels, put down: as the exact models say, and as in the start plan.

    The latter comes last: it is worth its while where the exact models found nothing as good.
    """
    choices: list[list[Placement]] = []
    if beyond:
        for shares in place_largest(root, relaxed, budget):
            choice = legal_part(instance, options, place_beyond(root.master, shares))
            jobs = {each.job_id for each in choice}
            if all(jobs != {each.job_id for each in other} for other in choices):
                choices.append(choice)
    own = [each for each in start.placements if each.job_id in beyond]
    worths = [worth_of(instance, options, choice) for choice in (own, *choices)]
    if not choices or worths[0] >= max(worths[1:]):
        choices.append(own)
    return choices


def _rounded(bound: float) -> int:
    """The integer bound behind one of floating point."""
    return floor(bound + 1e-6 * max(1.0, abs(bound)))


@dataclass(frozen=True)
class _Rest:
    """What is left once some jobs are placed, and what all are worth by the linear program."""

    placed: list[Placement]
    root: Generator | None
    relaxed: Relaxed | None
    expected: float


def _rest(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    placed: list[Placement],
    chosen: Set[str],
) -> _Rest:
    plan = Plan(tuple(placed))
    worth = float(first_term(instance, plan, options.objective))
    part = budget.part(DIVE_SHARE)
    part_of = residual(instance, options, instance.free, plan, chosen)
    root = root_of(part_of, options, part, is_strict=True)
    if root is None:
        return _Rest(placed, None, None, worth)
    relaxed, _ = root.run(precision=COARSE)
    budget.add(part)
    return _Rest(placed, root, relaxed, worth + (relaxed.value if relaxed else 0.0))


def _several(rest: _Rest, budget: Budget) -> list[Placement]:
    """Placements of jobs of several base blocks, with an eye to the smaller ones."""
    if rest.root is None or rest.relaxed is None:
        return []
    root = rest.root
    part = root.budget = budget.part(DIVE_SHARE)
    dived = dive(root, rest.relaxed)
    budget.add(part)
    return place_anchors(root.master, dived.patterns, assign(root, dived))


def by_extent(master: Master) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Ids of the jobs whose units fit base blocks, of larger ones, of those beyond all levels."""
    spans: dict[int, set[int | None]] = defaultdict(set)
    for demand in master.demands:
        spans[demand.shape].add(master.slots[demand.slot].span)
    ids: tuple[set[str], set[str], set[str]] = set(), set(), set()
    for number, shape in enumerate(master.shapes):
        extent = 2 if None in spans[number] else 0 if spans[number] == {1} else 1
        ids[extent].update(master.job_ids[job] for job in shape.jobs)
    return frozenset(ids[0]), frozenset(ids[1]), frozenset(ids[2])
