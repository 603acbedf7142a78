"""Whatever happens to a file: it is read, or refused with an InputError, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from formats.bad_input_case import GOOD_TOPOLOGY
from formats.state_files import load
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.models.errors import InputError

_NODE = {
    "name": "n01",
    "state": ["IDLE", "DRAIN"],
    "partitions": ["p"],
    "weight": 1,
    "gres": "gpu:4",
    "active_features": ["a"],
}
_JOB = {
    "job_id": 4,
    "job_state": ["PENDING"],
    "node_count": {"set": True, "infinite": False, "number": 2},
    "array_job_id": 4,
    "array_task_string": "1-3%2",
    "partition": "p",
    "priority": 5,
    "required_nodes": "n[01-02]",
    "licenses": "power:2",
    "submit_line": "sbatch -N2 --exclusive=topo",
    "time_limit": 60,
}
_RUNNING = _JOB | {"job_id": 5, "job_state": ["RUNNING"], "nodes": "n[03-04]", "array_job_id": 0}
_SINFO = {
    "node": {"state": ["IDLE"]},
    "nodes": {"nodes": ["n01"]},
    "partition": {"name": "p", "flags": ["DEFAULT"], "priority": {"tier": 1}},
    "features": {"active": "a"},
}
_RESERVATION = {"name": "r", "node_list": "n01", "start_time": 5, "end_time": 9}
_LICENSE = {"LicenseName": "power", "Nodes": "n[01-08]", "Used": 3}

FILES: list[tuple[str, str, dict[str, Any]]] = [
    ("topology.yaml", GOOD_TOPOLOGY, {}),
    ("t.conf", "BlockName=b1 Nodes=n[01-04]\nBlockSizes=4,8\n", {"topology": "t.conf"}),
    (
        "r.yaml",
        "- resource: power\n  mode: MODE_3\n  layers:\n    - {nodes: ['n[01-08]'], count: 9}\n",
        {"resources": ["r.yaml"]},
    ),
    (
        "s.conf",
        "NodeName=n[01-08] State=IDLE\nPartitionName=p Nodes=ALL PriorityTier=2\n",
        {"slurm_conf": "s.conf"},
    ),
    ("n.csv", 'node,state,partitions,gpus\nn[01-02],idle*,"p,q",4\n', {"nodes": ["n.csv"]}),
    ("n.json", json.dumps({"nodes": [_NODE], "last_update": 5}), {"nodes": ["n.json"]}),
    ("i.json", json.dumps({"sinfo": [_SINFO]}), {"nodes": ["i.json"]}),
    ("q.json", json.dumps({"jobs": [_JOB, _RUNNING], "last_update": 5}), {"queue": ["q.json"]}),
    (
        "j.yaml",
        "- {job_id: 1, nodes: 2-4, segment: 2, time_limit: 1-0, nodelist: 'n[01-04]'}\n",
        {"jobs": ["j.yaml"]},
    ),
    (
        "j.csv",
        'job_id,nodes,features,submit,switches\n1,4,"a&(b|c)",2026-01-01T00:00:00,1@5\n',
        {"jobs": ["j.csv"]},
    ),
    (
        "j.sh",
        "#!/bin/sh\n#SBATCH -N 4 --segment=2 --gpus=gb200:8 --array=0-3%2 -t 1-0\n"
        '#SBATCH --comment="a b" -w n[01-04]\n',
        {"jobs": ["j.sh"]},
    ),
    (
        "v.json",
        json.dumps({"reservations": [_RESERVATION], "last_update": 5}),
        {"reservations": "v.json"},
    ),
    ("l.json", json.dumps({"licenses": [_LICENSE]}), {"licenses": "l.json"}),
]

_WORDS = ["[", "]", "{", "}", "-", "9" * 30, "-1", "\n", '"', "'", ",", ":", "null", "\x1b", "é"]
_PIECE = st.one_of(st.sampled_from(_WORDS), st.text(max_size=4))


@st.composite
def _mutations(draw: st.DrawFn, text: str) -> str:
    """One to three places of a text replaced, cut out or doubled."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        piece = draw(st.one_of(_PIECE, st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text


def _json_values() -> st.SearchStrategy[object]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | _PIECE
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=2), max_leaves=3)


def _check(name: str, text: str, options: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        try:
            load(Path(folder), {name: text}, **options)
        except InputError as error:
            assert error.problems
            assert all(str(problem).isprintable() for problem in error.problems)


@pytest.mark.parametrize(("name", "text", "options"), FILES, ids=[entry[0] for entry in FILES])
def test_the_unchanged_file_is_read(name: str, text: str, options: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        load(Path(folder), {name: text}, **options)


@pytest.mark.parametrize(("name", "text", "options"), FILES, ids=[entry[0] for entry in FILES])
@settings(max_examples=40)
@given(data=st.data())
def test_mutated_text(name: str, text: str, options: dict[str, Any], data: st.DataObject) -> None:
    _check(name, data.draw(_mutations(text)), options)


@pytest.mark.parametrize(
    ("key", "record", "option"),
    [
        ("nodes", _NODE, "nodes"),
        ("sinfo", _SINFO, "nodes"),
        ("jobs", _JOB, "queue"),
        ("jobs", _RUNNING, "queue"),
        ("reservations", _RESERVATION, "reservations"),
        ("licenses", _LICENSE, "licenses"),
    ],
)
@settings(max_examples=40)
@given(data=st.data())
def test_any_value_in_any_field(
    key: str, record: dict[str, object], option: str, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(record)))
    changed = record | {name: data.draw(_json_values())}
    value: object = ["x.json"] if option in ("nodes", "queue") else "x.json"
    _check("x.json", json.dumps({key: [changed], "last_update": 5}), {option: value})
