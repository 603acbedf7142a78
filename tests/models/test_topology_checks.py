"""Findings about topologies that Slurm accepts in silence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rackwright.models.errors import ProblemLog
from rackwright.models.formats.topology_bind import bind_topologies
from rackwright.models.formats.topology_file import parse_topology
from rackwright.models.node import Node
from rackwright.models.topology import BlockTopology
from rackwright.models.topology.checks import check_topology
from rackwright.models.topology.checks_block import unstartable_sizes
from rackwright.models.topology.finding import Finding
from rackwright.models.topology.live import live_differences


def findings(text: str, cliques: dict[str, str] | None = None) -> list[Finding]:
    names, (topology, *_), _ = bind_topologies(parse_topology(text, ProblemLog("f")))
    nodes = [Node(name, clique=(cliques or {}).get(name)) for name in names]
    return list(check_topology(topology, nodes))


def told(text: str, cliques: dict[str, str] | None = None) -> list[str]:
    return [str(finding) for finding in findings(text, cliques)]


def racks(count: int, size: int, sizes: str) -> str:
    lines = [f"BlockSizes={sizes}"]
    lines += [
        f"BlockName=r{rack:02} Nodes=n[{rack * size + 1:04}-{rack * size + size:04}]"
        for rack in range(count)
    ]
    return "\n".join(lines)


def test_a_sound_topology_has_no_findings() -> None:
    assert told(racks(4, 4, "4,8,16")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "BlockSizes=4\nBlockName=a Nodes=n[1-2]\nBlockName=b Nodes=n[3-6]\nBlockName=pad",
            [
                "warning: block a: 2 nodes, but blocks count as 4: no unit of 3 to 4 nodes fits "
                "in [short_block]"
            ],
        ),
        (
            racks(3, 4, "4,8"),
            [
                "warning: level of 8 nodes: last aggregated block r02 has 1 of 2 blocks: at most "
                "4 nodes, not 8 [incomplete_aggregate]",
                "warning: topology default: Slurm 26.11 starts no job of 9-12 nodes without "
                "segments, not even on an empty cluster: it may touch too few complete groups of "
                "blocks [never_whole]",
            ],
        ),
        (
            racks(2, 4, "4,16"),
            [
                "advice: level of 16 nodes: no aggregated block has more than 8 nodes: no unit of "
                "9 to 16 nodes ever starts [unreachable_level]"
            ],
        ),
        (
            racks(2, 18, "16"),
            [
                "advice: topology default: 2 blocks have more nodes than 16, up to 18: all of "
                "them serve, but units of 17 to 18 nodes count as larger than a block and may be "
                "spread over several [larger_blocks]"
            ],
        ),
        (
            racks(2, 18, "18"),
            [
                "advice: topology default: no block has a spare node: one node down closes its "
                "block for --segment=18; with a base size of 16, --segment=16 fits with 2 down "
                "[no_spares]"
            ],
        ),
        (
            "SwitchName=a Nodes=n[1-3]\nSwitchName=b Nodes=n[4-5]",
            [
                "warning: topology default: no switch reaches all 5 nodes: no job of 4 to 5 nodes "
                "ever starts [disconnected_tree]"
            ],
        ),
    ],
)
def test_findings(text: str, expected: list[str]) -> None:
    assert told(text) == expected


TORUS = """\
topology: t
torus3d:
  toruses:
    name: p
    dims: {x: 5, y: 1, z: 1}
    nodes: n[1-5]
    placements: {dims: {x: 2, y: 1, z: 1}%s}
