"""Which nodes there are and which are up: node files, topology and --unavailable together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ProblemLog
from ..hostlist import HostlistError, expand
from ..node import Node
from .collector import Collector
from .jobs_keys import named
from .nodes_csv import read_nodes_csv
from .profiles import NodeProfile
from .slurm_output_nodes import NodeTable, read_nodes_json
from .text import read_text
from .topology_spec import TopologyFile

_COMMANDS = "scontrol show nodes --json, sinfo --json"
_PRINTED = re.compile(r"\s*(NodeName=|NODELIST\b|PARTITION\b)")


def read_nodes(path: Path, log: ProblemLog) -> NodeTable:
    """One ``--nodes`` file: JSON of scontrol or sinfo, or CSV; told apart by its beginning."""
    text = read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        return read_nodes_json(text, log)
    if _PRINTED.match(text):
        log.error("", "the text that scontrol or sinfo print for people", f"{_COMMANDS}, or CSV")
        return NodeTable()
    nodes = read_nodes_csv(text, log)
    return NodeTable({node.name: node for node in nodes}, is_complete=False)


@dataclass(slots=True)
class MergedNodes:
    """All node files together.

    Attributes
    ----------
    nodes
        By name; empty without a node file.
    is_complete
        Whether some file lists every node of the cluster.
    tables
        The files, as read.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    is_complete: bool = False
    tables: list[NodeTable] = field(default_factory=list)

    def add_config(self, table: NodeTable, *, has_live_states: bool) -> None:
        """Add slurm.conf: its states are those at the start of Slurm, outdated by any dump."""
        if has_live_states:
            table.nodes = {
                name: replace(node, states=frozenset()) for name, node in table.nodes.items()
            }
        self.add(table)

    def add(self, table: NodeTable) -> None:
        """Add a file: what several files say of a node is united."""
        self.tables.append(table)
        self.is_complete |= table.is_complete
        for name, node in table.nodes.items():
            known = self.nodes.get(name)
            self.nodes[name] = node if known is None else _united(known, node)

    @property
    def gpus_per_node(self) -> int | None:
        """GPUs of a node, if all nodes with GPUs have the same number."""
        counts = {node.gpus for node in self.nodes.values()} - {0}
        return counts.pop() if len(counts) == 1 else None

    @property
    def now_s(self) -> int | None:
        """When the newest of the files was written."""
        return max((table.now_s for table in self.tables if table.now_s), default=None)


def _united(first: Node, second: Node) -> Node:
    return Node(
        name=first.name,
        states=first.states | second.states,
        partitions=tuple(dict.fromkeys((*first.partitions, *second.partitions))),
        features=first.features | second.features,
        weight=first.weight if second.weight == 1 else second.weight,
        gpus=first.gpus or second.gpus,
        power_w=first.power_w or second.power_w,
        clique=first.clique or second.clique,
    )


def node_table(
    names: Sequence[str], merged: MergedNodes, profile: NodeProfile | None
) -> tuple[Node, ...]:
    """The cluster's nodes in index order; the profile fills in what no file says."""
    table = []
    for name in names:
        node = merged.nodes.get(name) or Node(name)
        if profile is not None and not (node.gpus and node.power_w):
            node = replace(
                node,
                gpus=node.gpus or profile.gpus_per_node,
                power_w=node.power_w or profile.power_w,
            )
        table.append(node)
    return tuple(table)


def read_unavailable(
    hostlists: Iterable[str], index_of: Mapping[str, int], log: ProblemLog
) -> frozenset[int]:
    """Node indices of every ``--unavailable``; unknown names are errors."""
    found: set[int] = set()
    for hostlist in hostlists:
        try:
            names = expand(hostlist)
        except HostlistError as error:
            log.error("", str(error), "a hostlist such as n[01-18]")
            continue
        unknown = [name for name in names if name not in index_of]
        if unknown:
            log.error("", f"unknown nodes {named(unknown)}", "nodes of the topology or node file")
        found.update(index_of[name] for name in names if name in index_of)
    return frozenset(found)


def known_names(
    file: TopologyFile, merged: MergedNodes, collector: Collector
) -> tuple[str, ...] | None:
    """Names of the node table; None when no file gives one.

    A dump of Slurm lists every node there is. A CSV may list some only: the topology's other nodes
    are idle then.
    """
    if not merged.tables:
        return None
    if merged.is_complete:
        return tuple(merged.nodes)
    mentioned = dict.fromkeys(name for spec in file.specs for name in spec.node_names)
    missing = [name for name in mentioned if name not in merged.nodes]
    if missing:
        log = ProblemLog("--nodes")
        log.warn("", f"{len(missing)} unlisted nodes of the topology are idle: {named(missing)}")
        collector.take(log)
    return tuple({**mentioned, **merged.nodes})
