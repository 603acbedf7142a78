"""The hierarchy that a topology spans: cluster, aggregated blocks, base blocks, nodes, as a graph.

Every graph node carries ``kind``, ``name``, ``level`` (nodes -1, base blocks 0, each enabled level
its exponent, the cluster above all), ``position`` among its siblings, ``num_nodes``, ``free`` and
``nominal_size`` (0 where the topology gives none). Edges point from the larger to the smaller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import networkx as nx

from ..hostlist import fold
from .block import BlockTopology
from .ring import RingTopology
from .torus import TorusTopology
from .tree import TreeTopology

if TYPE_CHECKING:
    from . import Topology

ROOT = "cluster"


def build_hierarchy(
    topology: Topology,
    names: Sequence[str],
    *,
    free: Collection[int] | None = None,
    with_nodes: bool = True,
) -> nx.DiGraph[str]:
    """The hierarchy of `topology` over all nodes of the cluster.

    Parameters
    ----------
    topology
        Any kind.
    names
        Names of all nodes in index order; those in no group hang below a group of their own.
    free
        Indices of the nodes that a job could take now; all of them by default.
    with_nodes
        Whether the nodes themselves become part of the graph.

    Returns
    -------
    nx.DiGraph
        With `ROOT` above everything. An incomplete trailing aggregate is there as well: Slurm's
        scheduler uses it, although ``scontrol show topology`` may not print it (section 2).

    Notes
    -----
    A tree, except for a switch with several parents. Linear in the nodes.
    """
    builder = _Builder(topology.name, names, free)
    if isinstance(topology, BlockTopology):
        _add_blocks(builder, topology)
    elif isinstance(topology, RingTopology):
        for position, ring in enumerate(topology.rings):
            builder.add(ROOT, "ring", position, ring.name, ring.nodes, leaf=True)
    elif isinstance(topology, TorusTopology):
        for position, torus in enumerate(topology.toruses):
            cells = [node for node in torus.cells if node >= 0]
            builder.add(
                ROOT, "torus", position, torus.name, cells, leaf=True, size=len(torus.cells)
            )
    elif isinstance(topology, TreeTopology):
        _add_switches(builder, topology)
    return builder.finish(is_flat=topology.kind == "flat", with_nodes=with_nodes)


def children_of(graph: nx.DiGraph[str], parent: str) -> list[str]:
    """Children in the order of their positions."""
    return sorted(graph.successors(parent), key=lambda child: graph.nodes[child]["position"])


class _Builder:
    """Collects groups; nodes and what lies outside come last."""

    def __init__(self, topology: str, names: Sequence[str], free: Collection[int] | None) -> None:
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.topology = topology
        self.names = names
        self.free = frozenset(range(len(names)) if free is None else free)
        self._leaves: list[tuple[str, Sequence[int]]] = []

    def add(
        self,
        parent: str,
        kind: str,
        position: int,
        name: str,
        nodes: Sequence[int],
        *,
        leaf: bool = False,
        level: int = 0,
        size: int = 0,
    ) -> str:
        """Add a group below `parent` and return its key."""
        key = f"{self.topology}/{kind}/{level}/{position}"
        self.graph.add_node(
            key,
            kind=kind,
            name=name,
            level=level,
            position=position,
            num_nodes=len(nodes),
            free=len(self.free.intersection(nodes)),
            nominal_size=size,
        )
        if parent:
            self.graph.add_edge(parent, key)
        if leaf:
            self.attach(key, nodes)
        return key

    def attach(self, key: str, nodes: Sequence[int]) -> None:
        """Let `nodes` hang below the group `key`."""
        self._leaves.append((key, nodes))

    def finish(self, *, is_flat: bool, with_nodes: bool) -> nx.DiGraph[str]:
        """Add the root, the nodes outside every group and, if wanted, all nodes."""
        everything = range(len(self.names))
        covered = {node for _, nodes in self._leaves for node in nodes}
        outside = [node for node in everything if node not in covered]
        if is_flat:
            self._leaves.append((ROOT, outside))
        elif outside:
            position = self.graph.number_of_nodes()
            self.add(ROOT, "outside", position, "in no group", outside, leaf=True)
        levels = [data["level"] for key, data in self.graph.nodes(data=True) if key != ROOT]
        self.graph.add_node(
            ROOT,
            kind="cluster",
            name=self.topology,
            level=max(levels, default=-1) + 1,
            position=0,
            num_nodes=len(self.names),
            free=len(self.free),
            nominal_size=0,
        )
        if with_nodes:
            for key, nodes in self._leaves:
                self._add_nodes(key, nodes)
        return self.graph

    def _add_nodes(self, parent: str, nodes: Sequence[int]) -> None:
        for position, node in enumerate(nodes):
            key = f"node/{self.names[node]}"
            self.graph.add_node(
                key,
                kind="node",
                name=self.names[node],
                level=-1,
                position=position,
                num_nodes=1,
                free=int(node in self.free),
                nominal_size=1,
            )
            self.graph.add_edge(parent, key)


def _add_blocks(builder: _Builder, topology: BlockTopology) -> None:
    """Base blocks below the aggregated blocks of every enabled level, largest level first."""
    parents = [ROOT] * len(topology.blocks)
    for level in reversed(topology.levels):
        span = 1 << level
        for position, start in enumerate(range(0, len(topology.blocks), span)):
            blocks = topology.blocks[start : start + span]
            nodes = [node for block in blocks for node in block.nodes]
            key = builder.add(
                parents[start],
                "aggregated_block" if level else "block",
                position,
                fold(block.name for block in blocks) if level else blocks[0].name,
                nodes,
                leaf=level == 0,
                level=level,
                size=topology.base_size << level,
            )
            parents[start : start + span] = [key] * len(blocks)


def _add_switches(builder: _Builder, topology: TreeTopology) -> None:
    keys = [
        builder.add(
            "",
            "switch",
            position,
            switch.name,
            sorted(topology.members[position]),
            level=topology.levels[position],
        )
        for position, switch in enumerate(topology.switches)
    ]
    for position, switch in enumerate(topology.switches):
        builder.graph.add_edges_from((keys[position], keys[child]) for child in switch.children)
    for position in _tops(topology):
        builder.graph.add_edge(ROOT, keys[position])
    for position in topology.leaves:
        builder.attach(keys[position], topology.switches[position].nodes)


def _tops(topology: TreeTopology) -> Iterable[int]:
    """Switches without a parent."""
    below = {child for switch in topology.switches for child in switch.children}
    return (position for position in range(len(topology.switches)) if position not in below)