"""


def test_torus_anchors() -> None:
    assert told(TORUS % "") == [
        "advice: torus p: anchors of placement 2x1x1 overlap: one job can spoil several of them "
        "[overlapping_anchors]"
    ]
    assert told(TORUS.replace("x: 2", "x: 5") % "") == []
    partial = TORUS.replace("x: 5", "x: 4").replace("[1-5]", "[1-4]").replace("x: 2", "x: 1")
    assert told(partial % ", anchor_spacing: {x: 2}") == [
        "warning: torus p: no placement ever uses 2 nodes: n[2,4] [unused_cells]"
    ]


def test_cliques_and_blocks_must_agree() -> None:
    text = "BlockSizes=2\nBlockName=a Nodes=n[1-2]\nBlockName=b Nodes=n[3-4]"
    cliques = {"n1": "x.1", "n2": "x.1", "n3": "x.1", "n4": "y.1"}
    assert told(text, cliques) == [
        "error: block b: nodes of 2 NVLink cliques: n3 in x.1; n4 in y.1 [split_clique]",
        "warning: clique x.1: one NVLink clique over the blocks a,b [spread_clique]",
    ]


def test_sizes_that_a_real_controller_rejected_for_ever(shared_data: Path) -> None:
    """README of the recordings, finding 4: rejected although the cluster has the nodes.

    Without node weights, with which Slurm's greedy search misses more.
    """
    compared = rejected = 0
    with gzip.open(shared_data / "decisions" / "decisions_block.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            request, recorded = record["request"], record["topology"]
            if record["unavailable"] or record.get("weights") or not recorded["block_sizes"]:
                continue
            if request["segment"] or request["nodelist"] or request["exclude"]:
                continue
            body = {
                "block_sizes": recorded["block_sizes"],
                "blocks": [
                    {"block": block["name"], "nodes": block["nodes"]}
                    for block in recorded["blocks"]
                ],
            }
            text = json.dumps({"topology": "t", "block": body})
            _, (topology,), _ = bind_topologies(parse_topology(text, ProblemLog("f")))
            assert isinstance(topology, BlockTopology)
            num_covered = len(topology.block_of)
            if topology.block_sizes[-1] < request["nodes"] <= num_covered:
                is_rejected = record["outcome"]["decision"] == "rejected"
                assert (request["nodes"] in unstartable_sizes(topology)) == is_rejected
                compared += 1
                rejected += is_rejected
    assert compared > 60
    assert rejected > 5


FILE = "BlockSizes=2,4\nBlockName=a Nodes=n[1-2]\nBlockName=b Nodes=n[3-4]\nBlockName=c"


def differences(expected: str, live: str) -> list[str]:
    names, (topology, *_), _ = bind_topologies(parse_topology(expected, ProblemLog("f")))
    live_names, (actual, *_), _ = bind_topologies(parse_topology(live, ProblemLog("g")))
    return [str(finding) for finding in live_differences(topology, names, actual, live_names)]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (
            "BlockName=a BlockIndex=0 Nodes=n[1-2] BlockSize=2\n"
            "BlockName=b BlockIndex=1 Nodes=n[3-4] BlockSize=2\n"
            "BlockName=c BlockIndex=2 BlockSize=2\n"
            "AggregatedBlock=[a-b] BlockIndex=3 Nodes=n[1-4] BlockSize=4\n",
            [],
        ),
        (
            "BlockName=b BlockIndex=0 Nodes=n[2-3] BlockSize=2\n"
            "BlockName=a BlockIndex=1 Nodes=n1 BlockSize=2\n"
            "BlockName=d BlockIndex=2 Nodes=n9 BlockSize=2\n",
            [
                "error: topology default: block sizes [2] are live, [2, 4] in the file",
                "error: block a: n2 left it: 1 of 2 nodes are live",
                "error: block b: n4 left it: 2 of 2 nodes are live",
                "error: block b: n2 joined it, but not in the file",
                "error: block d: is live with n9, but not in the file",
                "error: topology default: the order differs from the file, and order is adjacency",
            ],
        ),
        (
            "SwitchName=a Level=0 LinkSpeed=1 Nodes=n1",
            ["error: topology default: topology/tree is live, topology/block in the file"],
        ),
    ],
)
def test_live_differences(live: str, expected: list[str]) -> None:
    assert [line.removesuffix(" [live_topology]") for line in differences(FILE, live)] == expected


def test_live_rings_keep_their_order() -> None:
    assert differences("RingName=r Nodes=n[1-3]", "RingName=r Nodes=n1,n3,n2 RingSize=3") == [
        "error: ring r: its order is n[1,3,2] [live_topology]"
    ]
