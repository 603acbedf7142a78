"""How the sources of a state combine (interfaces.md, State)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from formats.state_files import load, messages

from rackwright.models.errors import InputError
from rackwright.models.formats.state import load_state
from rackwright.models.hostlist import expand
from rackwright.models.instance import Instance

JOB = {"job_id": 1, "job_state": "RUNNING", "nodes": "n[01-02]", "partition": "p"}
CONF = """\
TopologyParam=BlockAsNodeRank
NodeName=n[01-08] Gres=gpu:4 Feature=f State=UNKNOWN
PartitionName=low Nodes=ALL PriorityTier=0
PartitionName=p Nodes=ALL Default=YES
PartitionName=high Nodes=n[05-08] PriorityTier=9 Exclusive=TOPO
PartitionName=shut Nodes=ALL State=DOWN
"""


def _queue(*jobs: dict[str, Any]) -> str:
    return json.dumps({"jobs": jobs, "last_update": 1000})


def _names(instance: Instance, nodes: frozenset[int]) -> list[str]:
    return instance.cluster.names(nodes)


def test_topology_alone_is_idle(tmp_path: Path) -> None:
    instance = load(tmp_path, {}).instance
    assert _names(instance, instance.free) == expand("n[01-08]")
    assert instance.jobs == () and instance.now_s is None


def test_unavailability_is_the_union_of_all_sources(tmp_path: Path) -> None:
    files = {"a.csv": "node,state\nn01,down\n", "b.csv": "node,state\nn02,drain\nn01,idle\n"}
    state = load(tmp_path, files, nodes=["a.csv", "b.csv"], unavailable=["n03", "n[04-05]"])
    assert _names(state.instance, state.instance.unavailable) == expand("n[01-05]")
    assert messages(state, tmp_path) == [
        "--nodes: 6 unlisted nodes of the topology are idle: n[03-08]"
    ]


def test_a_dump_of_slurm_lists_every_node_there_is(tmp_path: Path) -> None:
    nodes = [{"name": f"n0{i}", "state": ["IDLE"]} for i in range(1, 8)] + [{"name": "login"}]
    state = load(tmp_path, {"n.json": json.dumps({"nodes": nodes})}, nodes=["n.json"])
    assert _names(state.instance, state.instance.unavailable) == ["n08"]
    assert "login" in state.instance.cluster.index_of
    assert len(state.warnings) == 2


def test_a_running_job_occupies_whatever_the_node_file_says(tmp_path: Path) -> None:
    table = "node,state\nn01,idle\nn02,down\nn03,allocated\nn04,alloc+drain\nn[05-08],idle\n"
    files = {"n.csv": table, "q.json": _queue(JOB)}
    state = load(tmp_path, files, nodes=["n.csv"], queue=["q.json"])
    instance = state.instance
    assert _names(instance, instance.running[0].nodes) == ["n01", "n02"]
    assert _names(instance, instance.allocated) == ["n03", "n04"]
    assert instance.unavailable == frozenset()
    assert _names(instance, instance.free) == expand("n[05-08]")
    assert messages(state, tmp_path) == [
        "state: no file describes the partitions p: each is taken to hold all nodes; "
        "wanted --slurm-conf or --nodes",
        "state: 2 nodes are held by running jobs but not allocated: n[01-02]; "
        "they count as occupied",
    ]


def test_states_that_keep_jobs_off_and_states_that_do_not(tmp_path: Path) -> None:
    words = ["idle", "planned", "idle~", "drained", "maint", "reboot", "idle*", "blocked"]
    table = "node,state\n" + "".join(f"n0{i},{word}\n" for i, word in enumerate(words, 1))
    instance = load(tmp_path, {"n.csv": table}, nodes=["n.csv"]).instance
    assert _names(instance, instance.unavailable) == expand("n[04-07]")
    assert _names(instance, instance.blocked) == ["n08"]


def test_queue_order(tmp_path: Path) -> None:
    rows = [
        "job_id,nodes,partition,priority,submit",
        "b10,1,,5,100",
        "b9,1,,5,100",
        "late,1,,5,200",
        "none,1,,,",
        "first,1,,7,300",
        'tier,1,"low,high",1,900',
        "low,1,low,99,1",
    ]
    files = {"j.csv": "\n".join(rows), "slurm.conf": CONF}
    state = load(tmp_path, files, jobs=["j.csv"], slurm_conf="slurm.conf")
    order = [job.job_id for job in state.instance.jobs]
    assert order == ["tier", "first", "b9", "b10", "late", "none", "low"]


def test_expedited_jobs_go_first(tmp_path: Path) -> None:
    common = {"job_state": "PENDING", "node_count": 1}
    jobs = [
        common | {"job_id": 1, "priority": 100},
        common | {"job_id": 2, "priority": 1, "job_state": ["PENDING", "EXPEDITING"]},
    ]
    state = load(tmp_path, {"q.json": _queue(*jobs)}, queue=["q.json"])
    assert [job.job_id for job in state.instance.jobs] == ["2", "1"]
    assert state.instance.now_s == 1000


def test_partitions_of_slurm_conf(tmp_path: Path) -> None:
    jobs = (
        "- {job_id: 1, nodes: 1, partition: shut}\n- {job_id: 2, nodes: 1, partition: 'shut,p'}\n"
    )
    state = load(
        tmp_path, {"slurm.conf": CONF, "j.yaml": jobs}, slurm_conf="slurm.conf", jobs=["j.yaml"]
    )
    partitions = state.instance.cluster.partitions
    assert [partition.name for partition in partitions] == ["p", "low", "high", "shut"]
    assert [p.priority_tier for p in partitions] == [1, 0, 9, 1]
    assert partitions[2].is_exclusive_topo and len(partitions[2].nodes) == 4
    assert [job.partitions for job in state.instance.jobs] == [("p",)]
    assert [waiting.reason for waiting in state.instance.ineligible] == ["PartitionDown"]


def test_partitions_of_a_node_file(tmp_path: Path) -> None:
    table = 'node,state,partitions\nn[01-04],idle,"b,a"\nn[05-08],idle,a\n'
    cluster = load(tmp_path, {"n.csv": table}, nodes=["n.csv"]).instance.cluster
    assert [(p.name, len(p.nodes)) for p in cluster.partitions] == [("b", 4), ("a", 8)]


def test_a_dump_outdates_the_states_of_slurm_conf(tmp_path: Path) -> None:
    conf = "NodeName=n[01-08] State=FUTURE\nPartitionName=p Nodes=ALL\n"
    table = "node,state\nn[01-08],idle\n"
    files = {"slurm.conf": conf, "n.csv": table}
    assert len(load(tmp_path, files, slurm_conf="slurm.conf").instance.free) == 0
    state = load(tmp_path, files, slurm_conf="slurm.conf", nodes=["n.csv"])
    assert len(state.instance.free) == 8


def test_a_live_job_that_names_unknown_things_is_listed(tmp_path: Path) -> None:
    common = {"job_state": "PENDING", "node_count": 1}
    jobs = [
        common | {"job_id": 1, "partition": "cpu"},
        common | {"job_id": 2, "partition": "p", "required_nodes": "cpu1"},
        common | {"job_id": 3, "partition": "p", "excluded_nodes": "cpu1"},
        JOB | {"job_id": 4, "nodes": "cpu[1-2],n01"},
        JOB | {"job_id": 5, "nodes": "cpu3"},
    ]
    files = {"slurm.conf": CONF, "q.json": _queue(*jobs)}
    state = load(tmp_path, files, slurm_conf="slurm.conf", queue=["q.json"])
    assert [job.job_id for job in state.instance.jobs] == ["3"]
    assert {waiting.job.job_id: waiting.reason for waiting in state.instance.ineligible} == {
        "1": "partition cpu is not among the known ones",
        "2": "nodelist names unknown nodes cpu1",
    }
    assert [(held.job.job_id, len(held.nodes)) for held in state.instance.running] == [("4", 1)]
    assert messages(state, tmp_path)[-1] == (
        "state: running jobs hold 3 unknown nodes: cpu[1-3]; they are left out"
    )


def test_profile_fills_in_gpus_and_watts(tmp_path: Path) -> None:
    files = {"n.csv": "node,state,power_w\nn01,idle,5000\n", "j.csv": "job_id,gpus\n1,16\n"}
    state = load(tmp_path, files, nodes=["n.csv"], jobs=["j.csv"], profile="gb200-nvl72")
    nodes = state.instance.cluster.nodes
    assert (nodes[0].power_w, nodes[1].power_w, nodes[0].gpus) == (5000, 6667, 4)
    assert state.instance.jobs[0].num_nodes == 4
    assert "Slurm would confine the job to one block" in messages(state, tmp_path)[-1]


def test_gpus_of_the_node_file_convert_jobs(tmp_path: Path) -> None:
    files = {"n.csv": "node,state,gpus\nn[01-08],idle,8\n", "j.csv": "job_id,gpus\n1,16\n"}
    state = load(tmp_path, files, nodes=["n.csv"], jobs=["j.csv"])
    assert state.instance.jobs[0].num_nodes == 2


RESOURCES = """\
- resource: units
  mode: MODE_3
  layers:
    - {nodes: ["n[01-08]"], count: 40}
    - {nodes: ["n[01-04]"], count: 5}
    - {nodes: ["n[05-08]"], count: 30}
