"""``rackwright conformance`` on a sample of the recordings of a real Slurm."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rackwright.cli.conformance_answers import START, JobRow, QueueRow, answers
from rackwright.cli.conformance_tally import Tallies
from rackwright.cli.main import app
from rackwright.models.legality import Legality
from rackwright.models.plan import PlanOptions

RECORDINGS = Path(__file__).resolve().parents[1] / "data" / "recordings"
DECISIONS = RECORDINGS / "decisions.jsonl.gz"
VECTORS = RECORDINGS / "vectors.jsonl.gz"
QUEUES = RECORDINGS / "queues.jsonl.gz"


def conformance(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["conformance", *map(str, arguments)])


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_slurm_predicts_decision_and_nodes(tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    done = conformance(
        DECISIONS, VECTORS, "--engine", "slurm", "--legality", "slurm-26.11", "--output", output
    )
    assert done.exit_code == 0, done.stderr
    recorded = [json.loads(line) for line in gzip.open(DECISIONS, "rt")]
    crashes = [each for each in recorded if each["outcome"]["decision"] == "controller_crash"]
    rows = rows_of(output)
    assert len(rows) == len(recorded) - len(crashes) + 140
    by_id = {(row["file"], row["id"]): row for row in rows}
    for each in recorded:
        outcome = each["outcome"]
        if outcome["decision"] == "controller_crash":
            continue
        row = by_id[DECISIONS.name, each["id"]]
        assert set(row) == {"file", "id", "decision", "nodelist", "recorded_is_legal"}
        assert (row["decision"], row["nodelist"]) == (outcome["decision"], outcome["nodelist"])
        assert row["recorded_is_legal"] is (True if outcome["nodelist"] else None)


def test_queue_rows_name_the_scheduler_and_the_starts(tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    conformance(QUEUES, "--engine", "slurm", "--output", output, "--min-agreement", "0")
    rows = rows_of(output)
    assert {row["scheduler"] for row in rows} == {"builtin", "backfill"}
    for row in rows:
        assert set(row) == {"file", "id", "scheduler", "starts"}


@pytest.mark.parametrize("legality", ["documented", "slurm-26.11"])
def test_optimal_finds_every_recorded_block_start(legality: str) -> None:
    done = conformance(VECTORS, "--engine", "optimal", "--legality", legality, "--json")
    assert done.exit_code == 0, done.stderr
    tallies = {tally["kind"]: tally for tally in json.loads(done.stdout)}
    assert len(tallies) == 7
    assert all(tally["missed_starts"] == 0 for tally in tallies.values())


def test_optimal_queue_is_never_worse_than_the_controller() -> None:
    done = conformance(QUEUES, "--engine", "optimal", "--json")
    assert done.exit_code == 0, done.stderr
    tallies = json.loads(done.stdout)
    assert sum(tally["queues_worse"] for tally in tallies) == 0
    assert sum(tally["records"] for tally in tallies) == 8


def test_extra_starts_are_listed_with_the_failing_step() -> None:
    done = conformance(DECISIONS, "--engine", "optimal", "--list-extra", "--min-agreement", "0")
    extra = [line for line in done.stdout.splitlines() if line.startswith("extra start: ")]
    assert all("Slurm gave up at " in line for line in extra)


def test_disagreement_is_exit_1(tmp_path: Path) -> None:
    record = next(
        record
        for line in gzip.open(DECISIONS, "rt")
        if (record := json.loads(line))["outcome"]["decision"] == "pending"
    )
    record["outcome"] |= {"decision": "rejected"}
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(record) + "\n")
    done = conformance(path, "--engine", "slurm")
    assert done.exit_code == 1 and "agreement 0.0000% is below 100.0000%" in done.stderr
    assert conformance(path, "--engine", "slurm", "--min-agreement", "0").exit_code == 0


def test_illegal_recorded_allocation_is_exit_1(tmp_path: Path) -> None:
    record = next(
        record
        for line in gzip.open(DECISIONS, "rt")
        if (record := json.loads(line))["outcome"]["nodelist"] and record["unavailable"]
    )
    record["outcome"]["nodelist"] = record["unavailable"]
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(record) + "\n")
    done = conformance(path, "--engine", "slurm", "--min-agreement", "0")
    assert done.exit_code == 1 and "recorded allocations are illegal" in done.stderr


def test_malformed_record_is_exit_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": 1}\n')
    done = conformance(path)
    assert done.exit_code == 2
    assert "bad.jsonl: line 1: none of the known forms" in done.stderr


def test_tally_counts_missed_and_extra_starts() -> None:
    tallies = Tallies(is_slurm_like=False)
    for recorded, decision in ((START, START), (START, "pending"), ("pending", START)):
        is_same = recorded == decision
        tallies.add(JobRow("k", "f", "1", recorded, decision, None, is_same, None))
    (tally,) = tallies.each
    assert (tally.missed, tally.extra, tally.equal, tally.agreement) == (1, 1, 1, 0.5)


def test_tally_compares_start_vectors() -> None:
    tallies = Tallies(is_slurm_like=False)
    for planned in ("110", "101", "011"):
        tallies.add(QueueRow("q", "f", "1", "builtin", {}, "101", planned, False, 1, True))
    (tally,) = tallies.each
    assert (tally.better, tally.worse, tally.extra_nodes) == (1, 1, 3)


@pytest.mark.parametrize("legality", list(Legality))
def test_every_recorded_allocation_is_judged_legal(shared_data: Path, legality: Legality) -> None:
    path = shared_data / "decisions" / "decisions_ring.jsonl.gz"
    verdicts = [row.is_legal for row in answers(path, "slurm", PlanOptions(legality=legality))]
    assert False not in verdicts and "undecided" not in verdicts
