"""The emulator against recordings of the real Slurm 26.11: every decision and every node."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from rackwright.heuristics.slurm import choose, select_only, slurm, slurm_backfill
from rackwright.models.formats.recordings import Outcome, QueueOutcome, Recording, read_recordings
from rackwright.models.legality import Legality
from rackwright.models.plan import PlanOptions

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "recordings"
OPTIONS = PlanOptions(legality=Legality.SLURM_26_11)
VECTORS = (
    "block",
    "block_hres_mode3",
    "flat",
    "ring",
    "torus3d",
    "tree",
    "tree_dragonfly",
)
DECISIONS = ("block", "hres", "ring", "torus3d", "tree")
# Traced in docs/conformance.md: which of two equally near leaves fills up an allocation with
# four required nodes.
KNOWN_DIFFERENCES = {"tree-34-0-10"}


def differences(recordings: Iterable[Recording]) -> list[str]:
    """Identifiers of the vectors and decisions that the emulator answers otherwise."""
    found = []
    compared = 0
    for recording in recordings:
        outcome = recording.outcome
        assert isinstance(outcome, Outcome)
        if outcome.decision == "controller_crash":
            continue
        compared += 1
        ask = select_only if recording.source == "vectors" else choose
        answer = ask(recording.instance, recording.job)
        nodes = frozenset(answer.nodes) if answer.starts else None
        if (answer.decision, nodes) != (outcome.decision, outcome.nodes):
            found.append(recording.id)
    assert compared > 10
    return found


def same_starts(recording: Recording) -> bool:
    """Whether the emulated scheduler starts the same jobs on the same nodes."""
    outcome = recording.outcome
    assert isinstance(outcome, QueueOutcome)
    engine = slurm_backfill if outcome.scheduler == "backfill" else slurm
    placements = engine(recording.instance, OPTIONS).plan.placements
    starts = {int(each.job_id): frozenset(each.nodes) for each in placements}
    return starts == dict(outcome.starts)


@pytest.mark.parametrize("name", ["decisions", "vectors"])
def test_sample(name: str) -> None:
    assert differences(read_recordings(SAMPLE / f"{name}.jsonl.gz")) == []


def test_sampled_queues() -> None:
    queues = list(read_recordings(SAMPLE / "queues.jsonl.gz"))
    assert queues
    assert {queue.id for queue in queues if not same_starts(queue)} == set()


def test_refused_vectors_name_the_same_error() -> None:
    refused = 0
    for recording in read_recordings(SAMPLE / "vectors.jsonl.gz"):
        outcome = recording.outcome
        assert isinstance(outcome, Outcome)
        answer = select_only(recording.instance, recording.job)
        assert (answer.code, answer.error) == (outcome.code, outcome.error), recording.id
        refused += outcome.code != 0
    assert refused > 10


def test_waiting_decisions_name_the_same_reason() -> None:
    waiting = 0
    for recording in read_recordings(SAMPLE / "decisions.jsonl.gz"):
        outcome = recording.outcome
        assert isinstance(outcome, Outcome)
        if outcome.decision == "pending":
            waiting += 1
            assert choose(recording.instance, recording.job).reason == outcome.reason, recording.id
    assert waiting > 10


@pytest.mark.parametrize("kind", VECTORS)
def test_every_tenth_vector(shared_data: Path, kind: str) -> None:
    path = shared_data / "vectors" / f"{kind}.jsonl.gz"
    assert differences(islice(read_recordings(path), 0, None, 10)) == []


@pytest.mark.parametrize("kind", DECISIONS)
def test_every_twentieth_decision(shared_data: Path, kind: str) -> None:
    path = shared_data / "decisions" / f"decisions_{kind}.jsonl.gz"
    assert set(differences(islice(read_recordings(path), 0, None, 20))) <= KNOWN_DIFFERENCES


@pytest.mark.slow
@pytest.mark.parametrize("kind", VECTORS)
def test_all_vectors(shared_data: Path, kind: str) -> None:
    assert differences(read_recordings(shared_data / "vectors" / f"{kind}.jsonl.gz")) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", DECISIONS)
def test_all_decisions(shared_data: Path, kind: str) -> None:
    path = shared_data / "decisions" / f"decisions_{kind}.jsonl.gz"
    assert set(differences(read_recordings(path))) <= KNOWN_DIFFERENCES


@pytest.mark.slow
def test_all_queues_of_the_main_scheduler(shared_data: Path) -> None:
    recordings = read_recordings(shared_data / "batches" / "batches.jsonl.gz")
    builtin = [
        recording
        for recording in recordings
        if isinstance(recording.outcome, QueueOutcome) and recording.outcome.scheduler == "builtin"
    ]
    assert len(builtin) > 100 and all(map(same_starts, builtin))


@pytest.mark.slow
def test_nine_in_ten_backfilled_queues(shared_data: Path) -> None:
    recordings = read_recordings(shared_data / "batches" / "batches.jsonl.gz")
    equal = [
        same_starts(recording)
        for recording in recordings
        if isinstance(recording.outcome, QueueOutcome)
        and recording.outcome.scheduler == "backfill"
    ]
    assert len(equal) > 100 and sum(equal) >= 0.9 * len(equal)
