"""The whole audit: records and clusters in, everything that can be said about them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..models.audit import Finding, History, Severity, build_history, legality_findings
from ..models.audit.absences import DEFAULT_TOLERANCE_S
from ..models.audit.summary import Summary, summarise
from ..models.audit.waits import MostJobs
from ..models.audit.waste import Waste, WasteOptions, find_waste
from ..models.cluster import Cluster
from ..models.formats.outages import Outage
from ..models.formats.records import RecordSet
from ..models.legality import Legality

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How an audit looks at things.

    Attributes
    ----------
    legality
        Which rules bind.
    overrun_tolerance_s
        How long a job may exceed its time limit.
    shares_nodes
        Whether jobs share nodes where records do not tell; None: decided by the records.
    now_s
        Until when jobs without an end run; None: the last instant on record.
    slots
        CPU slots by node name.
    waste
        What is looked at beyond legality; None looks at nothing.
    """

    legality: Legality = Legality.DOCUMENTED
    overrun_tolerance_s: int = DEFAULT_TOLERANCE_S
    shares_nodes: bool | None = None
    now_s: int | None = None
    slots: Mapping[str, int] = field(default_factory=dict)
    waste: WasteOptions | None = field(default_factory=WasteOptions)


@dataclass(frozen=True)
class Audit:
    """Everything that one audit found.

    Attributes
    ----------
    records, history
        What it looked at.
    findings
        Of all kinds, by time.
    waste
        With the curve and the waits; empty if only legality was asked for.
    summary
        The figures.
    facts
        What was noticed, handled, assumed and left out, with how often.
    options
        How it looked.
    """

    records: RecordSet
    history: History
    findings: tuple[Finding, ...]
    waste: Waste
    summary: Summary
    facts: Counter[str]
    options: AuditOptions

    def reaches(self, severity: Severity) -> bool:
        """Whether some finding is at least that bad."""
        return any(finding.severity >= severity for finding in self.findings)


def run_audit(
    records: RecordSet,
    clusters: Sequence[tuple[int | None, Cluster]],
    options: AuditOptions,
    *,
    outages: Sequence[Outage] = (),
    most_jobs: MostJobs | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit records on the clusters of their times.

    Parameters
    ----------
    records
        As read.
    clusters
        ``(in force since, cluster)``.
    options
        How to look.
    outages
        Nodes down or reserved.
    most_jobs
        Exact engine for questions that bounds leave open.
    progress
        Told what is being done.
    """
    history = build_history(records, clusters, outages=outages, now_s=options.now_s)
    facts = Counter(records.facts)
    facts.update(history.facts)
    findings = legality_findings(
        history,
        options.legality,
        facts,
        tolerance_s=options.overrun_tolerance_s,
        shares_nodes=options.shares_nodes,
        slots=options.slots,
        progress=progress,
    )
    waste = Waste()
    if options.waste is not None:
        waste = find_waste(
            history, options.legality, options.waste, most_jobs=most_jobs, progress=progress
        )
        facts.update(waste.facts)
    everything = sorted([*findings, *waste.findings], key=lambda finding: finding.start_s)
    summary = summarise(records.records, history, everything, waste)
    return Audit(records, history, tuple(everything), waste, summary, +facts, options)
