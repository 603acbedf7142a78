"""The script of ``--format commands``, run against a make-believe Slurm."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import four_racks
import pytest

from rackwright.cli.commands import MAX_PRIORITY, slurm_script
from rackwright.cli.slurm_steps import after_start
from rackwright.models.legality import Legality
from rackwright.models.plan import PlanResult

FINGERPRINT = "0123abcd"

# Answers from plain files: jobs/ID holds "STATE NODES", idle/NODE exists for an idle node.
FAKE_SQUEUE = """#!/bin/bash
for a; do case $a in --jobs=*) id=${a#*=} ;; --format=*) format=${a#*=} ;; esac; done
[ -f "$FAKE/jobs/$id" ] || exit 1
read -r state nodes < "$FAKE/jobs/$id"
if [ "$format" = %T ]; then echo "$state"; else echo "$state $nodes"; fi
"""
FAKE_SINFO = """#!/bin/bash
for a; do case $a in --nodes=*) list=${a#*=} ;; esac; done
python3 - "$list" <<'EOF'
import os, sys
sys.path.insert(0, os.environ["CHECKOUT"])
from rackwright.models.hostlist import expand
busy = os.listdir(os.environ["FAKE"] + "/busy")
for name in expand(sys.argv[1]):
    print(name, "allocated" if name in busy else "idle")
EOF
"""
FAKE_SCONTROL = """#!/bin/bash
echo "$*" >> "$FAKE/log"
"""


@pytest.fixture
def slurm(tmp_path: Path) -> Path:
    """Folder of a make-believe Slurm whose pending jobs are those of the four racks."""
    binaries = tmp_path / "bin"
    for folder in (binaries, tmp_path / "jobs", tmp_path / "busy"):
        folder.mkdir()
    commands = {"squeue": FAKE_SQUEUE, "sinfo": FAKE_SINFO, "scontrol": FAKE_SCONTROL}
    for name, text in commands.items():
        command = binaries / name
        command.write_text(text)
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
    for job in four_racks.instance().jobs:
        (tmp_path / "jobs" / job.job_id).write_text(f"PENDING {job.num_nodes}\n")
    (tmp_path / "log").touch()
    return tmp_path


def run(slurm: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = slurm / "plan.sh"
    file.write_text(script)
    checkout = Path(__file__).resolve().parents[2] / ".imports"
    environment = os.environ | {
        "FAKE": str(slurm),
        "CHECKOUT": str(checkout),
        "PATH": f"{slurm / 'bin'}:{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", str(file), *arguments], env=environment, capture_output=True, text=True
    )


def script(result: PlanResult | None = None) -> str:
    return slurm_script(four_racks.instance(), result or four_racks.result(), FINGERPRINT)


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_script_is_valid_shell(shell: str) -> None:
    checked = subprocess.run([shell, "-n"], input=script(), text=True, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_script_tells_what_it_was_made_for() -> None:
    text = script()
    assert f"fingerprint={FINGERPRINT}" in text
    assert "# Job new is not in Slurm's queue yet" in text
    assert four_racks.HOSTILE_NAME not in text and "calc" not in text


def test_apply_pins_in_order_and_raises_those_behind_a_waiting_job(slurm: Path) -> None:
    done = run(slurm, script(), "apply")
    assert done.returncode == 0, done.stderr
    assert (slurm / "log").read_text().splitlines() == [
        "update JobId=101 ReqNodeList=rack4n01",
        "update JobId=102 ReqNodeList=rack3n[01-08,10-17]",
        "update JobId=103 ReqNodeList=rack2n[11-18],rack4n[02-09]",
        "update JobId=104 ReqNodeList=rack1n[06-11,13-18]",
        "update JobId=104 Priority=62",
    ]


def test_check_changes_nothing(slurm: Path) -> None:
    done = run(slurm, script(), "check")
    assert (done.returncode, done.stdout) == (0, "nothing has changed\n")
    assert (slurm / "log").read_text() == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("jobs/103 RUNNING 16", "job 103: wanted PENDING 16, found RUNNING 16"),
        ("jobs/103 PENDING 20", "job 103: wanted PENDING 16, found PENDING 20"),
        ("busy/rack2n13 x x", "only 15 of 16 nodes are idle: rack2n[11-18],rack4n[02-09]"),
    ],
)
def test_apply_stops_at_the_first_surprise(slurm: Path, change: str, message: str) -> None:
    name, rest = change.split(maxsplit=1)
    (slurm / name).write_text(rest + "\n")
    done = run(slurm, script(), "apply")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"stopped: {message}"
    assert (slurm / "log").read_text() == ""


def test_apply_stops_when_a_job_is_gone(slurm: Path) -> None:
    (slurm / "jobs" / "104").unlink()
    done = run(slurm, script(), "apply")
    assert done.returncode == 1 and "stopped: no job 104" in done.stderr


def test_undo_restores_pending_jobs_only(slurm: Path) -> None:
    (slurm / "jobs" / "101").write_text("RUNNING 1\n")
    done = run(slurm, script(), "undo")
    assert done.returncode == 0
    assert "job 101 is left as it is: RUNNING" in done.stdout
    assert (slurm / "log").read_text().splitlines() == [
        "update JobId=102 ReqNodeList=",
        "update JobId=103 ReqNodeList=",
        "update JobId=104 ReqNodeList=rack1n06",
        "update JobId=104 Priority=30",
    ]


def test_usage_without_an_action(slurm: Path) -> None:
    assert run(slurm, script()).returncode == 2


def test_raised_priority_stays_settable(slurm: Path) -> None:
    instance = four_racks.instance()
    jobs = tuple(replace(job, priority=MAX_PRIORITY) for job in instance.jobs)
    text = slurm_script(replace(instance, jobs=jobs), four_racks.result(), FINGERPRINT)
    assert f"raise 104 {MAX_PRIORITY}" in text


def test_state_after_a_start_charges_its_layers() -> None:
    instance, placement = four_racks.instance(), four_racks.result().plan.placements[0]
    jobs = (replace(instance.jobs[0], licenses=(("power", 7),)), *instance.jobs[1:])
    after = after_start(replace(instance, jobs=jobs), placement, Legality.DOCUMENTED)
    assert after.used["power"] == (21,)
    assert 54 in after.occupied and "101" not in after.job_with_id
