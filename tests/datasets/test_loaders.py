"""Loaders of traces, on small files of our own, and on the shared traces where they are."""

# ruff: noqa: E501 - the sources' rows are as long as they are

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rackwright.datasets.loaders import FORMATS, LoadOptions, detect_format, read_trace, trays
from rackwright.models.errors import InputError

SWF = """; Version: 2.2
; MaxNodes: 10
; MaxProcs: 40
; a comment
1 100 5 60 8 -1 -1 8 120 -1 1 3 1 1 2 1 -1 -1
2 130 -1 30 -1 -1 -1 3 -1 -1 5 -1 1 1 -1 -1 -1 -1
3 140 0 -1 4 -1 -1 4 60 -1 0 3 1 1 2 1 -1 -1
"""
HELIOS = """job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
7,u1,vcA,16,64,2,COMPLETED,2020-09-01 10:00:00,2020-09-01 10:01:00,2020-09-01 11:01:00,3600,60
8,u1,vcA,0,4,1,COMPLETED,2020-09-01 10:00:00,2020-09-01 10:01:00,2020-09-01 11:01:00,3600,60
9,u2,vcB,3,4,1,FAILED,2020-09-01 10:00:30,2020-09-01 10:00:30,,,
"""
ACME = """job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue
a1,u1,10,80,960,Pretrain,COMPLETED,2023-05-17 11:00:00+00:00,2023-05-17 11:10:00+00:00,2023-05-17 12:10:00+00:00,4200,600
a2,u1,1,1,8,Debug,FAILED,2023-05-17 19:30:00+08:00,2023-05-17 19:31:00+08:00,2023-05-17 19:32:00+08:00,60,60
"""
LINGJUN_JOB = """id,job_name,status,gmt_job_submitted,gmt_job_running,gmt_job_finished
1,train,Succeeded,2023/7/15 2:19,2023/7/15 02:20,2023/7/15 04:20
2,cpu,Succeeded,2023/7/15 02:25,2023/7/15 02:26,2023/7/15 02:27
3,lost,Failed,2023/7/15 02:25,,
"""
LINGJUN_WORKER = """id,job_name,worker_name,host_ip,RES
1,train,w0,10.0.0.1,"{""nvidia.com/gpu"": ""8"", ""cpu"": ""90""}"
2,train,w1,10.0.0.2,"{""nvidia.com/gpu"": 8}"
3,cpu,w0,10.0.0.3,"{""cpu"": ""4""}"
4,lost,w0,10.0.0.4,"{""nvidia.com/gpu"": 8}"
"""
PHILLY = [
    {
        "status": "Pass",
        "vc": "ee9e8c",
        "jobid": "application_1",
        "attempts": [
            {
                "start_time": "2017-10-07 01:12:09",
                "end_time": "2017-10-07 01:13:23",
                "detail": [
                    {"ip": "m47", "gpus": ["gpu0", "gpu1"]},
                    {"ip": "m9", "gpus": ["gpu0"]},
                ],
            },
            {
                "start_time": "2017-10-07 01:13:30",
                "end_time": "2017-10-07 02:12:09",
                "detail": [{"ip": "m412", "gpus": ["gpu0"]}],
            },
        ],
        "submitted_time": "2017-10-07 01:11:39",
        "user": "ce2f4c",
    },
    {
        "status": "Killed",
        "vc": "x",
        "jobid": "application_2",
        "attempts": [],
        "submitted_time": "2017-10-07 01:11:39",
        "user": "u",
    },
]
OPENB = """name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p1,88000,327680,8,1000,,Burstable,Succeeded,1000,4600,1010
p2,4000,15258,1,220,,BE,Running,1500,2000,
p3,4000,15258,0,0,,BE,Running,1500,2000,1500
"""
OURS = """job_id,submit_s,start_s,runtime_s,time_limit_s,nodes,gpus,gpus_per_node,user,partition,power_w,state,nodelist
b,50,60,100,600,,70,8,u,p,,COMPLETED,n1;n2:4
a,10,,5,,20,,,,,900,,
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_gpus_become_whole_trays_and_large_jobs_stay_whole() -> None:
    assert [trays(gpus, 0, 4) for gpus in (1, 4, 5, 72, 73, 512)] == [1, 1, 2, 18, 19, 128]
    assert trays(0, 7, 4) == 7


def test_swf(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, "x.swf", SWF))
    assert trace.format == "swf"
    first, second = trace.jobs
    assert (first.num_nodes, first.submit_s, first.start_s) == (2, 0, 5)
    assert (first.runtime_s, first.time_limit_s, first.state) == (60, 120, "COMPLETED")
    assert (second.num_nodes, second.start_s, second.time_limit_s) == (1, None, None)
    assert trace.skipped == {"no runtime or processors": 1}
    whole = read_trace(tmp_path / "x.swf", options=LoadOptions(procs_per_node=1))
    assert [job.num_nodes for job in whole.jobs] == [8, 3]


def test_helios(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, "cluster_log.csv", HELIOS))
    assert trace.format == "helios"
    (job,) = trace.jobs
    assert (job.num_nodes, job.gpus, job.runtime_s, job.start_s) == (4, 16, 3600, 60)
    assert (job.partition, job.state) == ("vcA", "COMPLETED")
    assert trace.skipped == {"no GPUs": 1, "never ran to an end": 1}


def test_acme_counts_the_runtime_from_the_start(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, "trace_kalos.csv", ACME))
    assert trace.format == "acme"
    assert [(job.num_nodes, job.runtime_s, job.submit_s) for job in trace.jobs] == [
        (20, 3600, 0),
        (1, 60, 1800),
    ]


def test_lingjun_sums_the_gpus_of_the_workers(tmp_path: Path) -> None:
    path = write(tmp_path, "job.csv", LINGJUN_JOB)
    with pytest.raises(InputError, match=r"worker\.csv is not beside it"):
        read_trace(path)
    write(tmp_path, "worker.csv", LINGJUN_WORKER)
    trace = read_trace(path)
    (job,) = trace.jobs
    assert (job.num_nodes, job.runtime_s, job.nodelist) == (4, 7200, ("10.0.0.1", "10.0.0.2"))
    assert trace.skipped == {"no GPUs": 1, "never ran to an end": 1}


def test_philly_spans_all_attempts(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, "cluster_job_log", json.dumps(PHILLY)))
    (job,) = trace.jobs
    assert (job.gpus, job.num_nodes, job.runtime_s, job.start_s) == (3, 1, 3600, 30)
    assert trace.skipped == {"no GPUs": 1}


def test_philly_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rackwright.datasets.loaders.philly._PIECE", 16)
    path = write(tmp_path, "log", json.dumps(PHILLY, indent=4))
    assert len(read_trace(path).jobs) == 1
    path.write_text(json.dumps(PHILLY)[:-30])
    with pytest.raises(InputError, match="JSON ends or breaks"):
        read_trace(path, format="philly")


def test_openb(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, "openb.csv", OPENB))
    assert [(job.job_id, job.num_nodes, job.runtime_s) for job in trace.jobs] == [
        ("p1", 2, 3590),
        ("p2", 1, 500),
    ]
    assert trace.skipped == {"no GPUs": 1}


def test_our_csv_gzipped_is_sorted_and_rebased(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(OURS.encode()))
    trace = read_trace(path)
    assert trace.format == "csv"
    assert [(job.job_id, job.submit_s, job.num_nodes) for job in trace.jobs] == [
        ("a", 0, 20),
        ("b", 40, 18),
    ]
    assert trace.jobs[1].nodelist == ("n1", "n2")
    assert (trace.jobs[1].start_s, trace.jobs[0].power_w) == (50, 900)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("a,b\n1,2\n", "unknown format, begins with 'a,b'"),
        ("job_id,submit_s,runtime_s\n", "no job"),
        ("job_id,submit_s,runtime_s,nodes\n1,0,x,1\n", "line 2: could not convert"),
        ("job_id,submit_s,runtime_s,nodes\n1,0,5,0\n", "line 2: 0 nodes for 5 s"),
        ("job_id,submit_s,runtime_s,nodes\n1,0,5,1.5\n", "'1.5' is not a whole number"),
        ("; MaxProcs: 4\n1 2 3\n", "line 2: 3 fields; wanted 18 numbers"),
        (SWF + "4 x 0 1 1 -1 -1 1 1 -1 1 1 1 1 1 1 -1 -1\n", "line 8: a field that is no number"),
        (HELIOS.replace("node_num", "nodes"), "header: no column node_num"),
        (HELIOS.replace("10:01:00", "noon"), "line 2: time data '2020-09-01 noon'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(write(tmp_path, "trace", text))
    assert message in str(caught.value)


def test_all_bad_rows_are_told_up_to_a_limit(tmp_path: Path) -> None:
    rows = "".join(f"{number},0,bad,1\n" for number in range(50))
    with pytest.raises(InputError) as caught:
        read_trace(write(tmp_path, "t.csv", "job_id,submit_s,runtime_s,nodes\n" + rows))
    assert len(caught.value.problems) == 20


def test_a_broken_gzip_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(OURS.encode() * 100)[:-20])
    with pytest.raises(InputError, match=r"t\.csv\.gz"):
        read_trace(path)
    with pytest.raises(InputError, match="No such file"):
        read_trace(tmp_path / "absent.csv")
    path.write_bytes(b"\xff\xfe\x00job")
    with pytest.raises(InputError, match="not UTF-8"):
        read_trace(path)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_detected_from_our_files(tmp_path: Path, name: str) -> None:
    texts = {
        "csv": OURS,
        "swf": SWF,
        "lingjun": LINGJUN_JOB,
        "helios": HELIOS,
        "philly": json.dumps(PHILLY),
        "acme": ACME,
        "openb": OPENB,
    }
    assert detect_format(write(tmp_path, "trace", texts[name])) == name


SHARED = {
    "crux_lingjun_2023": (2_498, 237, 186),
    "helios_venus_2vc_sep2020": (1_867, 586, 36),
    "theta_alcf_2022": (23_911, 23_911, 4_048),
    "oar_graphene_replay_2016": (800, 4, 32),
}


@pytest.mark.parametrize(("name", "figures"), SHARED.items())
def test_shared_traces(shared_data: Path, name: str, figures: tuple[int, int, int]) -> None:
    """Jobs, jobs above 18 trays and the largest one, as counted in docs/traces.md."""
    path = shared_data / "traces" / f"{name}.csv.gz"
    jobs = read_trace(path).jobs
    sizes = [job.num_nodes for job in jobs]
    assert (len(jobs), sum(size > 18 for size in sizes), max(sizes)) == figures
