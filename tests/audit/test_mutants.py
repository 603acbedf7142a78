"""Every illegal mutant of a clean schedule is found, with its job and a rule it broke."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from audit_mutants import CAP, HALF_CAP, KINDS, LEVELS, NUM_NODES, SIZE, broken_rules
from recorded_schedules import Run, random_jobs, sacct_lines, simulate

from rackwright.models.audit import Finding, build_history, legality_findings
from rackwright.models.cluster import Cluster
from rackwright.models.formats.jobs_licenses import LicenseResolver
from rackwright.models.formats.records_clock import Clock
from rackwright.models.formats.records_read import read_records
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import Block, BlockTopology

MUTANTS = 20
MANY_MUTANTS = 100


def cluster() -> Cluster:
    """Eight blocks of six, every level, and a power cap of three layers."""
    blocks = tuple(
        Block(f"b{i}", tuple(range(i * SIZE, (i + 1) * SIZE))) for i in range(NUM_NODES // SIZE)
    )
    levels = tuple(span.bit_length() - 1 for span in LEVELS)
    everything = frozenset(range(NUM_NODES))
    low = frozenset(range(NUM_NODES // 2))
    layers = (
        Layer(everything, CAP, name="all"),
        Layer(low, HALF_CAP, name="low"),
        Layer(everything - low, HALF_CAP, name="high"),
    )
    return Cluster(
        tuple(Node(f"n{i:02d}") for i in range(NUM_NODES)),
        (BlockTopology("default", SIZE, levels, blocks),),
        resources=(Resource("power", Mode.MODE_3, layers),),
    )


def schedule(seed: int, number: int = 60) -> list[Run]:
    """A legal schedule; one job in three draws one unit of power per node."""
    rng = Random(seed)
    jobs = random_jobs(rng, number, sizes=(1, 1, 2, 3, 4, 6, 8, 9, 12), gap_s=600)
    powered = [
        (replace(job, licenses=(("power", 1),)) if rng.random() < 0.33 else job, length)
        for job, length in jobs
    ]
    return simulate(cluster(), powered)


def audit(runs: list[Run], path: Path, legality: Legality = Legality.DOCUMENTED) -> list[Finding]:
    """Findings of a schedule that went through a file."""
    machine = cluster()
    path.write_text("\n".join(sacct_lines(machine, runs)) + "\n")
    resolver = LicenseResolver({resource.name: resource for resource in machine.resources})
    records = read_records([path], clock=Clock.named("UTC"), licenses=resolver)
    assert all(count.is_balanced and not count.failed for count in records.files)
    history = build_history(records, [(None, machine)])
    return legality_findings(history, legality, Counter())


@pytest.mark.parametrize("legality", Legality)
@pytest.mark.parametrize("seed", range(4))
def test_clean_schedules_have_no_finding(seed: int, legality: Legality, tmp_path: Path) -> None:
    assert audit(schedule(seed), tmp_path / "sacct.txt", legality) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_illegal_mutant_is_found(kind: str, tmp_path: Path) -> None:
    find_mutants(kind, tmp_path, MUTANTS, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_illegal_mutants_are_found(kind: str, tmp_path: Path) -> None:
    find_mutants(kind, tmp_path, MANY_MUTANTS, seed=2)


def find_mutants(kind: str, tmp_path: Path, wanted: int, *, seed: int) -> None:
    """Audit mutants until `wanted` illegal ones were found."""
    rng = Random(f"mutants {kind} {seed}")
    bases = [schedule(seed) for seed in range(4)]
    tried = found_all = 0
    while found_all < wanted:
        tried += 1
        assert tried < 100 * wanted, f"only {found_all} illegal mutants"
        mutant = KINDS[kind].mutate(rng, rng.choice(bases))
        if mutant is None:
            continue
        runs, victim = mutant
        expected = broken_rules(runs, victim)
        findings = audit(runs, tmp_path / "sacct.txt")
        if not expected & KINDS[kind].rules:
            # Still legal, or illegal in another way: then the two must agree all the same.
            if not expected:
                assert findings == []
            continue
        found_all += 1
        victim_id = runs[victim].job.job_id
        hits = [f for f in findings if victim_id in f.jobs and f.rule in expected]
        assert hits, (expected, [(f.rule, f.jobs, f.message) for f in findings])
        strangers = [f for f in findings if victim_id not in f.jobs]
        assert strangers == []
