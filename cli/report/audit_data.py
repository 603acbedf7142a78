"""What the page of an audit report shows, as plain values: rack maps, allocations, findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...models.audit import Allocation, Era, Finding
from ...models.cluster import Cluster
from ...models.instance import Instance
from ...models.topology import (
    BlockTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)
from ..audit_run import Audit

# A page of more allocations than this is slow to open; the latest ones are kept.
MAX_ALLOCATIONS = 60_000
MAX_FINDINGS = 5_000
FLAT_ROW = 32  # nodes of a row where the topology has no units


def page_data(audit: Audit, findings: Sequence[Finding]) -> dict[str, Any]:
    """All that the script of the page needs.

    Parameters
    ----------
    audit
        What was found.
    findings
        Those that the page lists, in its order.
    """
    eras = audit.history.eras
    jobs: dict[str, int] = {}
    kept = _kept(audit)
    return {
        "eras": [_era(era, jobs, kept) for era in eras],
        "jobs": list(jobs),
        "findings": [
            {
                "kind": finding.kind.value,
                "severity": finding.severity.name.lower(),
                "start": finding.start_s,
                "end": finding.end_s,
                "era": eras.index(audit.history.era_at(finding.start_s)),
                "nodes": _ranges(finding.nodes),
            }
            for finding in findings
        ],
        "first": eras[0].start_s if eras else 0,
        "last": eras[-1].end_s if eras else 1,
    }


def num_left_out(audit: Audit) -> int:
    """Allocations that the rack map does not show."""
    total = sum(len(era.allocations) for era in audit.history.eras)
    return max(0, total - MAX_ALLOCATIONS)


def _kept(audit: Audit) -> int:
    """Allocations that start before this instant are left out."""
    starts = sorted(a.start_s for era in audit.history.eras for a in era.allocations)
    return starts[-MAX_ALLOCATIONS] if len(starts) > MAX_ALLOCATIONS else -1


def _era(era: Era, jobs: dict[str, int], kept_from_s: int) -> dict[str, Any]:
    instance = Instance(era.cluster)
    return {
        "start": era.start_s,
        "end": era.end_s,
        "sites": sites(era.cluster),
        "allocations": [
            _allocation(era, allocation, instance, jobs)
            for allocation in era.allocations
            if allocation.end_s > allocation.start_s and allocation.start_s >= kept_from_s
        ],
        "absences": [
            [absence.start_s, absence.end_s, _ranges(sorted(absence.nodes))]
            for absence in era.absences
        ],
    }


def _allocation(
    era: Era, allocation: Allocation, instance: Instance, jobs: dict[str, int]
) -> list[Any]:
    """``[start, end, job, exclusive, ranges]``."""
    number = jobs.setdefault(allocation.job_id, len(jobs))
    partition = era.cluster.partition_named[allocation.partition]
    is_exclusive = instance.is_exclusive(allocation.record.job, partition)
    ranges = _ranges(allocation.nodes)
    return [allocation.start_s, allocation.end_s, number, int(is_exclusive), ranges]


def _ranges(nodes: Sequence[int]) -> list[int]:
    """Ascending indices as first, last, first, last ..."""
    found: list[int] = []
    for node in nodes:
        if found and node == found[-1] + 1:
            found[-1] = node
        else:
            found += [node, node]
    return found


def sites(cluster: Cluster) -> list[dict[str, Any]]:
    """Rows of the rack map: units of the default topology, then nodes in none of them."""
    rows = [(name, list(nodes)) for name, nodes in _units(cluster.topologies[0]) if nodes]
    shown = {node for _, nodes in rows for node in nodes}
    rest = [node for node in range(len(cluster.nodes)) if node not in shown]
    for first in range(0, len(rest), FLAT_ROW):
        rows.append(("", rest[first : first + FLAT_ROW]))
    return [
        {"name": name, "nodes": nodes, "names": [cluster.nodes[node].name for node in nodes]}
        for name, nodes in rows
    ]


def _units(topology: Topology) -> list[tuple[str, Sequence[int]]]:
    match topology:
        case BlockTopology():
            return [(block.name, block.nodes) for block in topology.blocks]
        case RingTopology():
            return [(ring.name, ring.nodes) for ring in topology.rings]
        case TreeTopology():
            leaves = (topology.switches[leaf] for leaf in topology.leaves)
            return [(leaf.name, leaf.nodes) for leaf in leaves]
        case TorusTopology():
            return [(t.name, [cell for cell in t.cells if cell >= 0]) for t in topology.toruses]
        case _:
            return []
