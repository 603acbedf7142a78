"""What counting cannot decide goes to the exact engine, within its budget."""

from __future__ import annotations

from rackwright.cli.audit_exact import exact_most_jobs
from rackwright.models.audit import Kind, build_history
from rackwright.models.audit.waits import MostJobs
from rackwright.models.audit.waste import Waste, WasteOptions, find_waste
from rackwright.models.cluster import Cluster
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.topology import Block, BlockTopology


def cluster(sizes: tuple[int, ...], base: int) -> Cluster:
    """Blocks of the given sizes, no level above the base."""
    blocks, first = [], 0
    for number, size in enumerate(sizes):
        blocks.append(Block(f"b{number}", tuple(range(first, first + size))))
        first += size
    topology = BlockTopology("default", base, (0,), tuple(blocks))
    return Cluster(tuple(Node(f"n{i:02d}") for i in range(first)), (topology,))


def waiting(num_nodes: int, segment: int, nodes: int) -> Record:
    """A job that waited from 0 to 1000 and then got the first nodes."""
    job = Job(
        "big",
        num_nodes,
        max_nodes=num_nodes,
        segment=segment,
        submit_s=0,
        start_s=1000,
        time_limit_s=60,
    )
    names = ",".join(f"n{i:02d}" for i in range(nodes))
    return Record(job, nodelist=names, end_s=1060, whole_nodes=True)


def waste_of(machine: Cluster, *records: Record, most_jobs: MostJobs | None) -> Waste:
    history = build_history(RecordSet(records), [(None, machine)])
    options = WasteOptions(wait_tolerance_s=0)
    return find_waste(history, Legality.DOCUMENTED, options, most_jobs=most_jobs)


# Case G4 of slurm_semantics.md 9.1: three segments of five, each on at most two of five blocks
# with 3, 4, 3, 2 and 3 nodes. One segment after the other, tightest first, fails; it is possible.
G4 = (3, 4, 3, 2, 3)


def test_a_start_that_only_the_exact_engine_finds() -> None:
    machine, job = cluster(G4, base=4), waiting(15, 5, 15)
    undecided = waste_of(machine, job, most_jobs=None)
    assert undecided.node_s_by_cause["undecided"] == 15 * 1000 and not undecided.findings
    decided = waste_of(machine, job, most_jobs=exact_most_jobs(Legality.DOCUMENTED, 60))
    spans = [(f.start_s, f.end_s) for f in decided.findings if f.kind is Kind.NEEDLESS_WAIT]
    assert spans == [(0, 1000)]


def test_a_spent_budget_leaves_questions_open() -> None:
    machine, job = cluster(G4, base=4), waiting(15, 5, 15)
    spent = exact_most_jobs(Legality.DOCUMENTED, -1)
    waste = waste_of(machine, job, most_jobs=spent)
    assert all(finding.kind is not Kind.NEEDLESS_WAIT for finding in waste.findings)
    assert waste.node_s_by_cause["undecided"] == 15 * 1000
