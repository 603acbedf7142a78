"""Shared nodes: slots in use per node over time, against what the node has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from .findings import Finding, Kind, Severity
from .history import Era


def slot_excesses(era: Era, slots: Mapping[str, int], facts: Counter[str]) -> Iterator[Finding]:
    """Intervals in which the jobs of a node held more slots than it has.

    Parameters
    ----------
    era
        Allocations with ``name:k`` in their node lists.
    slots
        Slots by node name; nodes that are not in it are only measured.
    facts
        Receives the peaks.
    """
    changes: dict[int, list[tuple[int, int, int]]] = {}
    for index, allocation in enumerate(era.allocations):
        for name, amount in allocation.record.slots:
            node = era.cluster.index_of.get(name)
            if node is not None and allocation.end_s > allocation.start_s:
                changes.setdefault(node, []).append((allocation.start_s, amount, index))
                changes.setdefault(node, []).append((allocation.end_s, -amount, index))
    at_capacity = 0
    for node, its in sorted(changes.items()):
        capacity = slots.get(era.cluster.nodes[node].name)
        peak, findings = _sweep(era, node, sorted(its), capacity)
        at_capacity += peak == capacity
        yield from findings
    if changes:
        facts["nodes shared by slots"] += len(changes)
        facts["nodes whose slots peak at exactly their capacity"] += at_capacity


def _sweep(
    era: Era, node: int, changes: list[tuple[int, int, int]], capacity: int | None
) -> tuple[int, list[Finding]]:
    used = peak = 0
    since: tuple[int, int] | None = None
    highest = 0
    found: list[Finding] = []
    # Sorted by instant, then amount: what ends in a second is released before what starts in it.
    for instant, amount, index in changes:
        used += amount
        peak = max(peak, used)
        if capacity is None:
            continue
        if used > capacity:
            since = since or (instant, index)
            highest = max(highest, used)
        elif since is not None:
            if instant > since[0]:
                found.append(_finding(era, node, since, instant, highest, capacity))
            since, highest = None, 0
    return peak, found


def _finding(
    era: Era, node: int, since: tuple[int, int], end_s: int, used: int, capacity: int
) -> Finding:
    allocation = era.allocations[since[1]]
    return Finding(
        kind=Kind.LEGALITY,
        rule="one_use",
        severity=Severity.ERROR,
        jobs=(allocation.job_id,),
        nodes=(node,),
        start_s=since[0],
        end_s=end_s,
        message=f"{used} slots in use on a node of {capacity}",
        partition=allocation.partition,
        user=allocation.record.job.user,
        num_nodes=len(allocation.nodes),
    )
