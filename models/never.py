"""Why a job can never start, told by the first rule that no cluster of this shape can satisfy.

Cheap necessary conditions on the idle cluster: an answer is a proof, None proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from math import inf

from .capacity import arcs_left
from .cluster import Partition
from .instance import Instance, Units
from .job import Job
from .legality import Legality
from .resources import INFINITE, Mode, Resource
from .rules.block import has_floor_capacity
from .rules.resources import refusing_resource
from .rules.start import is_placed_flat
from .rules.usage import draw_w, requested, used_before
from .topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology

Finding = tuple[str, str]


def explain_never(instance: Instance, job: Job, legality: Legality) -> Finding | None:
    """The rule that keeps `job` from ever starting, and one line for people.

    Every partition of the job must refuse it; the first one's reason is told.
    """
    refusing = refusing_resource(instance, job, legality)
    if refusing is not None:
        return "license_amount", f"asks for more {refusing.name} than its first layer has"
    first: Finding | None = None
    for partition in instance.partitions_of(job):
        finding = _in_partition(instance.idle, job, partition, legality)
        if finding is None:
            return None
        first = first or finding
    return first


def _in_partition(
    idle: Instance, job: Job, partition: Partition, legality: Legality
) -> Finding | None:
    nodes = idle.eligible(job, partition)
    finding = _candidates(idle, job, partition, nodes) or _resources(idle, job, nodes)
    if finding is not None:
        return finding
    topology = idle.cluster.topology_of(partition)
    units = idle.units(job, partition)
    if topology.kind in ("block", "ring", "torus3d") and not job.is_divisible:
        return "segment", f"--segment={job.segment} does not divide {job.num_nodes} nodes"
    if is_placed_flat(idle, job, partition):
        return _flat(job, nodes)
    if job.num_nodes == 1 and topology.kind != "torus3d":
        return None
    if topology.kind == "ring" and 0 < len(idle.required(job, partition)) < job.num_nodes:
        return "required_nodes", f"a ring wants all {job.num_nodes} nodes named"
    if legality is Legality.SLURM_26_11 and not has_floor_capacity(idle, job, partition):
        message = f"26.11 finds no {units.size} nodes in complete lower-level blocks"
        return "whole_topology_floor", message
    return _shape(topology, units, nodes, legality)


def _candidates(
    idle: Instance, job: Job, partition: Partition, nodes: frozenset[int]
) -> Finding | None:
    """Too few nodes, whatever their arrangement."""
    wanted = job.num_nodes
    if len(partition.nodes) < wanted:
        size = len(partition.nodes)
        return "partition", f"asks for {wanted} nodes, partition {partition.name} has {size}"
    if job.nodelist is not None and not idle.has_pool(job, partition):
        listed = idle.listed(job)
        if len(listed) < len(set(job.nodelist)):
            return "required_nodes", "its nodelist names nodes that do not exist"
        if not listed <= nodes:
            outside = ", ".join(idle.cluster.names(listed - nodes)[:3])
            return "required_nodes", f"requires {outside}, which it may not use"
    if len(nodes) >= wanted:
        return None
    rule = "nodelist" if idle.has_pool(job, partition) else "exclude"
    if job.features and rule == "exclude":
        rule = "features"
    return rule, f"asks for {wanted} nodes, may use only {len(nodes)}"


def _resources(idle: Instance, job: Job, nodes: frozenset[int]) -> Finding | None:
    """Requests and draws above what the layers hold when nothing runs."""
    for resource in idle.cluster.resources:
        amount = requested(job, resource)
        if resource.is_power:
            # A free node draws its idle watts already.
            costs = {n: draw_w(idle, job, n, resource) - resource.idle_w for n in nodes}
            rule, what = "power", "its draw"
        elif amount:
            costs = dict.fromkeys(nodes, amount)
            rule, what = resource.mode.name.lower(), f"{amount} {resource.name}"
        else:
            continue
        left = _capacities(idle, resource)
        serving = sum(_serves(resource, left, node, costs[node]) for node in nodes)
        if serving < job.num_nodes:
            return rule, f"only {serving} of {job.num_nodes} nodes can give {what}"
        if resource.is_power or resource.mode is Mode.MODE_3:
            for index, layer in enumerate(resource.layers):
                inside = [costs[node] for node in nodes & layer.nodes]
                needed = job.num_nodes - (len(nodes) - len(inside))
                if needed > 0 and 0 < min(inside) and left[index] < needed * min(inside):
                    return rule, f"layer {layer.name or index} cannot give {needed} nodes {what}"
    return None


def _capacities(idle: Instance, resource: Resource) -> list[float]:
    """What every layer has left on the idle cluster."""
    used = used_before(idle, resource)
    return [
        inf if layer.capacity == INFINITE else max(layer.capacity - amount, 0)
        for layer, amount in zip(resource.layers, used, strict=True)
    ]


def _serves(resource: Resource, left: list[float], node: int, cost: int) -> bool:
    """Whether an idle node's layers can take its cost (5.3)."""
    enough = [cost <= left[index] for index in resource.layers_of.get(node, ())]
    if resource.is_power:
        return cost <= 0 or all(enough)
    if resource.mode is Mode.MODE_1:
        return any(enough)
    return bool(enough) and all(enough)


