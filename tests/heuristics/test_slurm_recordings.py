"""The emulator against recordings of the real Slurm 26.11: every decision and every node."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from rackwright.heuristics.slurm import choose, select_only, slurm, slurm_backfill
from rackwright.heuristics.slurm.backfill import Timetable
from rackwright.heuristics.slurm.state import State
from rackwright.heuristics.slurm.will_run import Planned
from rackwright.models.cluster import Partition
from rackwright.models.formats.recordings import Outcome, QueueOutcome, Recording, read_recordings
from rackwright.models.hostlist import expand
from rackwright.models.job import Job
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


@pytest.mark.parametrize("name", ["queues", "backfilled"])
def test_sampled_queues(name: str) -> None:
    queues = list(read_recordings(SAMPLE / f"{name}.jsonl.gz"))
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
    assert differences(islice(read_recordings(path), 0, None, 20)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", VECTORS)
def test_all_vectors(shared_data: Path, kind: str) -> None:
    assert differences(read_recordings(shared_data / "vectors" / f"{kind}.jsonl.gz")) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", DECISIONS)
def test_all_decisions(shared_data: Path, kind: str) -> None:
    path = shared_data / "decisions" / f"decisions_{kind}.jsonl.gz"
    assert differences(read_recordings(path)) == []


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
def test_all_backfilled_queues(shared_data: Path) -> None:
    recordings = read_recordings(shared_data / "batches" / "batches.jsonl.gz")
    backfilled = [
        recording
        for recording in recordings
        if isinstance(recording.outcome, QueueOutcome)
        and recording.outcome.scheduler == "backfill"
    ]
    assert len(backfilled) > 100
    assert {recording.id for recording in backfilled if not same_starts(recording)} == set()


class PlansKept(Timetable):
    """Remembers the last reservation of every job: start from the first cycle, and nodes."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.began_s = self.now_s
        self.plans: dict[str, tuple[int, frozenset[int]]] = {}
        TIMETABLES.append(self)

    def reserve(self, job: Job, partition: Partition, planned: Planned) -> None:
        super().reserve(job, partition, planned)
        held = frozenset(np.flatnonzero(self._held(job, partition, planned)).tolist())
        self.plans[job.job_id] = planned.start_s - self.began_s, held


TIMETABLES: list[PlansKept] = []


def test_waiting_jobs_are_planned_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start and nodes of every reservation; Slurm's minutes begin at an unknown second."""
    monkeypatch.setattr("rackwright.heuristics.slurm.queue.Timetable", PlansKept)
    path = SAMPLE / "backfilled.jsonl.gz"
    with gzip.open(path, "rt") as lines:
        records = [json.loads(line) for line in lines]
    compared = 0
    for recording, record in zip(read_recordings(path), records, strict=True):
        slurm_backfill(recording.instance, OPTIONS)
        plans = TIMETABLES.pop().plans
        names = recording.instance.cluster.names
        for number, each in enumerate(record["queue"]):
            result = each["result"]
            if result["planned_nodes"] is None:
                continue
            compared += 1
            start_s, nodes = plans[str(number)]
            where = recording.id, number
            assert set(names(nodes)) == set(expand(result["planned_nodes"])), where
            assert abs(start_s - result["planned_start_s"]) <= 60, where
    assert compared > 50
