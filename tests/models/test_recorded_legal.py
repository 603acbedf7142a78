"""Every allocation that a real Slurm 26.11 made is legal."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rackwright.models.formats.recordings import Outcome, QueueOutcome, read_recordings
from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement, Plan
from rackwright.models.rules import find_segments, held_nodes, verify

FILES = (
    *(f"decisions/decisions_{kind}" for kind in ("block", "ring", "torus3d", "tree", "hres")),
    *(f"vectors/{kind}" for kind in ("block", "block_hres_mode3", "ring", "torus3d")),
    *(f"vectors/{kind}" for kind in ("tree", "tree_dragonfly", "flat")),
)
# 26.11 does not keep exclusive jobs apart on these kinds (docs/legality.md).
NOT_EXCLUSIVE = {"torus3d", "tree"}
EXCLUSIVE_RULES = {"exclusive_wanted", "exclusive_held"}


def judge(state: Instance, starts: dict[int, frozenset[int]], legality: Legality) -> set[str]:
    """Rules broken by the starts, by index in the queue; ``no cut`` where none exists."""
    placements = []
    for index, nodes in starts.items():
        job = state.jobs[index]
        partition = state.partitions_of(job)[0]
        segments = find_segments(state, job, partition, nodes, legality)
        if segments is None:
            return {"no cut"}
        placements.append(Placement(job.job_id, segments, partition.name))
    return {violation.rule for violation in verify(state, Plan(tuple(placements)), legality)}


@pytest.mark.parametrize("file", FILES)
def test_recorded_allocations_are_legal(shared_data: Path, file: str) -> None:
    found: Counter[str] = Counter()
    for record in read_recordings(shared_data / f"{file}.jsonl.gz"):
        assert isinstance(record.outcome, Outcome)
        if record.outcome.nodes is None:
            continue
        starts = {0: record.outcome.nodes}
        assert judge(record.instance, starts, Legality.SLURM_26_11) == set(), record.id
        broken = judge(record.instance, starts, Legality.DOCUMENTED)
        allowed = EXCLUSIVE_RULES if record.kind in NOT_EXCLUSIVE else set()
        assert broken <= allowed, record.id
        found["legal" if not broken else "exclusive"] += 1
    assert found["legal"] > 400


@pytest.mark.parametrize("kind", ["block", "ring"])
def test_held_nodes_are_what_slurm_shows_as_blocked(shared_data: Path, kind: str) -> None:
    held_somewhere = 0
    for record in read_recordings(shared_data / "decisions" / f"decisions_{kind}.jsonl.gz"):
        state = record.instance
        topology = state.cluster.topologies[0]
        told = replace(state, blocked=frozenset())
        held = held_nodes(told, topology, Legality.SLURM_26_11) & told.free
        # Drained nodes of a held unit are not always shown as BLOCKED.
        assert held == state.blocked & told.free, record.id
        held_somewhere += bool(held)
    assert held_somewhere > 10


def test_recorded_queues_are_legal(shared_data: Path) -> None:
    started = 0
    for record in read_recordings(shared_data / "batches" / "batches.jsonl.gz"):
        assert isinstance(record.outcome, QueueOutcome)
        started += len(record.outcome.starts)
        for legality in Legality:
            assert judge(record.instance, dict(record.outcome.starts), legality) == set()
    assert started > 1000
