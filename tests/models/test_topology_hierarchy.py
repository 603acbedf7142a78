"""The hierarchy of every kind of topology, as a networkx graph."""

from __future__ import annotations

import networkx as nx
import pytest

from rackwright.models.topology import (
    Block,
    BlockTopology,
    FlatTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)
from rackwright.models.topology.hierarchy import ROOT, build_hierarchy, children_of

NAMES = [f"n{number:02}" for number in range(24)]

BLOCKS = BlockTopology(
    "t",
    4,
    (0, 1, 2),
    tuple(Block(f"b{i}", tuple(range(i * 4, i * 4 + 4)) if i != 2 else ()) for i in range(5)),
)
TREE = TreeTopology(
    "t",
    (
        Switch("s0", (0, 1, 2), ()),
        Switch("top", (), (0, 2)),
        Switch("s1", (3, 4), ()),
        Switch("alone", (5,), ()),
    ),
)
KINDS: list[Topology] = [
    BLOCKS,
    TREE,
    RingTopology("t", (Ring("r0", (3, 2, 1)), Ring("r1", (7,)))),
    TorusTopology(
        "t", (Torus("p", (2, 2, 1), (0, 1, -1, 3), (TorusPlacement((1,) * 3, (1,) * 3),)),)
    ),
    FlatTopology("t"),
]


@pytest.mark.parametrize("topology", KINDS, ids=lambda topology: topology.kind)
def test_capacities_add_up(topology: Topology) -> None:
    graph = build_hierarchy(topology, NAMES, free=range(0, 24, 2))
    assert nx.is_arborescence(graph)
    assert graph.nodes[ROOT]["num_nodes"] == 24
    assert graph.nodes[ROOT]["free"] == 12
    leaves = {data["name"] for _, data in graph.nodes(data=True) if data["kind"] == "node"}
    assert leaves == set(NAMES)
    for key, data in graph.nodes(data=True):
        children = list(graph.successors(key))
        if data["kind"] != "node" and children:
            assert data["num_nodes"] == sum(graph.nodes[c]["num_nodes"] for c in children)
            assert data["free"] == sum(graph.nodes[c]["free"] for c in children)
            assert all(graph.nodes[child]["level"] < data["level"] for child in children)


def test_blocks_aggregate_by_position_with_an_incomplete_last_group() -> None:
    graph = build_hierarchy(BLOCKS, NAMES, with_nodes=False)
    tops = children_of(graph, ROOT)
    described = [
        (data["kind"], data["name"], data["num_nodes"], data["nominal_size"])
        for data in (graph.nodes[key] for key in tops)
    ]
    assert described == [
        ("aggregated_block", "b[0-3]", 12, 16),
        ("aggregated_block", "b4", 4, 16),
        ("outside", "in no group", 8, 0),
    ]
    pairs = [graph.nodes[key]["name"] for key in children_of(graph, tops[0])]
    assert pairs == ["b[0-1]", "b[2-3]"]
    # The phantom block keeps its position.
    phantom = [graph.nodes[key] for key in children_of(graph, children_of(graph, tops[0])[1])]
    assert [(data["name"], data["num_nodes"]) for data in phantom] == [("b2", 0), ("b3", 4)]


def test_switches_hang_below_their_parents() -> None:
    graph = build_hierarchy(TREE, NAMES[:6])
    names = [graph.nodes[key]["name"] for key in children_of(graph, ROOT)]
    assert names == ["top", "alone"]
    assert graph.nodes[children_of(graph, ROOT)[0]]["num_nodes"] == 5


def test_a_ring_keeps_its_order() -> None:
    graph = build_hierarchy(KINDS[2], NAMES)
    ring = children_of(graph, ROOT)[0]
    assert [graph.nodes[key]["name"] for key in children_of(graph, ring)] == ["n03", "n02", "n01"]


def test_a_switch_with_two_parents_is_no_tree_but_a_graph() -> None:
    switches = (Switch("s", (0,), ()), Switch("a", (), (0,)), Switch("b", (), (0,)))
    graph = build_hierarchy(TreeTopology("t", switches), NAMES[:1])
    assert nx.is_directed_acyclic_graph(graph)
    assert len(children_of(graph, ROOT)) == 2
