"""The commands of README and tutorial do what the text says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rackwright.cli.main import app

REPOSITORY = Path(__file__).resolve().parents[2]


def code_blocks(file: str) -> list[str]:
    text = (REPOSITORY / file).read_text()
    return re.findall(r"^```\w*\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def run(line: str) -> Result:
    words = shlex.split(line.rpartition("&&")[2])
    assert words[0].endswith("rackwright")
    return CliRunner().invoke(app, words[1:])


def test_readme_plans_the_demo_to_proven_optimality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    (line,) = [
        block
        for block in code_blocks("README.md")
        if "rackwright plan" in block and "venv" in block
    ]
    done = run(line)
    assert done.exit_code == 0, done.stderr
    assert "PROVEN OPTIMAL  5 of 6 pending jobs start on 53 nodes" in done.stdout
    assert re.search(r"^rack1 ", done.stdout, flags=re.MULTILINE)


def test_readme_tests_as_the_ci_does() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text()
    (line,) = [block for block in code_blocks("README.md") if "pytest" in block]
    installed, _, tests = line.strip().partition(" && .venv/bin/pytest")
    assert "'.[dev]'" in installed and "'.[dev]'" in ci
    assert f"step pytest{tests}\n" in ci


def test_tutorial_plan_is_the_one_made_by_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    topology, jobs, command, third_job, *_ = code_blocks("docs/tutorial.md")
    Path("topology.yaml").write_text(topology)
    Path("jobs.yaml").write_text(jobs)
    done = run(command)
    assert done.exit_code == 0, done.stderr
    assert "PROVEN OPTIMAL  2 of 2 pending jobs start on 30 nodes" in done.stdout
    assert re.search(r"r1 ××××.*2   r2 [AB]{18}   0", done.stdout)  # noqa: RUF001
    Path("jobs.yaml").write_text(jobs + third_job)
    assert re.search(r"Job 3 \(19 nodes\) waits: ", run(command).stdout)
