"""squeue and scontrol show jobs: who holds nodes, who is planned, who only listed, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from formats.job_files import context

from rackwright.models.errors import ProblemLog
from rackwright.models.formats.jobs_build import JobEntry, JobState
from rackwright.models.formats.slurm_output_jobs import Queue, read_queue
from rackwright.models.hostlist import expand
from rackwright.models.job import Switches
from rackwright.models.legality import Exclusive

PENDING = {"job_id": 7, "job_state": ["PENDING"], "node_count": 4, "state_reason": "Priority"}


def _queue(*jobs: dict[str, Any], now_s: int = 1000) -> tuple[Queue, list[str]]:
    log = ProblemLog("f")
    queue = read_queue(json.dumps({"jobs": jobs, "last_update": now_s}), log, context())
    log.raise_errors()
    return queue, [str(warning) for warning in log.warnings]


def _one(**changes: Any) -> JobEntry:
    (entry,) = _queue(PENDING | changes)[0].entries
    return entry


def _set(number: int) -> dict[str, object]:
    return {"set": True, "infinite": False, "number": number}


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["RUNNING"], JobState.RUNNING),
        ("RUNNING", JobState.RUNNING),
        (["RUNNING", "CONFIGURING"], JobState.RUNNING),
        (["RUNNING", "POWER_UP_NODE"], JobState.RUNNING),
        (["SUSPENDED"], JobState.RUNNING),
        (["COMPLETED", "COMPLETING"], JobState.RUNNING),
        (["CANCELLED", "COMPLETING"], JobState.RUNNING),
        (["PENDING", "COMPLETING", "EXPEDITING"], JobState.RUNNING),
        (["COMPLETED"], None),
        (["FAILED"], None),
        (["NODE_FAIL"], None),
        (["PENDING"], JobState.PENDING),
        (["PENDING", "REQUEUED"], JobState.PENDING),
        (["PENDING", "EXPEDITING"], JobState.PENDING),
        (["PENDING", "REQUEUE_HOLD"], JobState.INELIGIBLE),
        (["PENDING", "SPECIAL_EXIT"], JobState.INELIGIBLE),
    ],
)
def test_states(states: object, state: JobState | None) -> None:
    entries = _queue(PENDING | {"job_state": states, "nodes": "n[1-4]"})[0].entries
    assert [entry.state for entry in entries] == ([] if state is None else [state])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state_reason": "None"}, ""),
        ({"state_reason": "Resources"}, ""),
        ({"state_reason": "ReqNodeNotAvail, UnavailableNodes:n[1-2]"}, ""),
        ({"state_reason": "BadConstraints"}, ""),
        ({"state_reason": "Dependency"}, "Dependency"),
        ({"dependency": "afterok:9(unfulfilled)"}, "Dependency"),
        ({"state_reason": "JobHeldUser", "hold": True, "priority": 0}, "JobHeldUser"),
        ({"priority": _set(0)}, "JobHeld"),
        ({"state_reason": "BeginTime"}, "BeginTime"),
        ({"eligible_time": _set(2000)}, "BeginTime"),
        ({"eligible_time": _set(500)}, ""),
        ({"state_reason": "AssocGrpNodeLimit"}, "AssocGrpNodeLimit"),
        ({"state_reason": "QOSMaxJobsPerUserLimit"}, "QOSMaxJobsPerUserLimit"),
        ({"state_reason": "PartitionTimeLimit"}, "PartitionTimeLimit"),
        ({"state_reason": "JobArrayTaskLimit"}, "JobArrayTaskLimit"),
        ({"state_reason": "ANewReasonOfSlurm27"}, "ANewReasonOfSlurm27"),
        ({"state_reason": "Licenses"}, "Licenses"),
        ({"state_reason": "Licenses", "licenses": "power:full"}, ""),
        ({"resv_name": "maint"}, "Reservation maint"),
        ({"segment_size": 3}, "segment 3 does not divide 4 nodes"),
        ({"features": "[a|b]"}, "unsupported '[' in constraint '[a|b]'"),
        ({"licenses": "slots:x"}, "licenses: unknown variable 'x' of slots (there are: none)"),
    ],
)
def test_reasons_to_wait(changes: dict[str, Any], reason: str) -> None:
    entry = _one(**changes)
    assert entry.reason == reason
    assert entry.state is (JobState.INELIGIBLE if reason else JobState.PENDING)


def test_numbers_in_any_spelling() -> None:
    new = _one(priority=_set(5), time_limit=_set(90), submit_time=_set(900), node_count=_set(8))
    old = _one(priority=5, time_limit=90, submit_time=900, node_count=8)
    text = _one(priority="5", time_limit="90", submit_time="900", node_count="8")
    assert new == old == text
    assert new.job.time_limit_s == 5400
    unlimited = {"set": False, "infinite": True, "number": 0}
    assert _one(time_limit=unlimited).job.time_limit_s is None


def test_request_options() -> None:
    job = _one(
        node_count=8,
        max_nodes=_set(12),
        segment_size=4,
        flags=["SPREAD_SEGMENTS", "CONSOLIDATE_SEGMENTS"],
        partition="a,b",
        required_nodes="n[1-2]",
        excluded_nodes="n9",
        features="x&y",
        licenses="power:full,tokens",
        required_switches=1,
        maximum_switch_wait_time=60,
        contiguous=True,
        user_name="ana",
    ).job
    assert (job.num_nodes, job.max_nodes, job.segment) == (8, 12, 4)
    assert job.spread_segments and job.consolidate_segments and job.contiguous
    assert job.partitions == ("a", "b") and job.features == "x&y"
    assert job.nodelist == ("n1", "n2") and job.exclude == ("n9",)
    assert job.licenses == (("power", 7), ("tokens", 1))
    assert job.switches == Switches(1, 60)


@pytest.mark.parametrize(
    ("changes", "exclusive"),
    [
        ({"submit_line": "sbatch -N4 --exclusive=topo x.sh"}, Exclusive.TOPO),
        ({"submit_line": "sbatch -N4 --exclusive x.sh"}, Exclusive.NODE),
        ({"submit_line": "sbatch -N4 x.sh --exclusive=topo"}, None),
        ({"shared": ["TOPO"]}, Exclusive.TOPO),
        ({"exclusive": "topo"}, Exclusive.TOPO),
        ({"shared": []}, None),
    ],
)
def test_exclusive_topo(changes: dict[str, Any], exclusive: Exclusive | None) -> None:
    assert _one(**changes).job.exclusive is exclusive


def test_arrays_are_expanded_up_to_their_throttle() -> None:
    array = {"array_job_id": _set(7), "array_max_tasks": _set(3)}
    tasks = {"array_task_id": {"set": False, "number": 0}, "array_task_string": "2-4,9"}
    running = {"job_id": 8, "job_state": "RUNNING", "nodes": "n1", "array_task_id": _set(0)}
    queue, _ = _queue(PENDING | array | tasks, PENDING | array | running)
    ids = {entry.job.job_id: entry.reason or entry.state.value for entry in queue.entries}
    assert ids == {
        "7_0": "running",
        "7_2": "pending",
        "7_3": "pending",
        "7_4": "JobArrayTaskLimit",
        "7_9": "JobArrayTaskLimit",
    }


def test_a_task_list_cut_short_is_told() -> None:
    queue, warnings = _queue(PENDING | {"array_job_id": 7, "array_task_string": "1-2,5,..."})
    assert [entry.job.job_id for entry in queue.entries] == ["7_1", "7_2", "7_5"]
    assert len(warnings) == 1


def test_heterogeneous_jobs_are_listed_and_their_running_parts_hold_nodes() -> None:
    het = {"het_job_id": _set(7), "het_job_offset": _set(1)}
    assert _one(**het).state is JobState.INELIGIBLE
    entry = _one(**het, job_state="RUNNING", nodes="n[1-2]")
    assert (entry.job.job_id, entry.nodes) == ("7+1", ("n1", "n2"))


def test_gpus_without_nodes_need_whole_nodes() -> None:
    assert _one(node_count=1, tres_per_job="gres/gpu:64").job.num_nodes == 16
    assert _one(node_count=16, tres_per_job="gres/gpu:64").job.num_nodes == 16


def test_expedited_jobs_are_marked() -> None:
    assert _one(job_state=["PENDING", "EXPEDITING"]).is_expedited


@pytest.mark.parametrize("name", ["squeue.json", "scontrol_show_jobs.json"])
def test_recorded_queue_by_an_independent_count(shared_data: Path, name: str) -> None:
    folder = shared_data / "slurm_files"
    queue, warnings = _queue(*json.loads((folder / name).read_text())["jobs"], now_s=1795318867)
    rows = (folder / "squeue_long.txt").read_text().splitlines()
    header, *shown = [row.split("|") for row in rows]
    table = {row[0]: dict(zip(header, row, strict=True)) for row in shown}
    assert warnings == []
    assert {entry.job.job_id for entry in queue.entries} == set(table)
    for entry in queue.entries:
        row = table[entry.job.job_id]
        assert entry.job.num_nodes == int(row["NODES"])
        assert entry.job.priority == int(row["PRIORITY"])
        assert entry.job.name == row["NAME"] and entry.job.user == row["USER"]
        assert (entry.state is JobState.RUNNING) == (row["STATE"] == "RUNNING")
        assert list(entry.nodes) == expand(row["NODELIST"])
        if entry.state is JobState.INELIGIBLE:
            assert entry.reason == row["REASON"]
        elif entry.state is JobState.PENDING:
            assert row["REASON"].startswith(("Resources", "Priority", "Nodes required for job"))
    text = (folder / "scontrol_show_jobs.txt").read_text()
    live = [part for part in text.split("\n\n") if "JobState=CANCELLED" not in part]
    assert sum("Exclusive=TOPO" in part for part in live) == sum(
        entry.job.is_exclusive_topo for entry in queue.entries
    )
    assert sum("SpreadSegments=Yes" in part for part in live) == sum(
        entry.job.spread_segments for entry in queue.entries
    )
    assert queue.num_finished == (0 if name == "squeue.json" else 2)
