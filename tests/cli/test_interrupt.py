"""Ctrl-C: the first one ends the search and prints the best plan, a second one the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rackwright.datasets.colossus import colossus
from rackwright.datasets.writers import unavailable_hostlist, write_instance

REPOSITORY = Path(__file__).resolve().parents[2]
# A shell that starts the tests in the background makes them, and their children, ignore SIGINT.
LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
PLAN = LISTEN + "from rackwright.cli.main import main; main()"
TWICE = """
import time
from rackwright.cli.interrupt import first_interrupt_noted
with first_interrupt_noted() as stop:
    print("ready", flush=True)
    while not stop():
        time.sleep(0.01)
    print("noted", flush=True)
    time.sleep(600)
"""


def started(code: str, *arguments: str, stdout: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / ".imports")},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(folder: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Plan a hall that takes minutes, Ctrl-C at the first line of progress; code, stderr, plan."""
    hall = colossus(num_blocks=64, num_jobs=120, mix="all", partitions=3, power=True)
    write_instance(hall, folder)
    state = [
        *("--topology", f"{folder}/topology.yaml", "--nodes", f"{folder}/nodes.csv"),
        *("--jobs", f"{folder}/jobs.csv", "--resources", f"{folder}/resources.yaml"),
        *("--unavailable", unavailable_hostlist(hall)),
    ]
    output = folder / "plan.json"
    command = ["plan", *state, "--work", "1000", "--verbose", "--no-map", "--output", str(output)]
    with started(PLAN, *command, *options, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        assert any("rackwright: " not in line for line in process.stderr), "no progress"
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    return process.returncode, told, json.loads(output.read_text())


@pytest.mark.parametrize("objective", ["weighted", "priority"])
def test_exact_engine_gives_its_best_plan_with_the_gap(objective: str, tmp_path: Path) -> None:
    code, told, document = interrupted(tmp_path, "--objective", objective)
    assert code == 130
    assert told.count("interrupted") == 1 and "Traceback" not in told
    assert (document["engine"], document["status"]) == ("optimal", "feasible")
    first, second, *_ = document["objective"]
    assert document["placements"]
    assert first["bound"] > first["value"]
    assert second.get("bound") is None


def test_local_search_gives_its_best_plan(tmp_path: Path) -> None:
    code, told, document = interrupted(
        tmp_path, "--engine", "greedy+ls", "--objective", "weighted"
    )
    assert code == 130
    assert told.count("interrupted") == 1 and "Traceback" not in told
    assert document["engine"] == "greedy+ls" and document["placements"]


def test_second_interrupt_ends_the_process() -> None:
    with started(LISTEN + TWICE) as process:
        assert process.stdout is not None
        for expected in ("ready\n", "noted\n"):
            assert process.stdout.readline() == expected
            process.send_signal(signal.SIGINT)
    assert process.returncode == -signal.SIGINT
