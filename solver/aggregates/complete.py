"""The jobs that fit base blocks, placed exactly beside the anchored ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set

from ...models.instance import Instance
from ...models.plan import Objective, Placement, Plan, PlanOptions
from ...models.rules import verify
from ...models.topology import BlockTopology
from ..binding import binding_layers
from ..budget import Budget
from ..options import OptionBuilder
from ..residual import residual
from ..shapes import group_shapes
from .blocks import round_blocks
from .fill import Filler
from .master import Master
from .regions import build_regions, held_blocks, kinds_of_blocks
from .slots import Demand, slots_and_demands


def complete(
    instance: Instance,
    options: PlanOptions,
    anchored: Sequence[Placement],
    small: Set[str],
    budget: Budget,
) -> Plan:
    """The anchored jobs, and as much as possible of the jobs in `small` beside them.

    Base blocks that nothing ties to their neighbours are few kinds, so that patterns of single
    base blocks are generated for each kind instead of each block.
    """
    kept = Plan(tuple(anchored))
    part = residual(instance, options, instance.free, kept, small)
    topology = part.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    builder = OptionBuilder(part, options.legality)
    shapes = group_shapes(part, builder)
    if not shapes:
        return kept
    usable = part.free - builder.held(topology)
    slots, demands = slots_and_demands(part, topology, shapes)
    all_options = [option for shape in shapes for option in shape.options]
    binding = binding_layers(part, all_options, (usable,), all_finite=False)
    every_block = build_regions(part, topology, slots, usable, binding, span=1)
    every_block, demands = held_blocks(every_block, slots, demands, is_strict=True)
    kinds, members = kinds_of_blocks(every_block)
    values = job_values(part, options.objective)
    master = Master(kinds, slots, shapes, demands, values, [job.job_id for job in part.jobs])
    rounded = round_blocks(master, budget)
    filler = Filler(part, master, every_block)
    filler.promise(rounded.patterns, members)
    filler.exchange(rounded.exchanges)
    placed = _fill(filler, master, rounded.starts)
    order = {job.job_id: position for position, job in enumerate(instance.jobs)}
    return Plan(tuple(sorted((*anchored, *placed), key=lambda p: order[p.job_id])))


def _fill(filler: Filler, master: Master, starts: dict[int, float]) -> list[Placement]:
    """First the jobs that the patterns are for, where they say; then the others, by worth."""
    demands_of: dict[int, list[Demand]] = defaultdict(list)
    for demand in master.demands:
        for job in master.shapes[demand.shape].jobs:
            demands_of[job].append(demand)
    nodes = {
        job: demands_of[job][0].count * master.slots[demands_of[job][0].slot].size
        for job in demands_of
    }
    by_worth = sorted(demands_of, key=lambda job: (-master.values[job] / nodes[job], -nodes[job]))
    placed: dict[int, Placement] = {}
    # Units that need distinct blocks choose first.
    by_choice = sorted(by_worth, key=lambda job: _choice(master, demands_of[job][0]))
    for is_chosen, anywhere in ((True, False), (True, True), (False, True)):
        for job in by_worth if anywhere else by_choice:
            if job in placed or (is_chosen and starts.get(job, 0.0) < 0.5):
                continue
            for demand in demands_of[job]:
                found = filler.place(job, demand, anywhere=anywhere)
                if found is not None:
                    placed[job] = found
                    break
    return list(placed.values())


def _choice(master: Master, demand: Demand) -> int:
    option = master.shapes[demand.shape].options[demand.option]
    return -option.units.count if option.one_per_site else 0


def job_values(instance: Instance, objective: Objective) -> list[int]:
    """What each start adds to the first term, if that is a sum."""
    match objective:
        case Objective.JOBS:
            return [1] * len(instance.jobs)
        case Objective.THROUGHPUT:
            return [job.num_nodes for job in instance.jobs]
        case _:
            return [job.effective_weight * job.num_nodes for job in instance.jobs]


def legal_part(
    instance: Instance, options: PlanOptions, placements: Sequence[Placement]
) -> list[Placement]:
    """Placements without those that break a rule."""
    kept = list(placements)
    while True:
        broken = {v.job_id for v in verify(instance, Plan(tuple(kept)), options.legality)}
        if not broken:
            return kept
        kept = [placement for placement in kept if placement.job_id not in broken]
