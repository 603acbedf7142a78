"""Fingerprints: equal for equal states, different as soon as a placement could differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from formats.bad_input_case import GOOD_TOPOLOGY
from formats.state_files import load

from rackwright.models.formats.fingerprint import fingerprint

JOBS = "job_id,nodes,segment,priority,user\n1,4,2,5,ana\n2,2,,4,bo\n"
NODES = "node,state\nn01,down\nn[02-08],idle\n"


def _print(folder: Path, **changes: str) -> str:
    files = {"j.csv": JOBS, "n.csv": NODES, "topology.yaml": GOOD_TOPOLOGY} | changes
    return fingerprint(load(folder, files, jobs=["j.csv"], nodes=["n.csv"]).instance)


def test_it_is_a_sha256_of_the_state_and_repeats(tmp_path: Path) -> None:
    value = _print(tmp_path)
    assert len(value.removeprefix("sha256:")) == 64
    assert value == _print(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"j.csv": JOBS.replace("ana", "eve")},
        {"j.csv": "priority,job_id,nodes,segment\n4,2,2,\n5,1,4,2\n"},  # the same queue
        {"n.csv": "state,node\nidle,n[02-08]\ndown,n01\n"},
        {"n.csv": NODES.replace("idle", "planned").replace("down", "drain")},
        {"j.csv": JOBS.replace("1,4,2,5", "1,4,2,9")},  # priorities age, the order stays
    ],
)
def test_equal_states(tmp_path: Path, changes: dict[str, str]) -> None:
    assert _print(tmp_path, **changes) == _print(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"j.csv": JOBS.replace("1,4,2", "1,4,4")},
        {"j.csv": JOBS.replace("1,4,2,5", "1,4,2,3")},  # another order
        {"j.csv": JOBS + "3,1,,1,\n"},
        {"n.csv": NODES.replace("down", "idle")},
        {"n.csv": NODES.replace("n01,down", "n01,alloc")},
        {"topology.yaml": GOOD_TOPOLOGY.replace("[4, 8]", "[4]")},
        {"topology.yaml": GOOD_TOPOLOGY.replace("b1", "b3")},
    ],
)
def test_different_states(tmp_path: Path, changes: dict[str, str]) -> None:
    assert _print(tmp_path, **changes) != _print(tmp_path)


def test_the_instant_of_a_dump_does_not_count(tmp_path: Path) -> None:
    job = {"job_id": 1, "job_state": "RUNNING", "nodes": "n[01-02]"}
    prints = set()
    for now_s in (1000, 2000):
        dump = json.dumps({"jobs": [job], "last_update": now_s})
        prints.add(fingerprint(load(tmp_path, {"q.json": dump}, queue=["q.json"]).instance))
    assert len(prints) == 1
