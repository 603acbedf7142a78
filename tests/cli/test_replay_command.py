"""``rackwright replay`` from the command line, on a trace of our own."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rackwright.cli.main import app
from rackwright.cli.replay_table import duration

DEMO = Path(__file__).resolve().parents[2] / "datasets" / "demo" / "topology.yaml"
# GPUs, so that trays of 4 are made of them; job d crosses blocks, job e never ran.
TRACE = """job_id,submit_s,runtime_s,gpus
a,0,100,72
b,10,50,288
c,20,30,4
d,30,40,128
e,40,0,4
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(TRACE)
    return path


def run(trace: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(
        app,
        ["replay", "--topology", str(DEMO), "--trace", str(trace), "--workers", "1", *arguments],
    )
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_table_explains_itself(trace: Path) -> None:
    text = run(trace, "--engine", "greedy", "--engine", "first-fit")
    assert "wait: mean and 95th percentile from submission to first start" in text
    assert "first-fit" in text


def test_figures_by_hand(trace: Path) -> None:
    """b needs all 72 nodes and starts when a ends; c and d run before that."""
    (row,) = json.loads(run(trace, "--json", "--limit-factor", "1"))
    figures = row["summary"]
    assert figures["jobs"] == figures["finished"] == 4
    assert figures["makespan_s"] == 150
    assert figures["wait_mean_s"] == pytest.approx((0 + 90 + 0 + 0) / 4)
    work = 18 * 100 + 72 * 50 + 1 * 30 + 32 * 40
    assert figures["utilisation"] == pytest.approx(work / (72 * 150), abs=1e-5)
    crossing = 72 * 50 + 32 * 40
    assert figures["crossing_node_time"] == pytest.approx(crossing / work, abs=1e-5)


def test_details_are_written_and_a_file_is_continued(trace: Path, tmp_path: Path) -> None:
    rows, details = tmp_path / "rows.jsonl", tmp_path / "details"
    arguments = ["--output", str(rows), "--details", str(details)]
    run(trace, "--admission", "strict", *arguments)
    before = rows.read_text()
    run(trace, "--admission", "strict", "--admission", "easy", *arguments)
    assert rows.read_text().startswith(before)
    assert len(rows.read_text().splitlines()) == 2
    jobs = list(csv.DictReader(io.StringIO((details / "greedy-easy-jobs.csv").read_text())))
    assert [job["job_id"] for job in jobs] == ["a", "b", "c", "d"]
    assert [job["blocks"] for job in jobs] == ["1", "4", "1", "2"]
    series = (details / "greedy-strict-series.csv").read_text()
    assert series.startswith("time_s,busy,free,away,reserved_idle,waiting,power_w,usable_4")


def test_another_setup_never_continues_the_rows_of_this_one(trace: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    run(trace, "--output", str(rows))
    run(trace, "--output", str(rows), "--limit-factor", "3")
    cells = [json.loads(line)["cell"] for line in rows.read_text().splitlines()]
    assert len(set(cells)) == 2


def test_outages_from_a_file(trace: Path, tmp_path: Path) -> None:
    outages = tmp_path / "outages.csv"
    outages.write_text("node,down_s,up_s,planned\nrack[1-4]n[01-18],50,60,\n")
    (row,) = json.loads(run(trace, "--json", "--outages", str(outages)))
    assert row["summary"]["restarts"] >= 1
    outages.write_text("node,down_s,up_s\nrack9n01,5,9\nrack1n01,9,5\n,x,y\n")
    run(trace, "--outages", str(outages), code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--engine", "nobody"],
        ["--segments", "some"],
        ["--engine", "slurm-backfill"],
        ["--unavailable", "nowhere"],
    ],
)
def test_wrong_usage_is_told(trace: Path, arguments: list[str]) -> None:
    run(trace, *arguments, code=2)


def test_durations_read_well() -> None:
    assert [duration(value) for value in (5, 600, 9000, 200_000)] == [
        "5 s",
        "10 min",
        "2.5 h",
        "2.3 d",
    ]
