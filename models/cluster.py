"""The cluster: its nodes in index order, its topologies, partitions and resources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .node import Node
from .resources import Resource
from .topology import FlatTopology, Topology


@dataclass(frozen=True)
class Partition:
    """A partition.

    Attributes
    ----------
    name
        PartitionName.
    nodes
        Node indices.
    topology
        Name of its topology (``Topology=``); None means the cluster's default.
    is_exclusive_topo
        ``Exclusive=TOPO``: every job in it behaves as with ``--exclusive=topo``.
    priority_tier
        PriorityTier: jobs of a higher tier go first, whatever their priority.
    """

    name: str
    nodes: frozenset[int]
    topology: str | None = None
    is_exclusive_topo: bool = False
    priority_tier: int = 1


@dataclass(frozen=True)
class Cluster:
    """Everything about the machine that does not change with its load.

    Attributes
    ----------
    nodes
        In index order: natural order of names unless a rank says otherwise (slurm_semantics 0.2).
    topologies
        The first is the default for partitions without one; never empty.
    partitions
        The first is the default partition; never empty.
    resources
        Hierarchical resources and power caps.
    """

    nodes: tuple[Node, ...]
    topologies: tuple[Topology, ...] = (FlatTopology(),)
    partitions: tuple[Partition, ...] = ()
    resources: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        if not self.partitions:
            everything = Partition("default", frozenset(range(len(self.nodes))))
            object.__setattr__(self, "partitions", (everything,))

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Node name to index."""
        return {node.name: index for index, node in enumerate(self.nodes)}

    @cached_property
    def partition_named(self) -> dict[str, Partition]:
        """Partition by name."""
        return {partition.name: partition for partition in self.partitions}

    def topology_of(self, partition: Partition) -> Topology:
        """The topology that jobs of `partition` are placed on."""
        if partition.topology is None:
            return self.topologies[0]
        for topology in self.topologies:
            if topology.name == partition.topology:
                return topology
        raise KeyError(partition.topology)

    def names(self, nodes: tuple[int, ...] | frozenset[int]) -> list[str]:
        """Names of node indices, in index order."""
        return [self.nodes[index].name for index in sorted(nodes)]
