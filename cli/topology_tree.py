"""A topology's hierarchy as a tree for people, as JSON and as GraphML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..models.hostlist import fold
from ..models.topology.hierarchy import ROOT, children_of
from .text import escape_control

if TYPE_CHECKING:
    import networkx as nx
    from rich.tree import Tree

    from ..models.topology import Topology

_ORDERED_KINDS = frozenset({"ring", "torus"})


def draw_tree(graph: nx.DiGraph[str], topology: Topology, depth: int | None) -> Tree:
    """The hierarchy as a rich tree; nodes are folded into their group's line.

    Parameters
    ----------
    graph
        From `build_hierarchy`, with nodes.
    topology
        What it was built from.
    depth
        Levels below the cluster to draw; all by default.
    """
    from rich.tree import Tree

    root = graph.nodes[ROOT]
    sizes = getattr(topology, "block_sizes", ())
    described = f", sizes {', '.join(map(str, sizes))}" if sizes else ""
    label = f"{root['name']} ({topology.kind}{described}): {_counts(root)}"
    tree = Tree(escape_control(label), guide_style="dim")
    _draw_below(graph, ROOT, tree, depth)
    return tree


def _draw_below(graph: nx.DiGraph[str], parent: str, branch: Tree, depth: int | None) -> None:
    if depth == 0:
        return
    for child in _groups(graph, parent):
        data = graph.nodes[child]
        nodes = _node_list(graph, child)
        label = f"{data['name']}  {nodes}  {_counts(data)}" if nodes else _aggregate(data)
        below = branch.add(escape_control(label))
        _draw_below(graph, child, below, None if depth is None else depth - 1)


def _aggregate(data: dict[str, Any]) -> str:
    size = data["nominal_size"]
    label = f"[{size}] {data['name']}" if data["kind"] == "aggregated_block" else data["name"]
    return f"{label}  {_counts(data)}"


def _counts(data: dict[str, Any]) -> str:
    num_nodes = data["num_nodes"]
    noun = "node" if num_nodes == 1 else "nodes"
    return f"{num_nodes} {noun}, {data['free']} free"


def _groups(graph: nx.DiGraph[str], parent: str) -> list[str]:
    return [child for child in children_of(graph, parent) if graph.nodes[child]["kind"] != "node"]


def _node_list(graph: nx.DiGraph[str], parent: str) -> str:
    """Folded names of the nodes directly below; in order where the order means something."""
    names = (
        graph.nodes[child]["name"]
        for child in children_of(graph, parent)
        if graph.nodes[child]["kind"] == "node"
    )
    return fold(names, keep_order=graph.nodes[parent]["kind"] in _ORDERED_KINDS)


def hierarchy_json(graph: nx.DiGraph[str], parent: str = ROOT) -> dict[str, Any]:
    """The hierarchy as nested objects; nodes are a hostlist of their group."""
    data = graph.nodes[parent]
    keys = ("kind", "name", "level", "nominal_size", "num_nodes", "free")
    entry: dict[str, Any] = {key: data[key] for key in keys}
    nodes = _node_list(graph, parent)
    if nodes:
        entry["nodes"] = nodes
    groups = _groups(graph, parent)
    if groups:
        entry["children"] = [hierarchy_json(graph, child) for child in groups]
    return entry


def graphml(graphs: list[nx.DiGraph[str]]) -> str:
    """All hierarchies in one GraphML document; they share the cluster and its nodes."""
    import networkx as nx

    lines: Iterator[str] = nx.generate_graphml(nx.compose_all(graphs))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(lines) + "\n"
