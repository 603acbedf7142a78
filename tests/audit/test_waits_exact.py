"""Needless waits of random schedules, confirmed one by one by the exact engine."""

from __future__ import annotations

from random import Random

import pytest
from recorded_schedules import Run, random_jobs, simulate

from rackwright.models.audit import Finding, Kind, build_history
from rackwright.models.audit.waste import Waste, WasteOptions, find_waste
from rackwright.models.cluster import Cluster
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.hostlist import fold
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.plan import PlanOptions
from rackwright.models.topology import Block, BlockTopology
from rackwright.solver.possible import possible

SIZE, BLOCKS = 4, 6
LEGALITY = Legality.DOCUMENTED


def cluster() -> Cluster:
    """Six blocks of four with a gap between the levels."""
    blocks = tuple(Block(f"b{b}", tuple(range(b * SIZE, (b + 1) * SIZE))) for b in range(BLOCKS))
    nodes = tuple(Node(f"n{i:02d}") for i in range(SIZE * BLOCKS))
    return Cluster(nodes, (BlockTopology("default", SIZE, (0, 2), blocks),))


def schedule(seed: int, *, overtakes: bool) -> list[Run]:
    machine = cluster()
    jobs = random_jobs(Random(seed), 60, sizes=(1, 2, 3, 4, 6, 8), gap_s=500)
    idle = Instance(machine, tuple(job for job, _ in jobs))
    options = PlanOptions(legality=LEGALITY)
    startable = [(job, length) for job, length in jobs if possible(idle, job, options)]
    return simulate(machine, startable, legality=LEGALITY, overtakes=overtakes)


def audited(runs: list[Run]) -> Waste:
    machine = cluster()
    records = tuple(
        Record(
            run.job,
            nodelist=fold(machine.names(run.nodes)),
            end_s=run.end_s if run.start_s is not None else None,
            whole_nodes=True,
        )
        for run in runs
    )
    history = build_history(RecordSet(records), [(None, machine)])
    return find_waste(history, LEGALITY, WasteOptions(wait_tolerance_s=0, repack_budget_s=0))


def instance_at(runs: list[Run], moment: int, finding: Finding) -> Instance:
    """What ran at a moment, and the job that waited then."""
    running = tuple(
        RunningJob(run.job, frozenset(run.nodes))
        for run in runs
        if run.start_s is not None and run.start_s <= moment < run.end_s
    )
    [job] = [run.job for run in runs if run.job.job_id == finding.jobs[0]]
    return Instance(cluster(), (job,), running)


@pytest.mark.parametrize("seed", range(3))
def test_a_schedule_that_lets_everyone_overtake_has_no_needless_wait(seed: int) -> None:
    waste = audited(schedule(seed, overtakes=True))
    assert [f for f in waste.findings if f.kind is Kind.NEEDLESS_WAIT] == []


@pytest.mark.parametrize("seed", range(3))
def test_every_needless_wait_of_a_strict_queue_was_possible(seed: int) -> None:
    runs = schedule(seed, overtakes=False)
    found = [f for f in audited(runs).findings if f.kind is Kind.NEEDLESS_WAIT]
    assert len(found) > 3
    for finding in found:
        for moment in {finding.start_s, (finding.start_s + finding.end_s) // 2, finding.end_s - 1}:
            instance = instance_at(runs, moment, finding)
            assert possible(instance, instance.jobs[0], PlanOptions(legality=LEGALITY))
