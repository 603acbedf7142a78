"""Usable capacity, the term after the first: a bound, and plans that leave more.

Slots of idle nodes are sold in the linear program over patterns (`idle.py`). Where the start
vector is proven, exactly its jobs start beside them. Where a sum is, other jobs may be worth the
same: there, a unit of the first term is worth more than what any node adds to usable capacity.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from itertools import pairwise

from ...models.instance import Instance
from ...models.plan import Objective, Plan, PlanOptions, Progress
from ...models.score import first_term, is_better, score, usable_capacity
from ..budget import Budget
from .attempt import base_block_jobs, exactly_beside, started
from .beyond import Chooser
from .bound import generator_of
from .branch import Brancher, LinearProgram
from .choice import Choice, choice_in
from .choosing import MOST_SETS, branch_beside
from .offer import Offer, offer_of
from .sell import Seller
from .spare_places import SparePlaces

# Of the budget's rest, what the exact model of small jobs may use; where other jobs may start,
# what bound and choice may, and branching beside that choice.
EXACT_SHARE = 0.5
CHOICE_SHARE = 0.5
BESIDE_SHARE = 0.3
# Up to here, floating point tells nodes apart in a sum of both terms.
MOST_SUM = 1e11
# Of such a sum, what its bound may be wrong by.
ROUNDING = 1e-12
# Of linear programs in which a unit of the first term is worth thousands of nodes.
EXACT = 1e-9


@dataclass(frozen=True)
class Spared:
    """A plan worth the same in the first term, and a bound of usable capacity, if there is one."""

    plan: Plan
    bound: int | None


def spare_more(
    instance: Instance,
    options: PlanOptions,
    plan: Plan,
    budget: Budget,
    progress: Progress | None,
) -> Spared:
    """More usable capacity, without a loss in the first term.

    Parameters
    ----------
    plan
        A legal one whose first term is proven, as a whole.

    Notes
    -----
    O(1) linear programs over patterns for start vectors, and a search for places of jobs beyond
    all levels; for sums a branch and price as for the first term.
    """
    is_ranked = options.objective is Objective.PRIORITY
    jobs = _positions(instance, plan)
    waiting = frozenset(range(len(instance.jobs))) - jobs if is_ranked else frozenset()
    in_nodes = replace(options, objective=Objective.THROUGHPUT) if is_ranked else options
    offer = offer_of(instance, in_nodes, waiting=waiting)
    if offer is None:
        return Spared(plan, None)
    unit = _unit_above_idle(offer)
    offer = replace(offer, values=[unit * value for value in offer.values])
    best = _Best(instance, options, plan, progress, budget)
    best.consider(_exact(offer, options, plan, budget))
    if is_ranked:
        _beside_jobs(best, offer, jobs, budget)
    elif sum(offer.values) <= MOST_SUM:
        worth = unit * int(first_term(instance, plan, options.objective))
        offer = replace(offer, highest=float(worth))
        _beside_worth(best, offer, worth, budget)
    return Spared(best.plan, best.bound)


def _unit_above_idle(offer: Offer) -> int:
    """What a unit of the first term is worth if no job is missing in favour of idle nodes."""
    of_jobs = zip(offer.instance.jobs, offer.values, strict=True)
    nodes = max((-(-job.num_nodes // value) for job, value in of_jobs if value), default=1)
    worth = (0, *offer.idle.worth)
    return nodes * max((more - less for less, more in pairwise(worth)), default=1)


class _Best:
    """The best plan of those considered, and what bounds the usable capacity it leaves."""

    def __init__(
        self,
        instance: Instance,
        options: PlanOptions,
        plan: Plan,
        progress: Progress | None,
        budget: Budget,
    ) -> None:
        self.options = options
        self.plan = plan
        self.bound: int | None = None
        self._instance = instance
        self._progress, self._budget = progress, budget
        self.capacity = usable_capacity(instance, plan, options)

    @property
    def jobs(self) -> frozenset[int]:
        """Positions of those that start."""
        return _positions(self._instance, self.plan)

    @property
    def is_proven(self) -> bool:
        return self.capacity == self.bound

    def consider(self, plan: Plan) -> None:
        """Keep a plan that is better."""
        instance, options = self._instance, self.options
        if is_better(score(instance, plan, options), score(instance, self.plan, options)):
            self.plan = plan
            self.capacity = usable_capacity(instance, plan, options)
            self._tell()

    def limit(self, bound: int | None) -> None:
        """Note a bound."""
        if bound is not None and (self.bound is None or bound < self.bound):
            self.bound = bound
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            bound = "" if self.bound is None else f" (bound {self.bound})"
            told = f"usable capacity {self.capacity}{bound}"
            self._progress(f"{told} after {self._budget.wall_s:.1f} s")


def _positions(instance: Instance, plan: Plan) -> frozenset[int]:
    """Of the jobs that start."""
    begun = plan.placement_of.keys()
    return frozenset(place for place, job in enumerate(instance.jobs) if job.job_id in begun)


def _exact(offer: Offer, options: PlanOptions, plan: Plan, budget: Budget) -> Plan:
    """The jobs that fit base blocks placed anew beside the others."""
    small = base_block_jobs(offer.master(offer.regions))
    kept = [each for each in plan.placements if each.job_id not in small]
    moved = [each for each in plan.placements if each.job_id in small]
    step = budget.part(EXACT_SHARE)
    found = exactly_beside(offer, options, kept, moved, {each.job_id for each in moved}, step)
    budget.add(step)
    return found or plan


def _beside_jobs(best: _Best, offer: Offer, jobs: Set[int], budget: Budget) -> None:
    """Where exactly these jobs start."""
    seller = Seller(offer, jobs, budget)
    best.limit(seller.sell())
    choice = choice_in(offer, seller.master, best.plan.placements)
    places = SparePlaces(offer, jobs, choice, budget)
    while not best.is_proven and not budget.is_spent:
        found = places.better_than(best.capacity)
        if found is None:
            break
        best.consider(started(offer, best.options, found, jobs, budget))
    if places.is_exhausted:
        best.limit(best.capacity)


def _beside_worth(best: _Best, offer: Offer, worth: int, budget: Budget) -> None:
    """Where all jobs that start are worth so much, and no more is possible."""
    part = budget.part(CHOICE_SHARE)
    root = generator_of(offer.master(offer.regions), part, is_strict=False)
    relaxed, highest = root.run(precision=EXACT)
    if relaxed is None:
        return
    chooser = Chooser(offer, part, root, relaxed)
    own = choice_in(offer, root.master, best.plan.placements)
    chooser.consider(own, EXACT)
    enough = _enough(offer, best, worth)
    chooser.run(part, precision=EXACT, enough=enough, is_exact=False)
    budget.add(part)
    highest = min(highest, chooser.bound)
    best.limit(_beyond(offer, highest, worth))
    part = budget.part(BESIDE_SHARE)
    if not best.is_proven:
        # The same jobs, all placed anew.
        best.consider(started(offer, best.options, own, best.jobs, part))
    if not best.is_proven and not chooser.chooses_all:
        enough = _enough(offer, best, worth)
        for together in chooser.sets_beside(part, enough, EXACT)[:MOST_SETS]:
            best.consider(started(offer, best.options, chooser.best, together, part))
    budget.add(part)
    if not best.is_proven and not budget.is_spent and chooser.chooses_all:

        def attempt(choice: Choice, together: frozenset[int]) -> float:
            best.consider(started(offer, best.options, choice, together, budget))
            return _enough(offer, best, worth)

        enough = _enough(offer, best, worth)
        highest = branch_beside(chooser, highest, enough, budget, attempt, precision=EXACT)
        best.limit(_beyond(offer, highest, worth))
    if not best.is_proven and not budget.is_spent:
        root.budget = budget
        enough = _enough(offer, best, worth)
        highest = Brancher(LinearProgram(root, precision=EXACT), highest).run(enough)
        best.limit(_beyond(offer, highest, worth))


def _beyond(offer: Offer, highest: float, worth: int) -> int:
    """Usable capacity of which the bound of both terms leaves room."""
    return offer.idle.rounded(highest - worth + ROUNDING * highest)


def _enough(offer: Offer, best: _Best, worth: int) -> int:
    """A bound of both terms that proves the best plan, clearly below the next value."""
    return worth + max(best.capacity, offer.idle.above(best.capacity) - 2)
