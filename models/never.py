"""Why a job can never start, told by the first rule that no cluster of this shape can satisfy.

Cheap necessary conditions on the idle cluster: an answer is a proof, None proves nothing.
"""

from __future__ import annotations

from functools import lru_cache

from .cluster import Partition
from .instance import Instance
from .job import Job
from .legality import Legality
from .never_layers import KEPT, Finding, IdleLayers
from .never_room import BlockRoom, FlatRoom, RingRoom, Room, TorusRoom, TreeRoom, room_on
from .rules.resources import refusing_resource
from .rules.start import is_placed_flat
from .topology import FlatTopology


class NeverExplainer:
    """Says which jobs of an instance can never start; they share what is counted."""

    def __init__(self, instance: Instance, legality: Legality) -> None:
        self._instance = instance
        self._idle = instance.idle
        self._legality = legality
        self._layers = IdleLayers(instance.idle)
        self._room = lru_cache(maxsize=KEPT)(self._find_room)

    def explain(self, job: Job) -> Finding | None:
        """The rule that keeps `job` from ever starting, and one line for people.

        Every partition of the job must refuse it; the first one's reason is told.
        """
        refusing = refusing_resource(self._instance, job, self._legality)
        if refusing is not None:
            return "license_amount", f"asks for more {refusing.name} than its first layer has"
        first: Finding | None = None
        for partition in self._instance.partitions_of(job):
            finding = self._in_partition(job, partition)
            if finding is None:
                return None
            first = first or finding
        return first

    def _in_partition(self, job: Job, partition: Partition) -> Finding | None:
        idle = self._idle
        nodes = idle.eligible(job, partition)
        finding = _candidates(idle, job, partition, nodes) or self._layers.finding(job, nodes)
        if finding is not None:
            return finding
        kind = idle.cluster.topology_of(partition).kind
        if kind in ("block", "ring", "torus3d") and not job.is_divisible:
            return "segment", f"--segment={job.segment} does not divide {job.num_nodes} nodes"
        is_flat = is_placed_flat(idle, job, partition)
        if job.num_nodes == 1 and kind != "torus3d" and not is_flat:
            return None
        return self._shape(job, partition, self._room(partition.name, nodes, is_flat))

    def _find_room(self, partition_name: str, nodes: frozenset[int], is_flat: bool) -> Room:
        cluster = self._idle.cluster
        topology = cluster.topology_of(cluster.partition_named[partition_name])
        return room_on(FlatTopology() if is_flat else topology, nodes)

    def _shape(self, job: Job, partition: Partition, room: Room) -> Finding | None:
        """No room for the units in the geometry of the topology."""
        units = self._idle.units(job, partition)
        required = self._idle.required(job, partition)
        is_26_11 = self._legality is Legality.SLURM_26_11
        match room:
            case FlatRoom():
                return room.finding(job)
            case BlockRoom():
                if is_26_11 and not required and not room.passes_floor(units.size):
                    message = f"26.11 finds no {units.size} nodes in complete lower-level blocks"
                    return "whole_topology_floor", message
                return room.finding(units)
            case RingRoom():
                if 0 < len(required) < job.num_nodes:
                    return "required_nodes", f"a ring wants all {job.num_nodes} nodes named"
                return room.finding(units, one_per_ring=is_26_11)
            case TorusRoom() | TreeRoom():
                return room.finding(units)


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
