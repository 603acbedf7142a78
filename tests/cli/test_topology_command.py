"""``rackwright topology``: the tree, its exports, the findings and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest
from typer.testing import CliRunner, Result

from rackwright.cli.main import app

TOPOLOGY = """\
- topology: nvl
  block:
    block_sizes: [4, 8]
    blocks:
      - {block: a, nodes: "n[1-4]"}
      - {block: b, nodes: "n[5-8]"}
      - {block: c, nodes: "n[9-11]"}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["topology", *map(str, arguments)])


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    path = tmp_path / "topology.yaml"
    path.write_text(TOPOLOGY)
    return path


def test_the_tree_and_its_findings(topology: Path) -> None:
    result = run(topology, "--unavailable", "n[1,9]")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:6] == [
        "nvl (block, sizes 4, 8): 11 nodes, 9 free",
        "├── [8] a,b  8 nodes, 7 free",
        "│   ├── a  n[1-4]  4 nodes, 3 free",
        "│   └── b  n[5-8]  4 nodes, 4 free",
        "└── [8] c  3 nodes, 2 free",
        "    └── c  n[9-11]  3 nodes, 2 free",
    ]
    assert lines[6].startswith("warning: block c: 3 nodes, but blocks count as 4")
    assert lines[-1] == "3 warnings"


def test_depth_limits_the_tree(topology: Path) -> None:
    result = run(topology, "--depth", "1")
    assert result.exit_code == 0
    assert "n[1-4]" not in result.stdout


@pytest.mark.parametrize(("fail_on", "code"), [("advice", 1), ("warning", 1), ("error", 0)])
def test_check_sets_the_exit_code(topology: Path, fail_on: str, code: int) -> None:
    result = run(topology, "--check", "--fail-on", fail_on)
    assert result.exit_code == code
    assert "nvl (block" not in result.stdout


def test_a_sound_topology_passes(tmp_path: Path) -> None:
    path = tmp_path / "topology.conf"
    path.write_text("BlockSizes=4\nBlockName=a Nodes=n[1-4]\n")
    result = run(path, "--check", "--fail-on", "advice")
    assert result.exit_code == 0
    assert result.stdout == "no findings\n"


def test_a_node_file_tells_what_is_free_and_uncovered(topology: Path, tmp_path: Path) -> None:
    nodes = tmp_path / "nodes.csv"
    nodes.write_text("node,state\nn[1-8],idle\nn[9-12],idle\n")
    result = run(topology, "--nodes", nodes, "--check")
    assert result.exit_code == 1
    assert "1 nodes in no topology: n12" in result.stdout
    result = run(topology, "--nodes", nodes)
    assert result.exit_code == 0
    assert "└── in no group  n12  1 node, 1 free" in result.stdout


def test_a_live_topology_that_differs_is_an_error(topology: Path, tmp_path: Path) -> None:
    live = tmp_path / "live.txt"
    live.write_text(
        "BlockName=a BlockIndex=0 Nodes=n[1-4] BlockSize=4\n"
        "BlockName=b BlockIndex=1 Nodes=n[5-7] BlockSize=4\n"
        "BlockName=c BlockIndex=2 Nodes=n[9-11] BlockSize=4\n"
        "AggregatedBlock=a,b BlockIndex=3 Nodes=n[1-7] BlockSize=8\n"
    )
    result = run(topology, "--live", live, "--check", "--fail-on", "error")
    assert result.exit_code == 1
    out = result.stdout
    assert out.startswith("error: block b: n8 left it: 3 of 4 nodes are live [live_topology]\n")


def test_json(topology: Path) -> None:
    result = run(topology, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["version"] == 1
    (described,) = document["topologies"]
    assert (described["name"], described["block_sizes"]) == ("nvl", [4, 8])
    pair = described["hierarchy"]["children"][0]
    assert (pair["kind"], pair["name"], pair["num_nodes"]) == ("aggregated_block", "a,b", 8)
    assert [block["nodes"] for block in pair["children"]] == ["n[1-4]", "n[5-8]"]
    assert {finding["check"] for finding in document["findings"]} >= {"short_block"}


def test_files_are_written(topology: Path, tmp_path: Path) -> None:
    text, drawing = tmp_path / "out.txt", tmp_path / "out.graphml"
    result = run(topology, "--output", text, "--graphml", drawing)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert text.read_text().startswith("nvl (block")
    graph = nx.read_graphml(drawing)
    kinds = [data["kind"] for _, data in graph.nodes(data=True)]
    assert (kinds.count("node"), kinds.count("block"), kinds.count("cluster")) == (11, 3, 1)


@pytest.mark.parametrize("option", ["--output", "--graphml"])
def test_a_folder_that_does_not_exist(topology: Path, tmp_path: Path, option: str) -> None:
    result = run(topology, option, tmp_path / "nowhere" / "f")
    assert result.exit_code == 2
    assert "no folder" in result.stderr


def test_a_bad_file_is_two_and_told_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text(TOPOLOGY.replace("block: b", "block: a").replace("[4, 8]", "[4, 12]"))
    result = run(path)
    assert result.exit_code == 2
    errors = result.stderr.splitlines()
    assert len(errors) == 2
    assert all(line.startswith(f"rackwright: error: {path}: line ") for line in errors)


def test_names_cannot_talk_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text(TOPOLOGY.replace("topology: nvl", 'topology: "\\e[31m"'))
    result = run(path)
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr


def test_the_files_of_a_real_cluster(shared_data: Path) -> None:
    folder = shared_data / "slurm_files"
    result = run(
        folder / "topology.yaml",
        "--nodes",
        folder / "scontrol_show_nodes.json",
        "--live",
        folder / "scontrol_show_topology.txt",
        "--check",
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "1 advice"
