"""What a plan is worth: an ordered list of named integer terms (design.md section 6)."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from .capacity import base_size, fits_counted, left_per_unit
from .cluster import Partition
from .instance import Instance
from .legality import Legality
from .plan import Objective, Plan, PlanOptions, TermValue
from .resources import INFINITE, Mode
from .rules.exclusive import held_nodes, wanted_nodes
from .rules.start import resolve
from .rules.usage import layer_usage
from .topology import BlockTopology, Topology, TreeTopology, unit_owner

FULL_HEADROOM = 10_000
# Name of the term.
CAPACITY = "usable_capacity"


def score(instance: Instance, plan: Plan, options: PlanOptions) -> tuple[TermValue, ...]:
    """All terms of a legal plan in their lexicographic order, without bounds."""
    terms = [TermValue(options.objective.value, first_term(instance, plan, options.objective))]
    if options.balance_power:
        terms.append(TermValue("power_balance", power_balance(instance, plan, options.legality)))
    terms.append(TermValue(CAPACITY, usable_capacity(instance, plan, options)))
    terms.append(TermValue("blocks_touched", blocks_touched(instance, plan), is_minimised=True))
    if options.locality:
        terms.append(TermValue("locality", locality(instance, plan), is_minimised=True))
    return tuple(terms)


def is_better(one: tuple[TermValue, ...], other: tuple[TermValue, ...]) -> bool:
    """Whether the terms of `one` are lexicographically better than those of `other`."""
    for mine, theirs in zip(one, other, strict=True):
        if mine.value != theirs.value:
            # Start vectors have equal length, so that strings compare as binary numbers do.
            is_greater = (
                mine.value > theirs.value
                if isinstance(mine.value, str) and isinstance(theirs.value, str)
                else int(mine.value) > int(theirs.value)
            )
            return is_greater != mine.is_minimised
    return False


def first_term(instance: Instance, plan: Plan, objective: Objective) -> int | str:
    """The term that ``--objective`` chooses."""
    started = plan.placement_of
    if objective is Objective.PRIORITY:
        return "".join("1" if job.job_id in started else "0" for job in instance.jobs)
    jobs = [job for job in instance.jobs if job.job_id in started]
    if objective is Objective.WEIGHTED:
        return sum(job.effective_weight * job.num_nodes for job in jobs)
    if objective is Objective.THROUGHPUT:
        return sum(job.num_nodes for job in jobs)
    return len(jobs)


def power_balance(instance: Instance, plan: Plan, legality: Legality) -> int:
    """Smallest relative headroom of a finite layer, in basis points of its capacity.

    Layers of power caps and of MODE_3 resources count; 10000 without any.
    """
    usage = layer_usage(instance, plan, legality)
    return min(
        (
            FULL_HEADROOM * (layer.capacity - used) // layer.capacity
            for resource in instance.cluster.resources
            if resource.is_power or resource.mode is Mode.MODE_3
            for layer, used in zip(resource.layers, usage[resource.name], strict=True)
            if layer.capacity != INFINITE and layer.capacity > 0
        ),
        default=FULL_HEADROOM,
    )


def capacity_mix(instance: Instance, options: PlanOptions) -> tuple[tuple[int, int], ...]:
    """``(size, weight)`` pairs of the usable-capacity term, by size.

    The options' own; else the unit sizes of the queue, each weighted by the number of its units;
    else the base size of the first topology.
    """
    if options.mix is not None:
        return options.mix
    if not instance.jobs:
        return ((base_size(instance.cluster.topologies[0]), 1),)
    weights: Counter[int] = Counter()
    for job in instance.jobs:
        units = instance.units(job, instance.partitions_of(job)[0])
        weights[units.size] += units.count
    return tuple(sorted(weights.items()))


def usable_capacity(instance: Instance, plan: Plan, options: PlanOptions) -> int:
    """Nodes that units of the mix's sizes could still use, summed with the mix's weights."""
    mix = capacity_mix(instance, options)
    total = 0
    for topology in instance.cluster.topologies:
        left = nodes_left(instance, plan, topology, options.legality)
        counts = left_per_unit(topology, left)
        for size, weight in mix:
            total += weight * size * fits_counted(instance, left, counts, topology, size)
    return total


def nodes_left(
    instance: Instance, plan: Plan, topology: Topology, legality: Legality
) -> frozenset[int]:
    """Nodes that a new job on `topology` could use: free, not planned, in no exclusive unit."""
    starts = resolve(instance, plan, legality)
    taken = set(held_nodes(instance, topology, legality))
    for start in starts:
        taken |= start.nodes
        taken |= wanted_nodes(start)
    return instance.free - taken


def blocks_touched(instance: Instance, plan: Plan) -> int:
    """Base blocks, rings, toruses and leaf switches with a node of the plan."""
    touched: set[tuple[str, int]] = set()
    for placement in plan.placements:
        topology = _topology(instance, placement.partition)
        owner = unit_owner(topology)
        units = set(map(owner.get, chain.from_iterable(placement.segments)))
        touched.update((topology.name, unit) for unit in units if unit is not None)
    return len(touched)


def locality(instance: Instance, plan: Plan) -> int:
    """Aggregated blocks of the lowest level above the base touched, summed over the jobs.

    On trees, the switches just above the leaves.
    """
    total = 0
    for placement in plan.placements:
        topology = _topology(instance, placement.partition)
        nodes = frozenset(placement.nodes)
        if isinstance(topology, BlockTopology):
            level = next((level for level in topology.levels if level > 0), None)
            if level is not None:
                owner = topology.block_of
                total += len({owner[node] >> level for node in nodes if node in owner})
        elif isinstance(topology, TreeTopology):
            total += sum(
                level == 1 and not nodes.isdisjoint(members)
                for level, members in zip(topology.levels, topology.members, strict=True)
            )
    return total


def _topology(instance: Instance, partition: str) -> Topology:
    found: Partition = instance.cluster.partition_named[partition]
    return instance.cluster.topology_of(found)
