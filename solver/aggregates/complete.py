"""The jobs that fit base blocks, placed exactly beside the anchored ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import replace

from ...models.instance import Instance
from ...models.plan import Placement, Plan, PlanOptions
from ...models.resources import INFINITE, Layer, Mode, Resource
from ...models.rules import verify
from ...models.rules.usage import used_before
from ...models.score import first_term
from ...models.topology import BlockTopology
from ..budget import Budget
from ..replan import replanned
from ..residual import residual
from .bound import COARSE, generator_of
from .fill import Filler
from .master import Master
from .match import NOTHING, Rounded
from .offer import offer_of
from .regions import kinds_of_blocks
from .slots import Demand
from .whole import dived, repaired

# Lanes times options up to which what is left is solved exactly: a few plain flows.
MOST_PAIRS = 2_000
# Of the budget's rest, what that may use.
SHARE = 0.2


def complete(
    instance: Instance,
    options: PlanOptions,
    anchored: Sequence[Placement],
    small: Set[str],
    budget: Budget,
) -> Plan:
    """The anchored jobs, and as much as possible of the jobs in `small` beside them.

    Base blocks that nothing ties to their neighbours are few kinds, so that patterns of single
    base blocks are generated for each kind instead of each block. Layers between a base block and
    the cluster are shared out among their base blocks beforehand: as rows of their own they would
    tell too many blocks apart for the rounding to come out even. Where the flows of what is left
    make a small model, that is solved exactly from there.
    """
    part = residual(instance, options, instance.free, Plan(tuple(anchored)), small)
    patterns = _Patterns(part, options, budget)
    placed: Sequence[Placement] = patterns.dived()
    if not budget.is_spent:
        step = budget.part(SHARE)
        exact = replanned(part, options, placed, step, MOST_PAIRS)
        budget.add(step)
        others = patterns.repaired() if exact is None else exact
        placed = max(placed, others, key=lambda found: worth_of(part, options, found))
    # MODE_1 and MODE_2 are unknown to the patterns.
    return legal_plan(instance, options, [*anchored, *placed])


def worth_of(instance: Instance, options: PlanOptions, placements: Sequence[Placement]) -> int:
    """First term of a plan of these placements."""
    return int(first_term(instance, Plan(tuple(placements)), options.objective))


class _Patterns:
    """Placements by patterns of single base blocks."""

    def __init__(self, instance: Instance, options: PlanOptions, budget: Budget) -> None:
        self._instance = _shared_out(instance)
        self._offer = offer_of(self._instance, options, span=1)
        if self._offer is not None:
            kinds, self._members = kinds_of_blocks(self._offer.regions)
            master = self._offer.master(kinds)
            self._generator = generator_of(master, budget, is_strict=True)
            self._relaxed, _ = self._generator.run(precision=COARSE)
            self._best = Rounded([], NOTHING)

    def dived(self) -> list[Placement]:
        """By a dive."""
        if self._offer is None or self._relaxed is None:
            return []
        self._best = dived(self._generator, self._relaxed)
        return self._filled()

    def repaired(self) -> list[Placement]:
        """By integer programs over what that has met."""
        if self._offer is None or self._relaxed is None:
            return []
        self._best = repaired(self._generator, self._relaxed, self._best)
        return self._filled()

    def _filled(self) -> list[Placement]:
        assert self._offer is not None
        master = self._generator.master
        filler = Filler(self._instance, master, self._offer.regions)
        waiting = [list(blocks) for blocks in self._members]
        for pattern, count in self._best.patterns:
            for block in waiting[pattern.aggregate][:count]:
                filler.promise(block, pattern.counts)
            del waiting[pattern.aggregate][:count]
        filler.exchange(self._best.matched.exchanges)
        return fill(filler, master, self._best.matched.starts, master.shape_of.keys())


def fill(
    filler: Filler, master: Master, starts: Set[int], candidates: Set[int]
) -> list[Placement]:
    """Place jobs that fit base blocks, first those that the patterns are for, where they say.

    Then other candidates, by worth.
    """
    demands_of: dict[int, list[Demand]] = defaultdict(list)
    for demand in master.demands:
        if master.slots[demand.slot].span == 1:
            for job in master.shapes[demand.shape].jobs:
                if job in candidates:
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
            if job in placed or (is_chosen and job not in starts):
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


def legal_plan(instance: Instance, options: PlanOptions, placements: Sequence[Placement]) -> Plan:
    """A plan of these in the order of the queue, without those that break a rule."""
    order = {job.job_id: position for position, job in enumerate(instance.jobs)}
    placements = sorted(placements, key=lambda each: order[each.job_id])
    return Plan(tuple(legal_part(instance, options, placements)))


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


def _shared_out(instance: Instance) -> Instance:
    """The instance with every layer over several base blocks, but not all, cut to base blocks.

    Stricter than the layers: each base block gets its proportion of what is left.
    """
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    blocks = [instance.free.intersection(block.nodes) for block in topology.blocks]
    blocks = [block for block in blocks if block]
    resources = []
    used = dict(instance.used)
    for resource in instance.cluster.resources:
        if resource.mode is not Mode.MODE_3 and not resource.is_power:
            resources.append(resource)
            continue
        cut, amounts = _cut(instance, resource, blocks)
        resources.append(cut)
        used[resource.name] = amounts
    cluster = replace(instance.cluster, resources=tuple(resources))
    return replace(instance, cluster=cluster, used=used)


def _cut(
    instance: Instance, resource: Resource, blocks: Sequence[frozenset[int]]
) -> tuple[Resource, tuple[int, ...]]:
    """The resource with layers over everything or one base block only, and what these use."""
    used = used_before(instance, resource)
    layers: list[Layer] = []
    amounts: list[int] = []
    shares: dict[int, int] = {}
    block_of = {node: index for index, nodes in enumerate(blocks) for node in nodes}
    for position in sorted(
        range(len(resource.layers)), key=lambda position: len(resource.layers[position].nodes)
    ):
        layer = resource.layers[position]
        inside = sorted({block_of[node] for node in layer.nodes if node in block_of})
        if layer.capacity == INFINITE or not inside:
            continue
        if layer.nodes >= instance.free:
            layers.append(layer)
            amounts.append(instance.used.get(resource.name, [0] * len(resource.layers))[position])
            continue
        room = max(0, layer.capacity - used[position])
        wanted = {block: shares.get(block, INFINITE) for block in inside}
        shares.update(_proportions(room, wanted, blocks))
    for block, share in sorted(shares.items()):
        idle = resource.idle_w * len(blocks[block])
        layers.append(Layer(blocks[block], share + idle, name=f"block{block}"))
        amounts.append(0)
    return replace(resource, layers=tuple(layers)), tuple(amounts)


def _proportions(
    room: int, wanted: dict[int, int], blocks: Sequence[frozenset[int]]
) -> dict[int, int]:
    """Parts of `room`, at most what each base block wants, in proportion to its free nodes."""
    total = sum(len(blocks[block]) for block in wanted)
    if len(wanted) == 1:
        return {
            block: room if most == INFINITE else min(room, most) for block, most in wanted.items()
        }
    if all(most != INFINITE for most in wanted.values()) and sum(wanted.values()) <= room:
        return wanted
    shared: dict[int, int] = {}
    # Who wants less than its part leaves the rest to the others.
    for block in sorted(wanted, key=lambda block: wanted[block] / len(blocks[block])):
        part = room * len(blocks[block]) // max(total, 1)
        shared[block] = part if wanted[block] == INFINITE else min(part, wanted[block])
        room -= shared[block]
        total -= len(blocks[block])
    return shared
