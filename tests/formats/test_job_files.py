"""Job files: every key means the same in YAML and CSV, and what must fit together is checked."""

from __future__ import annotations

import dataclasses

import pytest
from formats.job_files import context, from_csv, from_yaml

from rackwright.models.errors import InputError
from rackwright.models.formats.jobs_build import JobState
from rackwright.models.formats.jobs_keys import JOB_KEYS
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Exclusive

# Key, text, and the fields of the job that it sets.
VALUES: list[tuple[str, str, dict[str, object]]] = [
    ("job_id", "007", {"job_id": "007"}),
    ("nodes", "4-8", {"num_nodes": 4, "max_nodes": 8}),
    ("nodes", "2k", {"num_nodes": 2048, "max_nodes": 2048}),
    ("gpus", "16", {"num_nodes": 4, "max_nodes": 4}),
    ("segment", "4", {"segment": 4}),
    ("segment", "0", {"segment": None}),
    ("spread_segments", "YES", {"spread_segments": True}),
    ("consolidate_segments", "1", {"consolidate_segments": True}),
    ("consolidate_segments", "no", {"consolidate_segments": False}),
    ("exclusive", "topo", {"exclusive": Exclusive.TOPO}),
    ("exclusive", "block", {"exclusive": Exclusive.TOPO}),
    ("exclusive", "Node", {"exclusive": Exclusive.NODE}),
    ("exclusive", "null", {"exclusive": None}),
    ("switches", "2", {"switches": Switches(2, 300)}),
    ("switches", "1@10", {"switches": Switches(1, 600)}),
    ("contiguous", "true", {"contiguous": True}),
    ("partition", "a,b,a", {"partitions": ("a", "b")}),
    ("nodelist", "n[08-10],n08", {"nodelist": ("n08", "n09", "n10")}),
    ("exclude", "n1", {"exclude": ("n1",)}),
    ("features", "a&(b|c)", {"features": "a&(b|c)"}),
    ("licenses", "power:full,tokens=2,power:1", {"licenses": (("power", 8), ("tokens", 2))}),
    ("licenses", "tokens:0,matlab:3", {"licenses": ()}),
    ("power_w", "6500", {"power_w": 6500}),
    ("time_limit", "1-12:00", {"time_limit_s": 36 * 3600}),
    ("time_limit", "90", {"time_limit_s": 5400}),
    ("time_limit", "1:30:00", {"time_limit_s": 5400}),
    ("submit", "1795318851", {"submit_s": 1795318851}),
    ("start", "Unknown", {"start_s": None}),
    ("priority", "4294901759", {"priority": 4294901759}),
    ("weight", "3", {"weight": 3, "effective_weight": 3}),
    ("user", "ana", {"user": "ana"}),
    ("account", "1.10", {"account": "1.10"}),
    ("name", "no", {"name": "no"}),
    ("comment", "=cmd()", {"comment": "=cmd()"}),
    ("state", "Pending", {"num_nodes": 8}),
]
DEFAULTS = {"job_id": "j1", "nodes": "8"}


def _text_of(key: str, value: str) -> dict[str, str]:
    values = DEFAULTS | {key: value}
    if key == "gpus":
        del values["nodes"]
    return values


def _csv(values: dict[str, str]) -> str:
    cells = ",".join(f'"{value}"' for value in values.values())
    return f"{','.join(values)}\n{cells}\n"


def _yaml(values: dict[str, str], quote: str) -> str:
    return "- " + "\n  ".join(f"{key}: {quote}{value}{quote}" for key, value in values.items())


def test_every_key_of_the_interface_is_tested() -> None:
    assert {key for key, _, _ in VALUES} | {"gpus_per_node"} == set(JOB_KEYS)


@pytest.mark.parametrize(("key", "text", "fields"), VALUES)
def test_a_key_means_the_same_everywhere(key: str, text: str, fields: dict[str, object]) -> None:
    values = _text_of(key, text)
    from_table = from_csv(_csv(values))[0]
    plain = values | {"comment": "x"} if key == "comment" else values
    assert from_table == [
        dataclasses.replace(entry, place="line 2, job " + entry.job.job_id)
        for entry in from_yaml(_yaml(values, '"'))[0]
    ]
    if key not in ("exclusive", "comment"):  # an unquoted null is no text
        assert from_yaml(_yaml(plain, ""))[0][0].job == from_table[0].job
    for name, value in fields.items():
        assert getattr(from_table[0].job, name) == value


