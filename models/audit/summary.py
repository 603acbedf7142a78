"""What an audit says in a few figures: in all, and per rule, partition, user and size class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import fmean

from ..formats.records import Record
from .findings import Finding, Kind, Severity
from .history import Allocation, Era, History
from .waste import Waste

# Upper ends of the size classes, as in docs/traces.md.
SIZE_CLASSES = (1, 2, 4, 8, 16, 18, 36, 72, 144)


def size_class(num_nodes: int) -> str:
    """``1``, ``3-4``, ... ``145+``."""
    low = 1
    for high in SIZE_CLASSES:
        if num_nodes <= high:
            return str(high) if low == high else f"{low}-{high}"
        low = high + 1
    return f"{low}+"


@dataclass
class GroupRow:
    """Figures of one partition, user or size class.

    Attributes
    ----------
    started
        Jobs that started (resized ones once).
    node_h
        Node-hours that they held.
    waits
        Seconds waited by those that started, by job.
    illegal
        Jobs with a legality finding.
    crossings
        Jobs on more blocks than needed.
    lost_node_h
        By kind of waste.
    """

    name: str
    started: int = 0
    node_h: float = 0.0
    waits: list[int] = field(default_factory=list)
    illegal: set[str] = field(default_factory=set)
    crossings: int = 0
    lost_node_h: dict[str, float] = field(default_factory=dict)

    @property
    def median_wait_s(self) -> int:
        """Median wait."""
        return int(quantile(sorted(self.waits), 0.5))


@dataclass(frozen=True)
class RuleRow:
    """Findings of one rule."""

    kind: str
    rule: str
    findings: int
    jobs: int
    errors: int
    node_h: float
    lost_node_h: float


@dataclass(frozen=True)
class Summary:
    """All figures.

    Attributes
    ----------
    figures
        Totals by name: jobs, node-hours, waits, utilisation, peaks.
    rules
        Per kind and rule.
    partitions, users, sizes
        Groups, the largest first (sizes in their order).
    wait_node_h_by_cause
        Node-hours of waiting by binding rule or other cause.
    """

    figures: dict[str, float]
    rules: tuple[RuleRow, ...]
    partitions: tuple[GroupRow, ...]
    users: tuple[GroupRow, ...]
    sizes: tuple[GroupRow, ...]
    wait_node_h_by_cause: dict[str, float]


def summarise(
    records: Sequence[Record], history: History, findings: Sequence[Finding], waste: Waste
) -> Summary:
    """The figures of an audit.

    Parameters
    ----------
    records
        As read; those on unknown nodes count as well.
    history
        What happened.
    findings
        Of all kinds.
    waste
        With its curve and waits.
    """
    causes = {cause: seconds / 3600 for cause, seconds in waste.node_s_by_cause.most_common()}
    return Summary(
        figures=_figures(records, history, findings, waste),
        rules=tuple(_rule_rows(findings)),
        partitions=_groups(history, findings, lambda a: a.partition, lambda f: f.partition),
        users=_groups(history, findings, lambda a: a.record.job.user, lambda f: f.user),
        sizes=_sizes(history, findings),
        wait_node_h_by_cause=causes,
    )


def _figures(
    records: Sequence[Record], history: History, findings: Sequence[Finding], waste: Waste
) -> dict[str, float]:
    starts = [record for record in records if record.start_s is not None]
    firsts = [record for record in starts if not record.is_continuation]
    waits = sorted(_waits(firsts))
    legality = [finding for finding in findings if finding.kind is Kind.LEGALITY]
    node_s = sum(
        (allocation.end_s - allocation.start_s) * len(allocation.nodes)
        for era in history.eras
        for allocation in era.allocations
    )
    capacity_s = sum((era.end_s - era.start_s) * len(era.cluster.nodes) for era in history.eras)
    multi = waste.spreads
    uses = [node_use(era) for era in history.eras]
    spent = sum(sample.end_s - sample.start_s for sample in waste.samples)
    stranded_s = sum((s.end_s - s.start_s) * s.stranded for s in waste.samples)
    figures = {
        "records": len(records),
        "jobs_started": len(firsts),
        "jobs_never_started": len(records) - len(starts),
        "span_s": sum(era.end_s - era.start_s for era in history.eras),
        "nodes": max((len(era.cluster.nodes) for era in history.eras), default=0),
        "allocated_node_h": node_s / 3600,
        "utilisation": sum(u.busy_node_s for u in uses) / capacity_s if capacity_s else 0.0,
        "peak_nodes_in_use": max((use.peak for use in uses), default=0),
        "wait_mean_s": fmean(waits) if waits else 0.0,
        "wait_median_s": quantile(waits, 0.5),
        "wait_p95_s": quantile(waits, 0.95),
        "legality_findings": len(legality),
        "legality_errors": sum(finding.severity is Severity.ERROR for finding in legality),
        "illegal_jobs": len({finding.jobs[0] for finding in legality}),
        "multi_node_starts_on_blocks": len(multi),
        "crossing_starts": sum(spread.blocks > 1 for spread in multi),
        "needlessly_crossing_starts": sum(spread.is_needless for spread in multi),
        "mean_stranded_nodes": stranded_s / spent if spent else 0.0,
    }
    for kind, name in (
        (Kind.CROSSING, "lost_to_crossings_node_h"),
        (Kind.NEEDLESS_WAIT, "lost_to_needless_waits_node_h"),
        (Kind.REPACK_WAIT, "lost_for_want_of_repacking_node_h"),
    ):
        figures[name] = sum(f.lost_node_h for f in findings if f.kind is kind)
    return figures


def _waits(records: Iterable[Record]) -> Iterable[int]:
    for record in records:
        since = record.waits_from_s
        if since is not None and record.start_s is not None:
            yield max(record.start_s - since, 0)


@dataclass(frozen=True, slots=True)
class NodeUse:
    """Nodes in use over an era, each counted once however many jobs share it."""

    peak: int
    busy_node_s: int


def node_use(era: Era) -> NodeUse:
    """Most nodes in use at once, and the node-seconds in use."""
    changes: list[tuple[int, int, int]] = []
    for index, allocation in enumerate(era.allocations):
        if allocation.end_s > allocation.start_s:
            changes.append((allocation.start_s, 1, index))
            changes.append((allocation.end_s, -1, index))
    holders: Counter[int] = Counter()
    busy = peak = total_s = 0
    since_s = era.start_s
    for instant, step, index in sorted(changes):
        total_s += busy * (instant - since_s)
        since_s = instant
        for node in era.allocations[index].nodes:
            before = holders[node]
            holders[node] = before + step
            busy += (before + step > 0) - (before > 0)
        peak = max(peak, busy)
    return NodeUse(peak, total_s)


def _rule_rows(findings: Sequence[Finding]) -> Iterable[RuleRow]:
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault((finding.kind.value, finding.rule), []).append(finding)
    for (kind, rule), its in sorted(by_rule.items(), key=lambda item: -len(item[1])):
        yield RuleRow(
            kind=kind,
            rule=rule,
            findings=len(its),
            jobs=len({finding.jobs[0] for finding in its}),
            errors=sum(finding.severity is Severity.ERROR for finding in its),
            node_h=sum(finding.length_s * len(finding.nodes) for finding in its) / 3600,
            lost_node_h=sum(finding.lost_node_h for finding in its),
        )


def _sizes(history: History, findings: Sequence[Finding]) -> tuple[GroupRow, ...]:
    rows = _groups(
        history,
        findings,
        lambda allocation: size_class(len(allocation.nodes)),
        lambda finding: size_class(finding.num_nodes),
    )
    return tuple(sorted(rows, key=lambda row: int(row.name.rstrip("+").split("-")[0])))


def _groups(
    history: History,
    findings: Sequence[Finding],
    of_allocation: Callable[[Allocation], str],
    of_finding: Callable[[Finding], str],
) -> tuple[GroupRow, ...]:
    rows: dict[str, GroupRow] = {}

    def row(name: str) -> GroupRow:
        return rows.setdefault(name, GroupRow(name))

    for era in history.eras:
        for allocation in era.allocations:
            group = row(of_allocation(allocation))
            group.node_h += (allocation.end_s - allocation.start_s) * len(allocation.nodes) / 3600
            if allocation.is_start:
                group.started += 1
                group.waits.extend(_waits([allocation.record]))
    for finding in findings:
        group = row(of_finding(finding))
        if finding.kind is Kind.LEGALITY:
            group.illegal.add(finding.jobs[0])
        else:
            lost = group.lost_node_h.get(finding.kind.value, 0.0)
            group.lost_node_h[finding.kind.value] = lost + finding.lost_node_h
            group.crossings += finding.kind is Kind.CROSSING
    return tuple(sorted(rows.values(), key=lambda group: (-group.node_h, group.name)))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the sorted values do not exceed; 0 of none."""
    if not values:
        return 0.0
    return values[max(0, ceil(share * len(values) - 1e-9) - 1)]
