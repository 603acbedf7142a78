"""A schedule that our own engines make yields no legality finding."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from recorded_schedules import random_jobs

from rackwright.heuristics.registry import HEURISTICS
from rackwright.heuristics.replay import Admission, ReplayJob, ReplayOptions, replay
from rackwright.models.audit import build_history, legality_findings
from rackwright.models.cluster import Cluster
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.hostlist import fold
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import Block, BlockTopology

SIZE = 6
BLOCKS = 8


def cluster() -> Cluster:
    """Eight blocks with a gap between the levels, under a cap in watts."""
    number = SIZE * BLOCKS
    blocks = tuple(Block(f"b{b}", tuple(range(b * SIZE, (b + 1) * SIZE))) for b in range(BLOCKS))
    hall = Layer(frozenset(range(number)), 10 * number - 40, name="hall")
    row = Layer(frozenset(range(number // 2)), 5 * number - 10, name="row")
    power = Resource("power", Mode.MODE_3, (hall, row), unit="W", idle_w=2)
    nodes = tuple(Node(f"n{i:02d}", power_w=10) for i in range(number))
    return Cluster(nodes, (BlockTopology("default", SIZE, (0, 1, 3), blocks),), resources=(power,))


@pytest.mark.parametrize("legality", Legality)
@pytest.mark.parametrize("name", ["greedy", "slurm"])
def test_replayed_schedules_are_legal(name: str, legality: Legality) -> None:
    machine = cluster()
    jobs = random_jobs(Random(name), 80, sizes=(1, 2, 3, 4, 6, 8, 12, 18), gap_s=500)
    options = ReplayOptions(admission=Admission.EASY, legality=legality)
    entries = [ReplayJob(job, max(length, 1)) for job, length in jobs]
    result = replay(machine, entries, HEURISTICS[name].placer, options)
    wanted = {job.job_id: job for job, _ in jobs}
    records = [
        _record(machine, wanted[done.job_id], done.start_s, done.end_s, result.starts[done.job_id])
        for done in result.jobs
        if done.start_s is not None and done.end_s is not None
    ]
    assert len(records) > 60
    history = build_history(RecordSet(tuple(records)), [(None, machine)])
    facts: Counter[str] = Counter()
    assert legality_findings(history, legality, facts) == []
    assert facts["starts judged"] == len(records)


def _record(
    machine: Cluster, job: Job, start_s: int, end_s: int, nodes: tuple[int, ...]
) -> Record:
    names = fold(machine.names(nodes))
    return Record(replace(job, start_s=start_s), nodelist=names, end_s=end_s, whole_nodes=True)
