"""sbatch scripts and recorded submit lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from formats.job_files import context, from_script

from rackwright.models.errors import ProblemLog
from rackwright.models.formats.jobs_build import JobState
from rackwright.models.formats.jobs_keys import JOB_KEYS
from rackwright.models.formats.sbatch import count_requested_gpus, parse_submit_line, read_sbatch
from rackwright.models.formats.sbatch_options import OPTIONS, long_option, short_option
from rackwright.models.job import Switches
from rackwright.models.legality import Exclusive

LONG = """\
#SBATCH --nodes=16 --segment=8
#SBATCH --exclusive=topo
#SBATCH --spread-segments --consolidate-segments
#SBATCH --time 1-00:00:00     # one day
#SBATCH --partition batch
#SBATCH --nodelist="n[01-20]" --exclude 'm[1-2]'
#SBATCH --constraint="a&b"
#SBATCH --licenses=power:full
#SBATCH --switches=1@00:10:00 --contiguous --priority=7
#SBATCH --job-name="my job" --account=llm --comment='say "hi"'
"""
SHORT = """\
#SBATCH -N16 --segment 8 --exclusive=topo
#SBATCH --spread-seg --consol
#SBATCH -t1-00:00:00 -p batch
#SBATCH -w n[01-20] -x m[1-2]
#SBATCH -C a&b -L power:full
#SBATCH --switches 1@10 --contig --priority 7
#SBATCH -J my\\ job -A llm --comment say\\ \\"hi\\"
"""


def test_long_and_short_options_say_the_same() -> None:
    (long_entry,), warnings = from_script(LONG)
    (short_entry,), _ = from_script(SHORT)
    assert warnings == []
    assert long_entry == short_entry
    job = long_entry.job
    assert (job.job_id, job.num_nodes, job.segment, job.exclusive) == ("s", 16, 8, Exclusive.TOPO)
    assert job.spread_segments and job.consolidate_segments and job.contiguous
    assert job.time_limit_s == 86400 and job.partitions == ("batch",) and job.priority == 7
    assert job.nodelist is not None and len(job.nodelist) == 20 and job.exclude == ("m1", "m2")
    assert job.features == "a&b" and job.licenses == (("power", 7),)
    assert job.switches == Switches(1, 600)
    assert (job.name, job.account, job.comment) == ("my job", "llm", 'say "hi"')


@pytest.mark.parametrize(
    ("lines", "num_nodes"),
    [
        ("", 1),
        ("#SBATCH -N 2-4", 2),
        ("#SBATCH -N 4\n#SBATCH -N 8", 8),  # the last one counts
        ("#SBATCH -w n[1-3]", 3),
        ("#SBATCH -n 64 --ntasks-per-node=8", 8),
        ("#SBATCH -G 64", 16),
        ("#SBATCH --gpus=gb200:64", 16),
        ("#SBATCH -n 8 --gpus-per-task=4", 8),
        ("#SBATCH -n 8 --tres-per-task=cpu:2,gres/gpu:2", 4),
        ("#SBATCH -N 2 --gres=gpu:4,nvme:1", 2),
        ("#SBATCH -N 8 -n 2", 2),
    ],
)
def test_node_counts(lines: str, num_nodes: int) -> None:
    assert from_script(lines)[0][0].job.num_nodes == num_nodes


def test_options_end_at_the_first_command() -> None:
    text = "#!/bin/sh\n\n# a comment\n##SBATCH -N 9\n#SBATCHES -N 9\n  :\n#SBATCH -N 9\n"
    log = ProblemLog("f")
    (entry,) = read_sbatch(text, "s", log, context())
    assert entry.job.num_nodes == 1 and not log.errors and not log.warnings


def test_windows_line_ends() -> None:
    assert from_script("#SBATCH -N 4\r\n#SBATCH --segment=2\r")[0][0].job.segment == 2


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("--frobnicate=3", "f: line 2, --frobnicate: unknown option: ignored"),
        (
            "--spread-job",
            "f: line 2, --spread-job: is not modelled: the spreading of the job may differ from "
            "the plan",
        ),
        (
            "--exclusive=user",
            "f: line 2, --exclusive: =user is not modelled: planned as whole nodes",
        ),
        (
            "-m arbitrary",
            "f: line 2, --distribution: =arbitrary is not modelled: Slurm refuses it on block, "
            "ring and torus3d",
        ),
        ("-N 1 job.sh -N 2", "f: line 2, 'job.sh': is no option: ignored from here on"),
        (
            "-n 64",
            "f: job s, --ntasks: without --nodes: the node count depends on CPUs, planned as one "
            "node",
        ),
        ("-N 4 -n 2", "f: job s, --ntasks: 2 tasks: sbatch lowers nodes to them"),
        (
            "-N 2 --segment=4",
            "f: job s, segment: 4 is larger than the job's 2 nodes: ignored, as Slurm does",
        ),
    ],
)
def test_warnings(line: str, warning: str) -> None:
    assert from_script(f"#SBATCH {line}")[1] == [warning]


def test_options_without_any_effect_on_placement_are_silent() -> None:
    lines = "#SBATCH --mem=0 -o out-%j.txt -e err --mail-type=ALL -q high -c 72 --requeue=expedite"
    assert from_script(lines)[1] == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-H", "JobHeldUser"),
        ("-d afterok:17", "Dependency"),
        ("--reservation=maint", "Reservation maint"),
        ("--begin=now+1hour", "BeginTime"),
    ],
)
def test_jobs_that_cannot_start_are_listed(line: str, reason: str) -> None:
    (entry,), _ = from_script(f"#SBATCH {line}", context(now_s=1_000_000_000))
    assert (entry.state, entry.reason) == (JobState.INELIGIBLE, reason)


def test_arrays_are_jobs_up_to_their_throttle() -> None:
    entries, _ = from_script("#SBATCH -N 2 --array=0-6:2%2")
    assert [entry.job.job_id for entry in entries] == ["s_0", "s_2", "s_4", "s_6"]
    assert [entry.reason for entry in entries] == ["", "", *["JobArrayTaskLimit"] * 2]


def test_option_table_is_consistent() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS) > 100
    letters = [option.letter for option in OPTIONS if option.letter]
    assert len(set(letters)) == len(letters)
    for option in OPTIONS:
        assert option.effect[:1] in ("", ":", "!") or option.effect in JOB_KEYS
    assert long_option("exc") is None  # exclude, exclusive
    assert long_option("exclus") is long_option("exclusive")
    assert short_option("N") is long_option("nodes")


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("gres/gpu:4", 4),
        ("gpu:gb200:4", 4),
        ("gpu", 1),
        ("gres:gpu:2,nvme:8", 2),
        ("cpu=4,gres/gpu=16", 16),
        ("gpu:a:1,gpu:b:3", 4),
        ("", 0),
        ("license/x:4", 0),
    ],
)
def test_requested_gpus(text: str, gpus: int) -> None:
    assert count_requested_gpus(text) == gpus


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("sbatch -N4 --segment=2 train.sh --nodes=9", {"nodes": (4, 4), "segment": 2}),
        ("/usr/bin/sbatch -J my long name -N 4 x.sh", {"name": "my long name", "nodes": (4, 4)}),
        ("sbatch -o /dev/null --wrap sleep 2; exit 0", {"nodes": (1, 1)}),
        ("sbatch --wrap hostname -N2", {"nodes": (2, 2)}),
        ("sbatch --wrap srun -N 9 a.out", {"nodes": (1, 1)}),
        ("salloc -N2 --exclusive", {"nodes": (2, 2), "exclusive": Exclusive.NODE}),
        ("", {"nodes": (1, 1)}),
        ("sbatch", {"nodes": (1, 1)}),
    ],
)
def test_submit_lines_without_quotes(line: str, values: dict[str, object]) -> None:
    assert parse_submit_line(line).values == values


def test_every_recorded_submit_line_is_understood(shared_data: Path) -> None:
    lines = set()
    for name in (
        "squeue.json",
        "scontrol_show_jobs.json",
        "sacct/squeue.json",
        "sacct/sacct.json",
    ):
        dump = json.loads((shared_data / "slurm_files" / name).read_text())
        lines |= {job["submit_line"] for job in dump["jobs"]}
    assert len(lines) > 10
    for line in lines:
        options = parse_submit_line(line)
        assert options.warnings == []
        words = line.split()
        if "--spread-segments" in words:
            assert options.values["spread_segments"] is True
        assert ("segment" in options.values) == any(w.startswith("--segment") for w in words)
        assert options.values["nodes"][0] == next(
            int(w[2:]) for w in words if w.startswith("-N") and w[2:].isdigit()
        )