def test_absent_empty_and_null_are_the_same() -> None:
    expected = Job("1", 2, 2)
    assert from_csv("job_id,nodes,segment,exclusive\n1,2,,\n")[0][0].job == expected
    assert from_yaml("- {job_id: 1, nodes: 2, segment: null, exclusive: ~, name: ''}")[0][
        0
    ].job == (expected)


def test_one_mapping_is_a_list_of_one_and_nothing_is_no_job() -> None:
    assert [entry.job.job_id for entry in from_yaml("job_id: 5\nnodes: 1\n")[0]] == ["5"]
    assert from_yaml("")[0] == from_yaml("# nothing\n")[0] == from_yaml("[]")[0] == []


def test_nodelist_may_be_a_list() -> None:
    entry = from_yaml("- {job_id: 1, nodes: 1, nodelist: ['n[1-2]', n5]}")[0][0]
    assert entry.job.nodelist == ("n1", "n2", "n5")


def test_csv_line_numbers_count_quoted_line_breaks() -> None:
    with pytest.raises(InputError) as caught:
        from_csv('job_id,nodes,user\n1,1,"a\nb"\n2,0,\n')
    places = [problem.place for problem in caught.value.problems]
    assert places == ["line 3, job 1, user", "line 4, job 2, nodes"]


def test_segment_larger_than_the_job_is_ignored_with_a_warning() -> None:
    entries, warnings = from_yaml("- {job_id: 1, nodes: 4, segment: 8}")
    assert entries[0].job.effective_segment is None
    assert warnings == [
        "f: line 1, job 1, segment: 8 is larger than the job's 4 nodes: ignored, as Slurm does"
    ]


def test_spread_without_segment_is_told() -> None:
    _, warnings = from_csv("job_id,nodes,spread_segments\n1,4,yes\n")
    assert warnings == ["f: line 2, job 1, spread_segments: has no effect without a segment"]


def test_gpus_become_whole_nodes() -> None:
    given = context(gpus_per_node=4)
    entries, warnings = from_csv("job_id,gpus\n1,64\n2,65\n", given)
    assert [entry.job.num_nodes for entry in entries] == [16, 17]
    assert warnings == [
        "f: line 3, job 2, gpus: 65 GPUs are no whole number of nodes with 4: "
        "rounded up to 17 nodes"
    ]
    assert given.gpus_only == ["1", "2"]


def test_the_job_s_own_gpus_per_node_come_first() -> None:
    entries, _ = from_csv("job_id,gpus,gpus_per_node\n1,8,2\n")
    assert entries[0].job.num_nodes == 4


def test_nodes_beside_gpus_decide() -> None:
    given = context()
    entries, _ = from_csv("job_id,nodes,gpus\n1,4,16\n2,8,16\n", given)
    assert [entry.job.num_nodes for entry in entries] == [4, 8]
    assert given.gpus_only == []


def test_a_running_job_holds_its_nodelist() -> None:
    entries, warnings = from_yaml(
        "- {job_id: 1, state: Running, nodelist: 'n[1-3]', exclusive: topo, exclude: n1}"
    )
    assert entries[0].state is JobState.RUNNING
    assert entries[0].nodes == ("n1", "n2", "n3")
    assert entries[0].job.num_nodes == 3 and entries[0].job.nodelist is None
    assert warnings == []
    assert from_yaml("- {job_id: 1, nodes: 2, state: running, nodelist: 'n[1-3]'}")[1] == [
        "f: line 1, job 1, nodes: a running job of 2 nodes holds 3"
    ]


def test_a_start_in_the_future_makes_a_job_ineligible() -> None:
    text = "job_id,nodes,start\n1,1,2000\n"
    assert from_csv(text, context(now_s=1000))[0][0].reason == "BeginTime"
    assert from_csv(text, context(now_s=3000))[0][0].state is JobState.PENDING


def test_at_most_one_mode_3_resource_but_any_cap_in_watts() -> None:
    entries, _ = from_csv('job_id,nodes,licenses\n1,1,"power:2,feed:900"\n')
    assert entries[0].job.licenses == (("power", 2), ("feed", 900))
    with pytest.raises(InputError, match="power, slots: more than one MODE_3 resource"):
        from_csv('job_id,nodes,licenses\n1,1,"power:2,slots:1"\n')


def test_unknown_licences_are_counted_not_refused() -> None:
    given = context()
    from_csv("job_id,nodes,licenses\n1,1,matlab\n2,1,matlab:4\n", given)
    assert given.licenses.ignored == {"matlab": 2}
