"""Node files: JSON of scontrol and sinfo in any spelling, and CSV."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rackwright.models.errors import ProblemLog
from rackwright.models.formats.nodes_csv import read_nodes_csv
from rackwright.models.formats.slurm_output_nodes import NodeTable, count_gpus, read_nodes_json
from rackwright.models.hostlist import expand
from rackwright.models.node import Node


def _json(value: object) -> NodeTable:
    log = ProblemLog("f")
    table = read_nodes_json(json.dumps(value), log)
    log.raise_errors()
    return table


def _csv(text: str) -> list[Node]:
    log = ProblemLog("f")
    nodes = read_nodes_csv(text, log)
    log.raise_errors()
    return nodes


def test_csv_with_every_column() -> None:
    node = _csv(
        "node,state,partitions,features,weight,gpus,power_w,clique\n"
        'n1,idle+drain,"a,b",gb200|rack1,5,4,6500,uuid.3\n'
    )[0]
    assert node == Node(
        "n1",
        frozenset({"IDLE", "DRAIN"}),
        ("a", "b"),
        frozenset({"gb200", "rack1"}),
        5,
        4,
        6500,
        "uuid.3",
    )


def test_csv_rows_may_be_hostlists() -> None:
    assert [node.name for node in _csv("state,node\ndown*,n[08-10]\n")] == ["n08", "n09", "n10"]


@pytest.mark.parametrize(
    "spelling",
    [["IDLE", "DRAIN"], "IDLE+DRAIN", "idle,drain", ["idle+drain"]],
)
def test_states_in_any_spelling(spelling: object) -> None:
    table = _json({"nodes": [{"name": "n1", "state": spelling}]})
    assert table.nodes["n1"].states == {"IDLE", "DRAIN"}


def test_old_and_new_data_parsers_say_the_same() -> None:
    new = {
        "name": "n1",
        "state": ["ALLOCATED"],
        "weight": {"set": True, "infinite": False, "number": 3},
        "active_features": ["a", "b"],
        "partitions": ["p", "q"],
        "gres": "gpu:4(S:0-1)",
        "something_new": {"x": [1]},
    }
    old = {
        "hostname": "n1",
        "state": "allocated",
        "weight": 3,
        "features": "a,b",
        "partitions": "p,q",
        "gres": "gpu:4",
    }
    assert _json({"nodes": [new]}).nodes == _json({"nodes": [old]}).nodes


def test_missing_keys_are_tolerated() -> None:
    assert _json({"nodes": [{"name": "n1"}]}).nodes["n1"] == Node("n1")
    assert _json({"nodes": [], "meta": {}, "errors": []}).nodes == {}


@pytest.mark.parametrize(
    ("gres", "gpus"),
    [
        ("gpu:gb200:4", 4),
        ("gpu:8(S:0-1),nvme:2", 8),
        ("gpu:a:2(IDX:0,1),gpu:b:2", 4),
        ("gpu", 1),
        ("(null)", 0),
        ("shard:8", 0),
        ("craynetwork:4", 0),
    ],
)
def test_gpus_of_gres(gres: str, gpus: int) -> None:
    assert count_gpus(gres) == gpus


def test_recorded_nodes_by_an_independent_count(shared_data: Path) -> None:
    folder = shared_data / "slurm_files"
    table = _json(json.loads((folder / "scontrol_show_nodes.json").read_text()))
    lines = (folder / "scontrol_show_nodes.txt").read_text().split()
    assert list(table.nodes) == [word[9:] for word in lines if word.startswith("NodeName=")]
    states = Counter(word[6:] for word in lines if word.startswith("State="))
    assert Counter(frozenset(node.states) for node in table.nodes.values()) == Counter(
        {frozenset(state.split("+")): count for state, count in states.items()}
    )
    assert {node.gpus for node in table.nodes.values()} == {4}
    assert table.now_s == 1795318867
    assert all("gb200" in node.features for node in table.nodes.values())


def test_sinfo_agrees_with_scontrol_except_for_features(shared_data: Path) -> None:
    folder = shared_data / "slurm_files"
    scontrol = _json(json.loads((folder / "scontrol_show_nodes.json").read_text()))
    sinfo = _json(json.loads((folder / "sinfo.json").read_text()))
    assert set(sinfo.nodes) == set(scontrol.nodes)
    assert sinfo.has_merged_features
    for name, node in sinfo.nodes.items():
        other = scontrol.nodes[name]
        assert (node.states, set(node.partitions), node.gpus, node.weight) == (
            other.states,
            set(other.partitions),
            other.gpus,
            other.weight,
        )
    tiers = {partition.name: partition.priority_tier for partition in sinfo.partitions.values()}
    assert tiers == {"batch": 1, "debug": 2, "low": 0}
    assert [p.name for p in sinfo.partitions.values() if p.is_default] == ["batch"]


def test_recorded_drained_and_down_nodes(shared_data: Path) -> None:
    folder = shared_data / "slurm_files"
    table = _json(json.loads((folder / "scontrol_show_nodes.json").read_text()))
    unusable = {name for name, node in table.nodes.items() if not node.is_usable}
    shown = [line.split() for line in (folder / "sinfo_R.txt").read_text().splitlines()[1:]]
    assert unusable == {name for words in shown for name in expand(words[-1])}


def test_short_states_of_sinfo(shared_data: Path) -> None:
    """Every state that ``sinfo`` prints for people is understood in a CSV."""
    lines = (shared_data / "slurm_files" / "sinfo.txt").read_text().splitlines()[1:]
    rows = [line.split() for line in lines if line.startswith("batch")]
    nodes = _csv("node,state\n" + "".join(f'"{row[5]}",{row[4]}\n' for row in rows))
    dump = json.loads((shared_data / "slurm_files" / "scontrol_show_nodes.json").read_text())
    table = _json(dump).nodes
    assert len(nodes) == len(table)
    for node in nodes:
        other = table[node.name]
        assert (node.is_usable, node.is_busy, node.is_blocked) == (
            other.is_usable,
            other.is_busy,
            other.is_blocked,
        )
