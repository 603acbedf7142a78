"""``rackwright bench`` and ``rackwright datasets`` from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rackwright.cli.bench_cells import Cell, Contradiction, OptimumCheck, list_cells
from rackwright.cli.bench_summary import summarise
from rackwright.cli.main import app
from rackwright.models.errors import InputError
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective

FAST = ["--engine", "optimal", "--engine", "greedy", "--engine", "worst-fit", "--workers", "1"]
SMALL = ["--dataset", "demo", "--dataset", "adversarial/best-fit"]


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_table_says_what_a_newcomer_needs() -> None:
    text = run("bench", *SMALL, *FAST)
    prose = " ".join(text.split())
    assert "weighted: weight x nodes of the jobs that start; 2 instances" in text
    assert "2 of 2 proven" in prose
    assert "what the engine leaves undone, in percent of the optimum" in prose
    optimal = next(line for line in text.splitlines() if line.strip().startswith("optimal"))
    assert "100%" in optimal


def test_rows_are_complete_and_deterministic(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    run("bench", *SMALL, *FAST, "--output", str(path))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 2 * 2 * 3
    for row in rows:
        assert {"python", "ortools", "rackwright", "cpus"} <= row["environment"].keys()
        assert row["version"] == 1
        assert [term["term"] for term in row["terms"]][1:] == ["usable_capacity", "blocks_touched"]
    again = tmp_path / "again.jsonl"
    run("bench", *SMALL, *FAST, "--output", str(again), "--workers", "2")
    without_time = [
        [{**json.loads(line), "wall_s": 0} for line in file.read_text().splitlines()]
        for file in (path, again)
    ]
    assert without_time[0] == without_time[1]


def test_shards_merge_to_the_same_table(tmp_path: Path) -> None:
    whole = run("bench", *SMALL, *FAST, "--json")
    files = []
    for number in (1, 2, 3):
        files.append(str(tmp_path / f"{number}.jsonl"))
        run("bench", *SMALL, *FAST, "--shard", f"{number}/3", "--output", files[-1])
    merged = run("bench", *SMALL, *FAST, "--json", *[w for f in files for w in ("--merge", f)])

    def timeless(text: str) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in record.items() if not key.startswith("time")}
            for record in json.loads(text)
        ]

    assert timeless(merged) == timeless(whole)


def test_csv_and_html(tmp_path: Path) -> None:
    page, rows = tmp_path / "bench.html", tmp_path / "rows.csv"
    text = run("bench", *SMALL, *FAST, "--csv", "--html", str(page), "--rows-csv", str(rows))
    records = list(csv.DictReader(io.StringIO(text)))
    assert {record["engine"] for record in records} == {"optimal", "greedy", "worst-fit"}
    flat = list(csv.DictReader(io.StringIO(rows.read_text())))
    assert len(flat) == 2 * 2 * 3 * 3
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert "Plotly.newPlot" in html and 'id="plot0"' in html
    assert "<script src" not in html and "<link" not in html  # nothing is loaded from elsewhere
    assert "worst-fit" in html


def test_a_queue_of_ones_own(tmp_path: Path) -> None:
    demo = Path(__file__).resolve().parents[2] / "datasets" / "demo"
    files = [
        *("--topology", str(demo / "topology.yaml")),
        *("--nodes", str(demo / "nodes.csv")),
        *("--jobs", str(demo / "jobs.yaml")),
    ]
    records = json.loads(run("bench", *files, *FAST, "--json", "--workers", "1"))
    assert {record["instances"] for record in records} == {1}
    broken = tmp_path / "jobs.yaml"
    broken.write_text("- job_id: 1\n  nodes: many\n")
    run("bench", *files[:4], "--jobs", str(broken), code=2)


def test_engines_are_compared_only_where_they_apply() -> None:
    records = json.loads(
        run(
            *("bench", "--dataset", "demo", "--dataset", "torus", "--workers", "1"),
            *("--engine", "optimal", "--engine", "tpu-cuboid-firstfit", "--json"),
        )
    )
    cuboid = [record for record in records if record["engine"] == "tpu-cuboid-firstfit"]
    assert {(record["instances"], record["unsupported"]) for record in cuboid} == {(1, 1)}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dataset", "nowhere"],
        ["--engine", "nobody"],
        ["--seeds", "x"],
        ["--seeds", "4-2"],
        ["--shard", "3/2"],
        ["--output", "/no/such/folder/rows.jsonl"],
    ],
)
def test_wrong_usage_is_told_before_anything_runs(arguments: list[str]) -> None:
    run("bench", *arguments, code=2)


def test_list_names_instances_and_engines() -> None:
    text = run("bench", "--list")
    assert "adversarial/first-block" in text
    assert "mixed-16" in text and "kueue-bestfit" in text
    assert "by description only" in text and "here: no virtual clusters" in text


def row(engine: str, *terms: tuple[str, Any, Any]) -> dict[str, Any]:
    return {
        "dataset": "d",
        "seed": 0,
        "objective": "weighted",
        "legality": "documented",
        "engine": engine,
        "status": "optimal",
        "wall_s": 0.1,
        "terms": [
            {"term": name, "value": value, "bound": bound, "proven": value == bound}
            | ({"minimised": True} if name == "blocks_touched" else {})
            for name, value, bound in terms
        ],
    }


BEST = row(
    "optimal", ("weighted", 100, 100), ("usable_capacity", 50, 50), ("blocks_touched", 5, 5)
)


@pytest.mark.parametrize(
    ("terms", "is_wrong"),
    [
        ((("weighted", 101, None),), True),
        ((("weighted", 99, None), ("usable_capacity", 60, None)), False),
        ((("weighted", 100, None), ("usable_capacity", 51, None)), True),
        (
            (("weighted", 100, None), ("usable_capacity", 50, None), ("blocks_touched", 4, None)),
            True,
        ),
        (
            (("weighted", 100, None), ("usable_capacity", 50, None), ("blocks_touched", 6, None)),
            False,
        ),
    ],
)
@pytest.mark.parametrize("optimum_first", [True, False])
def test_a_heuristic_that_beats_a_proof_stops_the_run(
    terms: tuple[tuple[str, Any, Any], ...], is_wrong: bool, optimum_first: bool
) -> None:
    rows = [BEST, row("greedy", *terms)]
    check = OptimumCheck()
    if not is_wrong:
        for entry in rows:
            check(entry)
        return
    with pytest.raises(Contradiction, match="greedy reaches"):
        for entry in rows if optimum_first else reversed(rows):
            check(entry)


def test_contradictions_in_merged_shards_exit_with_1(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [BEST | {"cell": "a"}, row("greedy", ("weighted", 101, None)) | {"cell": "b"}]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
    run("bench", "--merge", str(path), code=1)


def test_gaps_are_to_the_bound_where_there_is_no_proof() -> None:
    optimum = row("optimal", ("weighted", 90, 100))
    (summary,) = summarise([optimum, row("greedy", ("weighted", 80, None))])
    gaps = {engine.engine: engine.gaps for engine in summary.engines}
    assert gaps == {"optimal": (0.1,), "greedy": (0.2,)}
    assert (summary.num_proven, summary.num_instances) == (0, 1)


def test_cells_are_a_deterministic_list() -> None:
    def cells() -> dict[str, Cell]:
        return list_cells(
            None, ["greedy", "optimal"], [3, 1], [Objective.WEIGHTED], Legality.DOCUMENTED
        )

    first = cells()
    assert list(first) == list(cells())
    keys = list(first)
    assert keys[0] == "demo 3 weighted documented optimal"
    assert keys.index("mixed-16 1 weighted documented greedy") > keys.index(
        "mixed-16 3 weighted documented greedy"
    )
    with pytest.raises(InputError, match="no engine 'x'"):
        list_cells(None, ["x"], [0], [], Legality.DOCUMENTED)


def test_datasets_lists_describes_and_copies(tmp_path: Path) -> None:
    text = run("datasets")
    assert "busy-queue" in text and "philly-2017" in text
    assert "CC-BY-4.0" in run("datasets", "helios-2020")
    assert run("datasets", "demo").startswith("# demo")
    run("datasets", "demo", "--copy", "--to", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "jobs.yaml",
        "nodes.csv",
        "topology.yaml",
    ]
    kinds = {record["kind"] for record in json.loads(run("datasets", "--json"))}
    assert kinds == {"shipped", "public"}
    run("datasets", "nowhere", code=2)
    run("datasets", "--download", code=2)


def test_an_instance_is_made_again_byte_by_byte(tmp_path: Path) -> None:
    name = "adversarial/one-node-first"
    run("datasets", name, "--regenerate", "--to", str(tmp_path))
    shipped = Path(__file__).resolve().parents[2] / "datasets" / name
    for path in (tmp_path / name).iterdir():
        if path.name == "optimum.json":  # names the versions of the day
            made, kept = (json.loads(file.read_text()) for file in (path, shipped / path.name))
            assert made["objective"] == kept["objective"]
        elif path.name != "gaps.csv":
            assert path.read_bytes() == (shipped / path.name).read_bytes()