def _flat(job: Job, nodes: Collection[int]) -> Finding | None:
    if not job.contiguous:
        return None
    longest = run = 0
    previous = -2
    for node in sorted(nodes):
        run = run + 1 if node == previous + 1 else 1
        longest = max(longest, run)
        previous = node
    if longest >= job.num_nodes:
        return None
    return "contiguous", f"the longest run of its nodes has {longest}"


def _shape(
    topology: Topology, units: Units, nodes: frozenset[int], legality: Legality
) -> Finding | None:
    """No room for the units in the geometry of the topology."""
    match topology:
        case BlockTopology():
            return _block(topology, units, nodes)
        case RingTopology():
            return _ring(topology, units, nodes, legality)
        case TorusTopology():
            return _torus(topology, units, nodes)
        case TreeTopology():
            most = max((len(topology.members[root] & nodes) for root in topology.roots), default=0)
            if most >= units.size:
                return None
            return "common_switch", f"no switch has more than {most} of its nodes below it"
        case _:
            return None


def _block(topology: BlockTopology, units: Units, nodes: frozenset[int]) -> Finding | None:
    limits = topology.unit_limits(units.size)
    per_block = Counter(topology.block_of[node] for node in nodes if node in topology.block_of)
    regions: Counter[int] = Counter()
    lower: dict[int, Counter[int]] = {}
    for block, count in per_block.items():
        region = block // limits.region_span
        regions[region] += count
        lower.setdefault(region, Counter())[block // limits.lower_span] += count
    room = sum(count // units.size for count in regions.values())
    if room < units.count:
        message = f"all nodes up, blocks of its level hold {room} of {units.count} units"
        return "block_region", f"{message} of {units.size} nodes"
    if limits.is_limited:
        reach = max(
            sum(sorted(counts.values(), reverse=True)[: limits.max_lower])
            for counts in lower.values()
        )
        if reach < units.size:
            return (
                "lower_level_blocks",
                f"{limits.max_lower} blocks of {limits.lower_span} base blocks hold {reach} of "
                f"the {units.size} nodes of a unit",
            )
    if units.spreads and units.size <= topology.base_size:
        hosts = sum(count >= units.size for count in per_block.values())
        if hosts < units.count:
            return "spread_segments", f"only {hosts} blocks can host one of {units.count} segments"
    if units.consolidates:
        span = topology.consolidate_span(units.count, units.size, units.spreads)
        groups: Counter[int] = Counter()
        for block, count in per_block.items():
            groups[block // span] += count
        most = max(groups.values())
        if most < units.count * units.size:
            return "consolidate_segments", f"no block of {span} base blocks has more than {most}"
    return None


def _ring(
    topology: RingTopology, units: Units, nodes: frozenset[int], legality: Legality
) -> Finding | None:
    arcs = [arcs_left(ring, nodes) for ring in topology.rings]
    room = sum(arc // units.size for runs in arcs for arc in runs)
    if room < units.count:
        return "ring_arc", f"rings have arcs for {room} of {units.count} units of {units.size}"
    hosts = sum(any(arc >= units.size for arc in runs) for runs in arcs)
    if legality is Legality.SLURM_26_11 and hosts < units.count:
        return "one_segment_per_ring", f"only {hosts} rings for {units.count} segments"
    return None


def _torus(topology: TorusTopology, units: Units, nodes: frozenset[int]) -> Finding | None:
    anchors = [
        anchor
        for torus in topology.toruses
        for anchor in torus.anchor_sets
        if len(anchor) == units.size and anchor <= nodes
    ]
    if not anchors:
        return "torus_anchor", f"no placement of {units.size} nodes"
    covered = len(frozenset().union(*anchors))
    if covered < units.count * units.size:
        return "torus_anchor", f"placements of {units.size} nodes cover only {covered} nodes"
    return None
