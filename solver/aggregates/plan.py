"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.plan import Objective, Placement, Plan, PlanOptions, Progress
from ...models.topology import BlockTopology
from ..binding import binding_layers
from ..budget import Budget
from ..options import OptionBuilder
from ..residual import residual
from ..shapes import Shape, group_shapes
from .anchors import COARSE, assign, dive, round_beyond_levels
from .bound import Generator, first_prices
from .complete import complete, job_values, legal_part
from .master import Master
from .place import place_anchors
from .pricing import Pricer
from .regions import build_regions, held_blocks
from .slots import slots_and_demands

# Of the budget, what the bound, and what the dive after it, may use.
BOUND_SHARE = 0.4
DIVE_SHARE = 0.4


@dataclass(frozen=True)
class Decomposed:
    """Bound of the first term, a plan, and the jobs that the linear program starts."""

    bound: int
    plan: Plan
    wanted: frozenset[str]


def is_decomposable(instance: Instance, options: PlanOptions) -> bool:
    """Whether all jobs compete for the base blocks of one topology, for a sum of values."""
    topologies = instance.cluster.topologies
    return (
        options.objective is not Objective.PRIORITY
        and len(topologies) == 1
        and isinstance(topologies[0], BlockTopology)
    )


@dataclass(frozen=True)
class _Problem:
    """Master and prices of an instance."""

    shapes: list[Shape]
    master: Master
    generator: Generator


def _problem(instance: Instance, options: PlanOptions, budget: Budget) -> _Problem | None:
    """None where no job has a chance."""
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    builder = OptionBuilder(instance, options.legality)
    shapes = group_shapes(instance, builder)
    if not shapes:
        return None
    usable = instance.free - builder.held(topology)
    all_options = [option for shape in shapes for option in shape.options]
    slots, demands = slots_and_demands(instance, topology, shapes)
    binding = binding_layers(instance, all_options, (usable,), all_finite=False)
    regions = build_regions(instance, topology, slots, usable, binding)
    regions, demands = held_blocks(regions, slots, demands, is_strict=False)
    values = job_values(instance, options.objective)
    master = Master(regions, slots, shapes, demands, values, [job.job_id for job in instance.jobs])
    generator = Generator(master, Pricer(regions, slots), budget, first_prices(master))
    return _Problem(shapes, master, generator)


def by_aggregates(
    instance: Instance, options: PlanOptions, budget: Budget, progress: Progress | None
) -> Decomposed:
    """A proven bound and a plan near it; see the package.

    Returns
    -------
    Decomposed
        The plan keeps all rules.

    Notes
    -----
    Jobs are put down from the largest to the smallest: those beyond all levels, those of several base
    blocks, the others; before each step, prices are found for what is left.
    """
    part = budget.part(BOUND_SHARE)
    problem = _problem(instance, options, part)
    if problem is None:
        return Decomposed(0, Plan(), frozenset())
    relaxed, highest = problem.generator.run(progress)
    budget.add(part)
    bound = floor(highest + 1e-6 * max(1.0, abs(highest)))
    if relaxed is None:
        return Decomposed(bound, Plan(), frozenset())
    jobs = instance.jobs
    wanted = frozenset(jobs[job].job_id for job, start in relaxed.starts.items() if start > 0.5)
    small, several, beyond = _by_extent(instance, problem)
    placed: list[Placement] = []
    if beyond:
        part = problem.generator.budget = budget.part(DIVE_SHARE)
        anchors = round_beyond_levels(problem.generator, relaxed)
        budget.add(part)
        placed = legal_part(instance, options, place_anchors(problem.master, {}, anchors))
    if several:
        placed += _several(instance, options, budget, placed, small | several)
        placed = legal_part(instance, options, placed)
    plan = complete(instance, options, placed, small, budget)
    # MODE_1 and MODE_2 are unknown to the patterns.
    return Decomposed(bound, Plan(tuple(legal_part(instance, options, plan.placements))), wanted)


def _several(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    placed: Sequence[Placement],
    chosen: Set[str],
) -> list[Placement]:
    """Placements of jobs of several base blocks, with an eye to the smaller ones."""
    rest = residual(instance, options, instance.free, Plan(tuple(placed)), chosen)
    part = budget.part(DIVE_SHARE)
    problem = _problem(rest, options, part)
    if problem is None:
        return []
    relaxed, _ = problem.generator.run(precision=COARSE)
    if relaxed is None:
        return []
    dived = dive(problem.generator, relaxed)
    budget.add(part)
    return place_anchors(problem.master, dived.patterns, assign(problem.generator, dived))


def _by_extent(
    instance: Instance, problem: _Problem
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Ids of the jobs whose units fit base blocks, of larger ones, of those beyond all levels."""
    spans: dict[int, set[int | None]] = defaultdict(set)
    for demand in problem.master.demands:
        spans[demand.shape].add(problem.master.slots[demand.slot].span)
    ids: tuple[set[str], set[str], set[str]] = set(), set(), set()
    for number, shape in enumerate(problem.shapes):
        extent = 2 if None in spans[number] else 0 if spans[number] == {1} else 1
        ids[extent].update(instance.jobs[job].job_id for job in shape.jobs)
    return frozenset(ids[0]), frozenset(ids[1]), frozenset(ids[2])
