"""``rackwright plan`` from files to output, and the exit codes of everything that can go wrong."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rackwright.cli import engines
from rackwright.cli import main as cli_main
from rackwright.heuristics.greedy import greedy
from rackwright.models.errors import SolverError
from rackwright.models.instance import Instance
from rackwright.models.plan import Interrupted, Plan, PlanOptions, PlanResult

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = REPOSITORY / "datasets" / "demo"
STATE = (
    *("--topology", str(DEMO / "topology.yaml")),
    *("--nodes", str(DEMO / "nodes.csv")),
    *("--jobs", str(DEMO / "jobs.yaml")),
)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli_main.app, list(arguments))


def plan(*options: str, engine: str = "greedy") -> Result:
    return invoke("plan", *STATE, "--engine", engine, *options)


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / ".imports")}
    return subprocess.run(
        [sys.executable, "-m", "rackwright.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )


def test_help_is_quick_and_imports_no_engine() -> None:
    fastest = min(_seconds_of_help() for _ in range(3))
    assert fastest < 0.5
    code = (
        "import sys, rackwright.cli.main as m\n"
        "try: m.app(['plan', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'ortools', 'pandas', 'networkx', 'numpy', 'plotly'} & set(sys.modules)\n"
        "sys.exit(bool(heavy))"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / ".imports")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def _seconds_of_help() -> float:
    """CPU seconds, so that a busy machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run_module("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("command", sorted(cli_main.COMMANDS))
def test_every_command_has_help(command: str) -> None:
    assert invoke(command, "--help").exit_code == 0


def test_version() -> None:
    assert invoke("--version").stdout.startswith("rackwright ")


def test_table_has_proof_and_map() -> None:
    done = plan()
    assert done.exit_code == 0, done.stderr
    assert "pending jobs start" in done.stdout
    assert "priority (max)" in done.stdout
    assert "rack1 " in done.stdout and "number: nodes left" in done.stdout
    assert "\x1b" not in done.stdout


def test_no_map() -> None:
    assert "number: nodes left" not in plan("--no-map").stdout


def test_json_follows_interfaces() -> None:
    document = json.loads(plan("--json").stdout)
    assert list(document) == [
        "version",
        "status",
        "engine",
        "legality",
        "seed",
        "limits",
        "wall_s",
        "versions",
        "fingerprint",
        "objective",
        "placements",
        "unplaced",
    ]
    assert len(document["fingerprint"]) == 64
    terms = [term["term"] for term in document["objective"]]
    assert terms == ["priority", "usable_capacity", "blocks_touched"]
    for row in document["placements"]:
        assert set(row) == {"job_id", "nodelist", "segments", "blocks"}
    for row in document["unplaced"]:
        assert set(row) == {"job_id", "reason", "rule", "message"}


def test_fingerprint_tells_whether_the_state_is_the_same() -> None:
    fingerprint = json.loads(plan("--json").stdout)["fingerprint"]
    same = plan("--expect", fingerprint)
    assert (same.exit_code, same.stdout) == (0, f"{fingerprint}\n")
    other = plan("--expect", fingerprint, "--unavailable", "rack4n01")
    assert other.exit_code == 1 and "not the one that the plan was made for" in other.stderr


def test_output_holds_the_json_while_the_table_is_printed(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    done = plan("--output", str(target))
    assert done.exit_code == 0 and "pending jobs start" in done.stdout
    assert json.loads(target.read_text())["version"] == 1
    assert os.listdir(tmp_path) == ["plan.json"]


def test_output_takes_the_format_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "plan.csv"
    done = plan("--csv", "--output", str(target))
    assert done.exit_code == 0 and done.stdout == ""
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert {row["job_id"] for row in rows} == {"101", "102", "103", "104", "105", "106"}


def test_same_seed_same_plan() -> None:
    def stable(text: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(text)
        return document | {"wall_s": 0}

    assert stable(plan("--json").stdout) == stable(plan("--json").stdout)


@pytest.mark.parametrize("objective", ["priority", "weighted", "throughput", "jobs"])
def test_objective_is_the_first_term(objective: str) -> None:
    done = plan("--json", "--objective", objective, "--mix", "4:3,16", "--locality")
    document = json.loads(done.stdout)
    assert document["objective"][0]["term"] == objective
    assert document["objective"][-1]["term"] == "locality"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mix", "4:0,x"), "--mix: '4:0'; wanted SIZE:WEIGHT, both positive integers"),
        (("--mix", "4,4"), "--mix: size 4 twice; wanted every size once"),
        (("--engine", "magic"), "--engine: 'magic'; wanted optimal, greedy"),
        (("--unavailable", "rack1n[01-"), "--unavailable: "),
        (("--legality", "mine"), "'mine' is not one of 'documented', 'slurm-26.11'"),
        (("--workers", "0"), "--workers"),
        (("--topology", "/nowhere/topology.yaml"), "does not exist"),
        (("--output", "/nowhere/plan.json"), "--output: no folder '/nowhere'; wanted a file"),
    ],
)
def test_bad_usage_is_exit_2_without_traceback(options: tuple[str, str], message: str) -> None:
    done = plan(*options)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_all_problems_of_a_file_are_told_one_per_line(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs.yaml"
    jobs.write_text("- {job_id: a, nodes: -1}\n- {job_id: b, nodes: 2, segmnt: 1}\n")
    done = invoke("plan", *STATE[:4], "--jobs", str(jobs), "--engine", "greedy")
    lines = done.stderr.splitlines()
    assert done.exit_code == 2 and len(lines) == 2
    assert all(line.startswith(f"rackwright: error: {jobs}: ") for line in lines)


def test_terminal_escapes_in_messages_are_shown(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs.yaml"
    jobs.write_text('- {job_id: a, nodes: 2, nodelist: "x\\e[2J"}\n')
    done = invoke("plan", *STATE[:4], "--jobs", str(jobs), "--engine", "greedy")
    assert done.exit_code == 2 and "\x1b" not in done.stderr


def _broken(instance: Instance, options: PlanOptions, **_: object) -> PlanResult:
    """Claims to start nothing but values it as if it had."""
    good = greedy(instance, options)
    return PlanResult(Plan(), "greedy", options, good.objective)


def test_wrong_claim_of_an_engine_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(engines, "_run_optimal", lambda *a: engines.checked(a[0], _broken(*a[:2])))
    done = plan(engine="optimal")
    assert done.exit_code == 70
    (report,) = tmp_path.iterdir()
    assert str(report) in done.stderr and len(done.stderr.splitlines()) == 1
    saved = json.loads(report.read_text())
    assert saved["arguments"][0] == "plan"
    assert len(saved["instance"]["cluster"]["nodes"]) == 72
    assert report.stat().st_mode & 0o077 == 0


def test_debug_raises_the_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_run_optimal", lambda *a: engines.checked(a[0], _broken(*a[:2])))
    done = plan("--debug", engine="optimal")
    assert isinstance(done.exception, SolverError)


def test_interrupted_run_prints_the_best_plan_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(instance: Instance, options: PlanOptions, _: object) -> PlanResult:
        raise Interrupted(greedy(instance, options))

    monkeypatch.setattr(engines, "_run_optimal", interrupted)
    done = plan("--json", engine="optimal")
    assert done.exit_code == 130
    assert json.loads(done.stdout)["engine"] == "greedy"
    assert "interrupted" in done.stderr


def test_interrupt_before_any_plan_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> PlanResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(engines, "_run_optimal", interrupted)
    done = plan("--json", engine="optimal")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "rackwright: interrupted\n")


def test_closed_pipe_is_quiet() -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / ".imports")}
    process = subprocess.Popen(
        [sys.executable, "-m", "rackwright.cli", "plan", *STATE, "--engine", "greedy", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()