- resource: seats
  mode: MODE_1
  layers:
    - {nodes: ["n[01-02]"], count: 2}
    - {nodes: ["n[01-08]"], count: 9}
- resource: doors
  mode: MODE_2
  layers:
    - {nodes: ["n[01-04]"], count: 4}
    - {nodes: ["n[03-08]"], count: 4}
"""
WATTS = """\
- resource: feed
  mode: MODE_3
  unit: W
  idle_w: 100
  layers:
    - {name: hall, nodes: ["n[01-08]"], count: 9000}
"""


def test_use_of_every_layer_by_running_jobs(tmp_path: Path) -> None:
    jobs = """\
- {job_id: 1, state: running, nodelist: "n[02-04]", licenses: "units:2,seats:2,doors:1"}
- {job_id: 2, state: running, nodelist: "n01", licenses: "seats:1,feed:700", start: 5}
- {job_id: 3, state: running, nodelist: "n05", power_w: 40}
"""
    table = "node,state,power_w\nn[01-05],alloc,1000\nn06,alloc,1000\nn[07-08],idle,1000\n"
    files = {"r.yaml": RESOURCES, "w.yaml": WATTS, "j.yaml": jobs, "n.csv": table}
    state = load(tmp_path, files, resources=["r.yaml", "w.yaml"], jobs=["j.yaml"], nodes=["n.csv"])
    assert state.instance.used == {
        "units": (6, 6, 0),
        "seats": (2, 1),  # the second job finds the first layer full
        "doors": (1, 1),
        "feed": (3 * 1000 + 700 + 40 + 1000,),
    }
    assert messages(state, tmp_path) == ["state: units: 6 used in layer n[01-04], which has 5"]


def test_watts_that_nobody_knows_are_told(tmp_path: Path) -> None:
    files = {"w.yaml": WATTS, "j.csv": "job_id,nodes,power_w\n1,1,\n2,1,500\n"}
    state = load(tmp_path, files, resources=["w.yaml"], jobs=["j.csv"])
    assert messages(state, tmp_path) == [
        "state: 1 jobs and some nodes have no power_w: they count as drawing 0 W there; "
        "wanted power_w in the node or job file, or --profile"
    ]


def test_reservations(tmp_path: Path) -> None:
    reservations = {
        "last_update": 1000,
        "reservations": [
            {"name": "now", "node_list": "n[01-02]", "start_time": 900, "end_time": 2000},
            {"name": "past", "node_list": "n03", "start_time": 100, "end_time": 200},
            {"name": "soon", "node_list": "n04", "start_time": 4600, "end_time": 9000},
        ],
    }
    files = {
        "r.json": json.dumps(reservations),
        "j.csv": "job_id,nodes,time_limit\n1,1,61\n2,1,60\n",
    }
    state = load(tmp_path, files, reservations="r.json", jobs=["j.csv"])
    assert _names(state.instance, state.instance.unavailable) == ["n01", "n02"]
    assert state.instance.now_s == 1000
    told = messages(state, tmp_path)
    assert "'soon' takes n04 from" in told[0] and "none of the 1 jobs" in told[0]
    assert told[1] == (
        "state: reservation 'now' holds n[01-02]: unavailable to all jobs planned here"
    )


def test_the_recorded_cluster(shared_data: Path) -> None:
    folder = shared_data / "slurm_files"
    files = {
        "topology": folder / "topology.yaml",
        "resources": [folder / "resources.yaml"],
        "slurm_conf": folder / "slurm.conf",
        "queue": [folder / "squeue.json"],
        "nodes": [folder / "scontrol_show_nodes.json"],
    }
    state = load_state(**files)  # type: ignore[arg-type]
    instance = state.instance
    assert state.warnings == ()
    assert len(instance.cluster.nodes) == 288
    assert (len(instance.jobs), len(instance.running), len(instance.ineligible)) == (24, 19, 3)
    assert (len(instance.occupied), len(instance.unavailable), len(instance.free)) == (181, 24, 83)
    assert instance.allocated == frozenset()
    # What the running jobs use is exactly what Slurm says that they use.
    told = load_state(licenses=folder / "scontrol_show_licenses.json", **files)  # type: ignore[arg-type]
    assert told.instance.used == instance.used
    assert max(instance.used["power"]) == 14160


@pytest.mark.parametrize(
    "topology", ["topology.yaml", "topology.conf", "scontrol_show_topology.txt"]
)
@pytest.mark.parametrize("nodes", ["sinfo.json", "scontrol_show_nodes.json"])
def test_any_combination_of_the_recorded_files_gives_the_same_state(
    shared_data: Path, topology: str, nodes: str
) -> None:
    folder = shared_data / "slurm_files"
    state = load_state(
        topology=folder / topology,
        nodes=[folder / nodes],
        queue=[folder / "scontrol_show_jobs.json"],
    )
    instance = state.instance
    assert (len(instance.jobs), len(instance.running), len(instance.free)) == (24, 19, 83)
    assert len(instance.blocked) == 8


def test_errors_of_a_broken_cluster_come_before_those_of_jobs(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, {"n.csv": "node,state\nn01,x\n", "topology.yaml": "[]"}, nodes=["n.csv"])
    assert len(caught.value.problems) == 2


READABLE = {
    ("queue", "squeue.json"),
    ("queue", "scontrol_show_jobs.json"),
    ("nodes", "scontrol_show_nodes.json"),
    ("nodes", "sinfo.json"),
    ("resources", "resources.yaml"),
    ("slurm_conf", "slurm.conf"),
    ("licenses", "scontrol_show_licenses.json"),
    ("reservations", "scontrol_show_reservations.json"),
    ("jobs", "sprio.txt"),  # empty: no jobs
}


@pytest.mark.parametrize(
    "option", ["queue", "nodes", "resources", "slurm_conf", "licenses", "reservations", "jobs"]
)
def test_every_recorded_file_is_read_or_refused(shared_data: Path, option: str) -> None:
    folder = shared_data / "slurm_files"
    for path in sorted(file for file in folder.iterdir() if file.is_file()):
        is_list = option in ("queue", "nodes", "resources", "jobs")
        given: Any = {option: [path] if is_list else path}
        if (option, path.name) in READABLE:
            load_state(topology=folder / "topology.yaml", **given)
        else:
            with pytest.raises(InputError):
                load_state(topology=folder / "topology.yaml", **given)


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("queue", "squeue_long.txt", "the text that scontrol or squeue print for people"),
        ("queue", "scontrol_show_jobs.txt", "the text that scontrol or squeue print for people"),
        ("nodes", "scontrol_show_nodes.txt", "the text that scontrol or sinfo print for people"),
        ("nodes", "sinfo.txt", "the text that scontrol or sinfo print for people"),
        ("nodes", "squeue.json", "neither nodes nor sinfo"),
        ("queue", "sinfo.json", "no jobs"),
        ("queue", "sacct/sacct.json", "sacct is for audits"),
    ],
)
def test_the_wrong_file_is_told_so(
    shared_data: Path, option: str, name: str, message: str
) -> None:
    folder = shared_data / "slurm_files"
    given: Any = {option: [folder / name]}
    with pytest.raises(InputError, match=message):
        load_state(topology=folder / "topology.yaml", **given)


def test_a_file_of_a_wrong_kind_does_not_flood_the_terminal(tmp_path: Path) -> None:
    rows = "job_id,nodes\n" + "".join(f"{number},0\n" for number in range(5000))
    with pytest.raises(InputError) as caught:
        load(tmp_path, {"j.csv": rows}, jobs=["j.csv"])
    assert len(caught.value.problems) == 1001
    assert caught.value.problems[-1].found == "and 4000 more errors"
