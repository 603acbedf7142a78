"""Branch and price from the instance to a bound and a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from ...models.instance import Instance
from ...models.plan import Objective, Plan, PlanOptions, Progress
from ...models.topology import BlockTopology
from ..binding import binding_layers
from ..budget import Budget
from ..options import OptionBuilder
from ..shapes import Shape, group_shapes
from .anchors import assign, dive
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


def by_aggregates(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    progress: Progress | None,
) -> Decomposed:
    """A proven bound and a plan near it; see the package.

    Returns
    -------
    Decomposed
        The plan keeps all rules.
    """
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    builder = OptionBuilder(instance, options.legality)
    shapes = group_shapes(instance, builder)
    if not shapes:
        return Decomposed(0, Plan(), frozenset())
    usable = instance.free - builder.held(topology)
    all_options = [option for shape in shapes for option in shape.options]
    slots, demands = slots_and_demands(instance, topology, shapes)
    binding = binding_layers(instance, all_options, (usable,), all_finite=False)
    regions = build_regions(instance, topology, slots, usable, binding)
    regions, demands = held_blocks(regions, slots, demands, is_strict=False)
    values = job_values(instance, options.objective)
    master = Master(regions, slots, shapes, demands, values, [job.job_id for job in instance.jobs])
    bounding = budget.part(BOUND_SHARE)
    generator = Generator(master, Pricer(regions, slots), bounding, first_prices(master))
    relaxed, highest = generator.run(progress)
    budget.add(bounding)
    bound = floor(highest + 1e-6 * max(1.0, abs(highest)))
    if relaxed is None:
        return Decomposed(bound, Plan(), frozenset())
    wanted = frozenset(
        instance.jobs[job].job_id for job, start in relaxed.starts.items() if start > 0.5
    )
    generator.budget = budget.part(DIVE_SHARE)
    dived = dive(generator, relaxed)
    budget.add(generator.budget)
    anchored = place_anchors(master, dived.patterns, assign(generator, dived))
    anchored = legal_part(instance, options, anchored)
    small = small_jobs(instance, shapes, {d.shape for d in demands if slots[d.slot].span != 1})
    plan = complete(instance, options, anchored, small, budget)
    # MODE_1 and MODE_2 are unknown to the patterns.
    return Decomposed(bound, Plan(tuple(legal_part(instance, options, plan.placements))), wanted)


def small_jobs(instance: Instance, shapes: Sequence[Shape], larger: set[int]) -> frozenset[str]:
    """Ids of the jobs whose units fit base blocks in every partition; `larger` are other shapes."""
    return frozenset(
        instance.jobs[job].job_id
        for number, shape in enumerate(shapes)
        if number not in larger
        for job in shape.jobs
    )

