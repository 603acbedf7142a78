"""The replay with Slurm's emulated schedulers against a real controller's queues."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rackwright.heuristics.registry import HEURISTICS
from rackwright.heuristics.replay import Admission, Outage, ReplayJob, ReplayOptions, replay
from rackwright.models.formats.recordings import QueueOutcome, Recording, read_recordings
from rackwright.models.legality import Legality

ENGINES = {"builtin": "slurm", "backfill": "slurm-backfill"}
# Whole queues, every start on every node.
AGREEMENT = {"builtin": 1.0, "backfill": 0.98}


def replayed_starts(recording: Recording) -> dict[int, frozenset[int]]:
    """Index in the queue to the nodes given at second 0."""
    assert isinstance(recording.outcome, QueueOutcome)
    instance = recording.instance
    # The controller's clock starts at 0; running jobs started shortly before.
    now = instance.now_s or 0
    running = [
        (
            replace(
                held,
                job=replace(
                    held.job,
                    start_s=None if held.job.start_s is None else held.job.start_s - now,
                ),
            ),
            10**9,
        )
        for held in instance.running
    ]
    jobs = [ReplayJob(replace(job, submit_s=0, start_s=None), 10**6) for job in instance.jobs]
    result = replay(
        instance.cluster,
        jobs,
        HEURISTICS[ENGINES[recording.outcome.scheduler]].placer,
        ReplayOptions(
            admission=Admission.JOINT,
            depth=10_000,
            legality=Legality.SLURM_26_11,
            shows_running=True,
        ),
        outages=[
            Outage(node, 0, 10**9, is_planned=True)
            for node in sorted(instance.unavailable | instance.allocated)
        ],
        running=running,
        until_s=0,
    )
    numbers = {job.job_id: number for number, job in enumerate(instance.jobs)}
    return {numbers[job_id]: frozenset(nodes) for job_id, nodes in result.starts.items()}


def agreement(recordings: list[Recording]) -> float:
    equal = 0
    for recording in recordings:
        assert isinstance(recording.outcome, QueueOutcome)
        equal += replayed_starts(recording) == dict(recording.outcome.starts)
    return equal / len(recordings)


@pytest.fixture(scope="module")
def recordings(shared_data: Path) -> list[Recording]:
    return list(read_recordings(shared_data / "batches" / "batches.jsonl.gz"))


@pytest.mark.parametrize("scheduler", ENGINES)
def test_some_recorded_queues(recordings: list[Recording], scheduler: str) -> None:
    chosen = [
        recording
        for recording in recordings
        if isinstance(recording.outcome, QueueOutcome) and recording.outcome.scheduler == scheduler
    ][::8]
    different = {
        recording.id
        for recording in chosen
        if isinstance(recording.outcome, QueueOutcome)
        and replayed_starts(recording) != dict(recording.outcome.starts)
    }
    assert different == set()


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ENGINES)
def test_all_recorded_queues(recordings: list[Recording], scheduler: str) -> None:
    chosen = [
        recording
        for recording in recordings
        if isinstance(recording.outcome, QueueOutcome) and recording.outcome.scheduler == scheduler
    ]
    share = agreement(chosen)
    print(f"{scheduler}: {share:.1%} of {len(chosen)} queues")
    assert share >= AGREEMENT[scheduler]
