"""Topology files in all of Slurm's notations, and everything that is wrong with some of them."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from rackwright.models.errors import InputError, ProblemLog
from rackwright.models.formats.topology_bind import bind_topologies
from rackwright.models.formats.topology_file import parse_topology, read_topology
from rackwright.models.formats.topology_spec import TopologyFile
from rackwright.models.topology import (
    BlockTopology,
    FlatTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)


def parse(text: str) -> TopologyFile:
    return parse_topology(text, ProblemLog("f"))


def bound(text: str, known: list[str] | None = None) -> tuple[tuple[str, ...], Topology]:
    names, topologies, _ = bind_topologies(parse(text), known)
    return names, topologies[0]


BLOCK_YAML = """\
- topology: t0
  cluster_default: true
  block:
    block_sizes: [4, 16]
    blocks:
      - {block: b1, nodes: "n[1-4]"}
      - {block: phantom}
      - {block: b2, nodes: "n[11,9-10]"}
"""
BLOCK_CONF = """\
# a comment
blocksizes=4,16
BLOCKNAME=b1 Nodes=n[1-4]   # another
BlockName=phantom
BlockName=b2 \\
    Nodes = "n[11,9-10]"
"""
BLOCK_LIVE = """\
BlockName=b1 BlockIndex=0 Nodes=n[1-4] BlockSize=4
BlockName=b2 BlockIndex=2 Nodes=n[9-11] BlockSize=4
AggregatedBlock=b1,b2 BlockIndex=3 Nodes=n[1-4,9-11] BlockSize=16
"""


@pytest.mark.parametrize("text", [BLOCK_YAML, BLOCK_CONF, BLOCK_LIVE])
def test_the_three_notations_of_blocks_agree(text: str) -> None:
    names, topology = bound(text)
    assert names == ("n1", "n2", "n3", "n4", "n9", "n10", "n11")
    assert isinstance(topology, BlockTopology)
    assert (topology.base_size, topology.levels) == (4, (0, 2))
    assert [block.nodes for block in topology.blocks] == [(0, 1, 2, 3), (), (4, 5, 6)]


def test_sizes_left_out_follow_the_first_block_with_nodes() -> None:
    _, topology = bound("BlockName=p\nBlockName=a Nodes=n[1-6]\nBlockName=b Nodes=n[7-9]\n")
    assert isinstance(topology, BlockTopology)
    assert (topology.base_size, topology.levels) == (6, (0, 1, 2, 3, 4))


def test_a_node_named_twice_in_a_block_counts_once() -> None:
    file = parse("BlockSizes=2\nBlockName=a Nodes=n1,n1,n2\n")
    assert "n1 twice in block 'a'" in str(file.warnings[0])
    _, topologies, _ = bind_topologies(file)
    assert isinstance(topologies[0], BlockTopology)
    assert topologies[0].blocks[0].nodes == (0, 1)


def test_rings_keep_their_order() -> None:
    names, topology = bound("RingName=r0 Nodes=n[3-4,1-2]\n")
    assert isinstance(topology, RingTopology)
    assert [names[node] for node in topology.rings[0].nodes] == ["n3", "n4", "n1", "n2"]


def test_trees_and_dragonflies() -> None:
    text = "SwitchName=s0 Nodes=n[1-2]\nSwitchName=r Switches=s[0-1] LinkSpeed=9\nSwitchName=s1\n"
    _, topologies, _ = bind_topologies(parse(text), is_dragonfly=True)
    topology = topologies[0]
    assert isinstance(topology, TreeTopology)
    assert topology.is_dragonfly
    assert topology.switches[1].children == (0, 2)
    assert topology.levels == (0, 1, 0)


def test_switches_of_scontrol_repeat_the_nodes_of_their_children() -> None:
    text = (
        "SwitchName=s0 Level=0 LinkSpeed=1 Nodes=n[1-2]\n"
        "SwitchName=e Level=0 LinkSpeed=1 Nodes=\n"
        "SwitchName=r Level=1 LinkSpeed=1 Nodes=n[1-2] Switches=s0,e\n"
    )
    _, topology = bound(text)
    assert isinstance(topology, TreeTopology)
    assert [switch.nodes for switch in topology.switches] == [(0, 1), (), ()]


def test_torus_cells_regions_and_placements() -> None:
    _, topology = bound(
        """\
