"""``--exclusive=topo``: whole topology units for one job (slurm_semantics section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..instance import Instance
from ..legality import Legality
from ..topology import (
    BlockTopology,
    FlatTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)
from .start import Finding, Start, Starts


def is_enforced(topology: Topology, legality: Legality) -> bool:
    """Whether exclusive jobs on `topology` are kept apart; in 26.11 on block and ring only."""
    if legality is Legality.SLURM_26_11:
        return isinstance(topology, BlockTopology | RingTopology)
    return not isinstance(topology, FlatTopology)


def unit_nodes(topology: Topology, nodes: Iterable[int]) -> frozenset[int]:
    """`nodes`, and the other nodes of the base blocks, rings, leaves or toruses they touch."""
    touched = frozenset(nodes)
    match topology:
        case BlockTopology():
            blocks = {topology.block_of[node] for node in touched if node in topology.block_of}
            return touched.union(*(topology.blocks[index].nodes for index in blocks))
        case RingTopology():
            rings = {topology.ring_of[node] for node in touched if node in topology.ring_of}
            return touched.union(*(topology.rings[index].nodes for index in rings))
        case TreeTopology():
            leaves = {topology.leaf_of[node] for node in touched if node in topology.leaf_of}
            return touched.union(*(topology.switches[index].nodes for index in leaves))
        case TorusTopology():
            toruses = {topology.torus_of[node] for node in touched if node in topology.torus_of}
            cells = (topology.toruses[index].cells for index in toruses)
            return touched.union(*cells) - {-1}
        case _:
            return touched


def held_nodes(instance: Instance, topology: Topology, legality: Legality) -> frozenset[int]:
    """Nodes that no job may enter because a running exclusive job holds their unit.

    Parameters
    ----------
    instance
        Its running exclusive jobs hold units of the topology they were placed on, for everybody.
    topology
        Where a new job would be placed: a BLOCKED node closes its unit there, as its job is
        unknown.
    legality
        Decides on which kinds of topology exclusivity is enforced.
    """
    cluster = instance.cluster
    held: set[int] = set()
    for running in instance.running:
        partition = (
            cluster.partitions[0]
            if running.partition is None
            else cluster.partition_named[running.partition]
        )
        own = cluster.topology_of(partition)
        if instance.is_exclusive(running.job, partition) and is_enforced(own, legality):
            held |= unit_nodes(own, running.nodes)
    if any(is_enforced(other, legality) for other in cluster.topologies):
        held |= unit_nodes(topology, instance.blocked)
    return frozenset(held)


def wanted_nodes(start: Start) -> frozenset[int]:
    """Nodes that the start closes to all other jobs; empty unless it is exclusive and enforced."""
    is_exclusive = start.instance.is_exclusive(start.job, start.partition)
    if is_exclusive and is_enforced(start.topology, start.legality):
        return unit_nodes(start.topology, start.nodes)
    return frozenset()


def exclusive_wanted(starts: Starts) -> Iterator[Finding]:
    """The units of an exclusive job hold no node of another job, running or planned."""
    occupied = starts.instance.occupied
    for start in starts:
        unit = wanted_nodes(start)
        busy = unit & occupied
        if busy:
            message = f"wants whole units, but a running job holds {start.names(busy)}"
            yield start.job.job_id, message
        for node in sorted(unit):
            for other in starts.jobs_on.get(node, ()):
                if other is not start:
                    message = f"wants whole units, but job {other.job.job_id} uses"
                    yield start.job.job_id, f"{message} {start.names((node,))}"


def exclusive_held(starts: Starts) -> Iterator[Finding]:
    """Nobody enters a unit that a running exclusive job holds, or that is BLOCKED."""
    held_on: dict[str, frozenset[int]] = {}
    for start in starts:
        topology = start.topology
        if topology.name not in held_on:
            held_on[topology.name] = held_nodes(starts.instance, topology, starts.legality)
        entered = start.nodes & held_on[topology.name]
        if entered:
            yield start.job.job_id, f"{start.names(entered)} held by an exclusive job"
