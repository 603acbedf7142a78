"""Short ways to write small clusters, instances and plans by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive
from rackwright.models.node import Node
from rackwright.models.plan import Placement, Plan
from rackwright.models.resources import Resource
from rackwright.models.topology import (
    Block,
    BlockTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)


def cut(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Consecutive node indices in groups of the given sizes."""
    groups = []
    first = 0
    for size in sizes:
        groups.append(tuple(range(first, first + size)))
        first += size
    return groups


def blocks(sizes: Sequence[int], base: int, levels: Sequence[int] = (0, 1)) -> BlockTopology:
    """Base blocks b0, b1 ... of the given sizes, over nodes 0, 1 ..."""
    named = tuple(Block(f"b{index}", nodes) for index, nodes in enumerate(cut(sizes)))
    return BlockTopology("default", base, tuple(levels), named)


def rings(*sizes: int) -> RingTopology:
    """Rings r0, r1 ... of the given sizes."""
    return RingTopology(
        "default", tuple(Ring(f"r{index}", nodes) for index, nodes in enumerate(cut(sizes)))
    )


def torus(
    dims: tuple[int, int, int],
    *shapes: tuple[int, int, int],
    spacing: tuple[int, int, int] | None = None,
) -> TorusTopology:
    """One torus with a placement per shape, spaced by `spacing` or by the shape itself."""
    cells = tuple(range(dims[0] * dims[1] * dims[2]))
    placements = tuple(TorusPlacement(shape, spacing or shape) for shape in shapes)
    return TorusTopology("default", (Torus("k0", dims, cells, placements),))


def tree(
    *leaf_sizes: int, trunks: Sequence[Sequence[int]], is_dragonfly: bool = False
) -> TreeTopology:
    """Leaves s0, s1 ...; then one trunk over each group of switch indices."""
    leaves = [Switch(f"s{index}", nodes, ()) for index, nodes in enumerate(cut(leaf_sizes))]
    above = [Switch(f"t{index}", (), tuple(group)) for index, group in enumerate(trunks)]
    return TreeTopology("default", (*leaves, *above), is_dragonfly)


def instance(
    topology: Topology,
    *jobs: Job,
    num_nodes: int,
    partitions: tuple[Partition, ...] = (),
    resources: tuple[Resource, ...] = (),
    **state: Any,
) -> Instance:
    """An instance on plain nodes n0, n1 ...; `state` are further fields of `Instance`."""
    nodes = tuple(Node(f"n{index}") for index in range(num_nodes))
    return Instance(Cluster(nodes, (topology,), partitions, resources), jobs, **state)


def place(job_id: str, *segments: Sequence[int], partition: str = "default") -> Placement:
    """A placement; node indices in any order."""
    return Placement(job_id, tuple(tuple(sorted(segment)) for segment in segments), partition)


def plan(*placements: Placement) -> Plan:
    """A plan."""
    return Plan(placements)


def running(*nodes: int, exclusive: bool = False, partition: str | None = None) -> RunningJob:
    """A running job on `nodes`."""
    kind = Exclusive.TOPO if exclusive else None
    return RunningJob(Job(f"r{nodes[0]}", len(nodes), exclusive=kind), frozenset(nodes), partition)


def topo(job_id: str, num_nodes: int, **fields: Any) -> Job:
    """A job with ``--exclusive=topo``."""
    return Job(job_id, num_nodes, exclusive=Exclusive.TOPO, **fields)