- topology: t
  torus3d:
    toruses:
      name: p0
      dims: {x: 4, y: 2, z: 1}
      regions:
        - {anchor: {x: 2, y: 0, z: 0}, dims: {x: 2, y: 2, z: 1}, nodes: "n[1-4]"}
      placements:
        - dims: {x: 2, y: 2, z: 1}
          anchor_spacing: {x: 1}
          anchor_seed: {x: 3}
"""
    )
    assert isinstance(topology, TorusTopology)
    torus = topology.toruses[0]
    assert torus.cells == (-1, -1, 0, 1, -1, -1, 2, 3)
    assert torus.placements[0].spacing == (1, 2, 1)
    assert torus.placements[0].seed == (3, 0, 0)


def test_several_topologies_the_default_first() -> None:
    file = parse(
        "- {topology: a, flat: {alpha_step_rank: true}}\n"
        "- topology: b\n  cluster_default: yes\n  ring: {rings: {ring: r, nodes: n1}}\n"
    )
    assert [(spec.name, spec.kind) for spec in file.specs] == [("b", "ring"), ("a", "flat")]
    _, topologies, _ = bind_topologies(file)
    assert isinstance(topologies[1], FlatTopology)


def test_scontrol_show_topoconf_lists_the_unused_kinds_empty() -> None:
    file = parse("%YAML 1.1\n---\n" + BLOCK_YAML + "  flat: {}\n  ring: {}\n  tree: {}\n...\n")
    assert [spec.kind for spec in file.specs] == ["block"]


def test_the_node_table_is_the_union() -> None:
    file = parse("BlockSizes=2\nBlockName=a Nodes=n[1-2]\n")
    names, _, warnings = bind_topologies(file, ["n2", "n3"])
    assert names == ("n1", "n2", "n3")
    assert [str(problem) for problem in warnings] == [
        "f: 1 nodes that the node table does not have: n1; wanted nodes of the cluster; "
        "Slurm ignores them, here they are unavailable",
        "f: 1 nodes in no topology: n3; wanted each node in a topology; "
        "jobs of several nodes cannot use them",
    ]


def test_block_as_node_rank_orders_nodes_by_block() -> None:
    file = parse("BlockSizes=2\nBlockName=a Nodes=n[3-4]\nBlockName=b Nodes=n[1-2]\n")
    names, _, _ = bind_topologies(file, ["n0", "n1", "n2", "n3", "n4"], ranks_by_topology=True)
    assert names == ("n3", "n4", "n1", "n2", "n0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: no topology; wanted a list of topologies"),
        ("12", "f: line 1: '12'; wanted a list of topologies"),
        ("[]", "f: line 1: no topology; wanted a list of topologies"),
        ("- 5", "f: line 1 ([0]): '5'; wanted a mapping"),
        ("- {flat: true}", "f: line 1 ([0]): no 'topology'; wanted a name for the topology"),
        (
            "- {topology: a, flat: false}",
            "f: line 1 ([0]): no kind of topology; wanted one of block, flat, ring, torus3d, tree",
        ),
        ("- {topology: a, block: [1]}", "f: line 1 ([0].block): a list; wanted a mapping"),
        (
            "- {topology: a, flat: true}\n- {topology: a, flat: true}",
            "f: line 2 ([1]): topology 'a' a second time; wanted each name once",
        ),
        (
            "- {topology: a, block: {block_sizez: [1], blocks: [{block: b, nodes: n1}]}}",
            "f: line 1 ([0].block.block_sizez): unknown key 'block_sizez'; "
            "wanted one of block_sizes, blocks",
        ),
        (
            "- {topology: a, block: {blocks: b1}}",
            "f: line 1 ([0].block.blocks): blocks is 'b1'; wanted a list",
        ),
        (
            "- {topology: a, flat: true, cluster_default: maybe}",
            "f: line 1 ([0].cluster_default): cluster_default is 'maybe'; wanted true or false",
        ),
        (
            "switches: {S1: {switches: [S2]}}\nblocks: []\n",
            "f: line 1: a simulation model of topograph, not a topology of Slurm; "
            "wanted a list of topologies (topograph can generate one)",
        ),
        (
            "BlockSizes=4,12\nBlockName=a Nodes=n[1-4]",
            "f: line 1: block size 12 in [4, 12]; wanted the base size first, then base size "
            "times powers of two up to 2^15",
        ),
        ("BlockSizes=4,x\nBlockName=a", "f: line 1: BlockSizes value 'x'; wanted a whole number"),
        ("BlockSizes=4\nBlockSizes=4\nBlockName=a", "f: line 2: BlockSizes a second time"),
        ("BlockName=a Nodes=n1 Colour=red", "f: line 1 (BlockName=a): unknown key 'colour'"),
        ("BlockName=a Nodes=n1\nSwitchName=s", "f: line 2: block and tree lines in one file"),
        ("NodeName=n1", "f: line 1: unknown key 'nodename'; wanted BlockName=, RingName= or"),
        ("BlockName=a Nodes=n[1-9999999]", "f: line 1 (BlockName=a): range longer than 65536"),
        ("BlockName=a Nodes=n[2-1]", "f: line 1 (BlockName=a): reversed range: '2-1'"),
        ("BlockName=a nonsense", "f: line 1: 'nonsense' cannot be read; wanted Key=Value"),
        ("BlockName=a Nodes=n1 Nodes=n2", "f: line 1: Nodes= a second time on one line"),
        (
            "BlockName=a\nInclude other.conf",
            "f: line 2: Include 'other.conf' is not followed; wanted its lines here",
        ),
        ("SwitchName=a Nodes=n1 Switches=b\nSwitchName=b", "both Nodes and Switches; wanted one"),
        ("SwitchName=a Switches=b\nSwitchName=b Switches=a", "a cycle, or more than 20 levels"),
        ("SwitchName=a Switches=a", "switch 'a' has invalid child 'a'"),
        ("RingName=a", "f: line 1 (RingName=a): ring 'a' has no nodes; wanted nodes"),
        ("RingName=a Nodes=n[1-17]", "ring 'a' has 17 nodes; wanted at most 16"),
        (
            "TorusName=p0 Dims=4x4x1 Nodes=n[1-16]",
            "f: line 1: scontrol prints a torus without the order of its cells and its anchors; "
            "wanted topology.yaml",
        ),
        (
            "BlockName=a BlockIndex=0 Nodes=n1 BlockSize=4\nBlockName=b BlockIndex=1 BlockSize=8",
            "f: BlockSize of the blocks is [4, 8]; wanted one size for all",
        ),
        ("BlockName=a BlockIndex=x BlockSize=4", "f: line 1: blockindex is 'x'"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse("BlockSizes=4,5,6\nBlockName=a Nodes=n[1-4]\nBlockName=a Nodes=n[4-5]\n")
    assert [problem.place for problem in caught.value.problems] == [
        "line 3 (BlockName=a)",
        "line 1",
        "line 1",
        "line 3 (BlockName=a)",
    ]


# What Slurm accepts and we refuse, each because no one can mean it.
STRICTER = {
    "err-001": "n00003 in blocks 'b1' and 'b2'",
    "err-002": "n[00000-00003] in blocks 'b1' and 'b2'",
    "err-040": "unknown key 'colour'",
    "err-041": "unknown key 'foo'",
    "err-061": "no 'topology'",
    "err-083": "n00007 in rings 'r0' and 'r1'",
    "err-086": "n00000 twice in ring 'r0'",
    "err-087": "ring 'r0' has no nodes",  # slurmctld crashes
    "err-118": "n00007 in two cells of torus 'p0'",
}
# Fatal only because slurm.conf named another plugin than the file's lines.
NEEDS_PLUGIN = {"err-077"}


def test_recorded_configurations(shared_data: Path) -> None:
    """Fatal for a real slurmctld means an error here; the few extra errors are listed above."""
    known = [f"n{number:05}" for number in range(17)]
    seen = 0
    with gzip.open(shared_data / "errors" / "errors.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            text = record["topology_yaml"] or record["topology_conf"]
            if record["resources_yaml"] or text is None:
                continue
            seen += 1
            try:
                bind_topologies(parse(text), known)
                complaint = ""
            except InputError as error:
                complaint = str(error)
            if record["id"] in STRICTER:
                assert STRICTER[record["id"]] in complaint
            elif record["id"] not in NEEDS_PLUGIN:
                is_fatal = record["outcome"]["result"] == "fatal"
                assert bool(complaint) == is_fatal, (record["id"], record["name"], complaint)
    assert seen > 90


PUBLIC = {
    "azure_cyclecloud/block_topology.txt": ("block", 4, 72),
    "azure_cyclecloud/slurm_illegal_block_topology_2.txt": ("block", 3, 54),
    "azure_cyclecloud/slurm_topology.txt": ("tree", 6, 16),
    "meta_gcm/scontrol-show-topo-block.txt": ("block", 4, 10),
    "meta_gcm/scontrol-show-topo-switch.txt": ("tree", 4, 5),
    "no_licence/circe_superpod_topology.conf": ("tree", 5, 79),
    "no_licence/nebius_gb300_scontrol_topology.txt": ("block", 2, 36),
    "no_licence/nsls2_topology.conf": ("tree", 4, 39),
    "no_licence/ubhpc_topology.conf": ("tree", 4, 234),
    "no_licence/unsw_abacus_topology.conf": ("tree", 5, 13),
    "nstda_tara_bsd2/topology.conf": ("tree", 5, 10),
    "slurm_testsuite_gpl/backfill_topology.conf": ("block", 8, 32),
    "topograph/expected.slinky-dra-block.conf": ("block", 12, 96),
    "topograph/expected.slinky-oci-sim-tree.conf": ("tree", 19, 96),
}
REFUSED = {
    "azure_cyclecloud/nodes_clusterUUIDs.txt": "no topology",
    # Every block line is commented out.
    "azure_cyclecloud/slurm_illegal_block_topology.txt": "no blocks",
    # The cables of a Clos fabric in both directions.
    "azure_cyclecloud/topology.txt": "a cycle",
    "meta_gcm/scontrol-show-partition.txt": "unknown key 'partitionname'",
    "no_licence/ubhpc_nodes_partitions.conf": "unknown key 'nodename'",
    "topograph/dual-xclr-irregular.yaml": "simulation model of topograph",
    "topograph/dual-xclr-regular.yaml": "simulation model of topograph",
    "topograph/ibnetdiscover_example.out": "unknown key 'vendid'",
    "topograph/large.yaml": "simulation model of topograph",
    "topograph/medium.yaml": "simulation model of topograph",
    "topograph/netq_computeNodes.json": "no topology",
    "topograph/netq_topologyGraph.json": "no topology",
    "topograph/nvl72.yaml": "simulation model of topograph",
    "topograph/small-tree.yaml": "simulation model of topograph",
}


@pytest.mark.parametrize("file", sorted(PUBLIC))
def test_public_topologies_read(shared_data: Path, file: str) -> None:
    topology = read_topology(shared_data / "topologies" / file)
    names, _, _ = bind_topologies(topology)
    (spec,) = topology.specs
    assert (spec.kind, len(spec.groups), len(names)) == PUBLIC[file]


@pytest.mark.parametrize("file", sorted(REFUSED))
def test_public_files_that_are_no_topology(shared_data: Path, file: str) -> None:
    with pytest.raises(InputError, match=REFUSED[file]):
        read_topology(shared_data / "topologies" / file)


@pytest.mark.parametrize(
    "file",
    [
        "topology.yaml",
        "topology.conf",
        "scontrol_show_topology.txt",
        "scontrol_show_topology.json",
        "scontrol_show_topoconf.txt",
    ],
)
def test_the_files_of_a_real_cluster_agree(shared_data: Path, file: str) -> None:
    names, (topology,), warnings = bind_topologies(
        read_topology(shared_data / "slurm_files" / file)
    )
    assert not warnings
    assert len(names) == 288
    assert isinstance(topology, BlockTopology)
    assert topology.block_sizes == (18, 72)
    assert [block.name for block in topology.blocks] == [f"rack{n:02}" for n in range(1, 17)]
    assert all(len(block.nodes) == 18 for block in topology.blocks)


def test_a_gap_in_the_block_index_holds_its_position(shared_data: Path) -> None:
    file = read_topology(shared_data / "topologies/meta_gcm/scontrol-show-topo-block.txt")
    assert [bool(block.nodes) for block in file.specs[0].groups] == [True, True, False, True]
    assert "no block with BlockIndex 2; read as empty" in str(file.warnings[0])


def test_the_largest_machine_is_read_and_bound_at_once(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    blocks = "".join(
        f"      - block: b{block:04}\n        nodes: n[{block * 18 + 1:05}-{block * 18 + 18:05}]\n"
        for block in range(3056)
    )
    path.write_text(f"- topology: t\n  block:\n    block_sizes: [18]\n    blocks:\n{blocks}")
    start = time.process_time()
    names, _, _ = bind_topologies(read_topology(path))
    assert time.process_time() - start < 0.4
    assert len(names) == 55_008
