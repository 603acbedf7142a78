"""Jobs against time limits, outages, reservations and partitions' walls."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from ..formats.outages import RESERVATION
from .findings import Finding, Kind, Severity, nodes_in_words
from .history import Absence, Allocation, Era

DEFAULT_TOLERANCE_S = 120


def overruns(era: Era, *, tolerance_s: int = DEFAULT_TOLERANCE_S) -> Iterator[Finding]:
    """Jobs that ran longer than their limit and `tolerance_s` more.

    Notes
    -----
    Slurm looks at limits twice a minute, then waits ``KillWait`` and for the epilog; sites may
    set ``OverTimeLimit``. Suspended time does not count.
    """
    for allocation in era.allocations:
        record = allocation.record
        limit_s = record.job.time_limit_s
        # Judged once, in the era in which it ended.
        if limit_s is None or record.start_s is None or record.is_continuation:
            continue
        ends_later = record.end_s is not None and record.end_s > era.end_s
        if ends_later or record.state == "RESIZING":
            continue
        end_s = record.end_s if record.end_s is not None else allocation.end_s
        ran_s = end_s - record.start_s - record.suspended_s
        if ran_s > limit_s + tolerance_s:
            yield Finding(
                kind=Kind.LEGALITY,
                rule="time_limit",
                severity=Severity.WARNING,
                jobs=(allocation.job_id,),
                nodes=allocation.nodes,
                start_s=record.start_s + limit_s,
                end_s=end_s,
                message=f"ran {ran_s - limit_s} s beyond its limit of {limit_s // 60} min",
                partition=allocation.partition,
                user=record.job.user,
                num_nodes=len(allocation.nodes),
            )


def absent_starts(era: Era) -> Iterator[Finding]:
    """Jobs that started on nodes that were down, or reserved for others, at that moment.

    What was noted in the very second of the start may have come after it, and is no finding.
    """
    if not era.absences:
        return
    calendar = Calendar(era.absences)
    for allocation in era.allocations:
        if not allocation.is_start:
            continue
        for absence in calendar.covering(allocation):
            if absence.outage.kind == RESERVATION:
                if absence.outage.name and absence.outage.name == allocation.record.reservation:
                    continue
                what = f"reserved by {absence.outage.name or 'a reservation'}"
            else:
                what = f"down ({absence.outage.reason or 'no reason given'})"
            nodes = tuple(node for node in allocation.nodes if node in absence.nodes)
            yield Finding(
                kind=Kind.LEGALITY,
                rule="available",
                severity=Severity.ERROR,
                jobs=(allocation.job_id,),
                nodes=nodes,
                start_s=allocation.start_s,
                end_s=min(allocation.end_s, absence.end_s),
                message=f"started on {nodes_in_words(len(nodes))} while {what}",
                partition=allocation.partition,
                user=allocation.record.job.user,
                num_nodes=len(allocation.nodes),
            )


class Calendar:
    """Absences per node, to be asked which of them cover a start."""

    def __init__(self, absences: Iterable[Absence]) -> None:
        self._of_node: dict[int, list[Absence]] = {}
        for absence in sorted(absences, key=lambda absence: absence.start_s):
            for node in absence.nodes:
                self._of_node.setdefault(node, []).append(absence)
        self._starts = {
            node: [absence.start_s for absence in its] for node, its in self._of_node.items()
        }

    def covering(self, allocation: Allocation) -> list[Absence]:
        """Absences of its nodes that began before its start and ended after it, each once."""
        found: dict[int, Absence] = {}
        for node in allocation.nodes:
            if node not in self._of_node:
                continue
            begun = bisect_right(self._starts[node], allocation.start_s - 1)
            for absence in self._of_node[node][:begun]:
                if absence.end_s > allocation.start_s:
                    found[id(absence)] = absence
        return list(found.values())
