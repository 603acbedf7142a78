"""An audit for machines: one JSON document, or one CSV row per finding."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ..models.audit import Finding, History
from ..models.audit.summary import GroupRow
from ..models.audit.waits import Pending
from ..models.hostlist import fold
from .audit_against import Comparison
from .audit_run import Audit
from .text import guard_formula

AUDIT_VERSION = 1
MAX_CURVE = 2000

COLUMNS = (
    "kind",
    "rule",
    "severity",
    "job",
    "other_jobs",
    "nodes",
    "start",
    "end",
    "seconds",
    "partition",
    "user",
    "num_nodes",
    "lost_node_h",
    "message",
)


def iso(instant_s: int) -> str:
    """An instant in UTC."""
    return datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def finding_values(history: History, finding: Finding) -> dict[str, Any]:
    """One finding by column name."""
    return {
        "kind": finding.kind.value,
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "job": finding.jobs[0],
        "other_jobs": list(finding.jobs[1:]),
        "nodes": fold(history.names(finding)),
        "start": iso(finding.start_s),
        "end": iso(finding.end_s),
        "seconds": finding.length_s,
        "partition": finding.partition,
        "user": finding.user,
        "num_nodes": finding.num_nodes,
        "lost_node_h": round(finding.lost_node_h, 4),
        "message": finding.message,
    }


def audit_csv(audit: Audit) -> str:
    """One row per finding, safe for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in audit.findings:
        values = finding_values(audit.history, finding)
        values["other_jobs"] = " ".join(values["other_jobs"])
        writer.writerow([guard_formula(values[name]) for name in COLUMNS])
    return text.getvalue()


def audit_json(audit: Audit, comparisons: Sequence[Comparison]) -> str:
    """Everything: input, facts, summary, findings, curve, counterfactuals."""
    waste = audit.options.waste
    document = {
        "version": AUDIT_VERSION,
        "versions": {"rackwright": version("rackwright")},
        "legality": audit.options.legality.value,
        "assumptions": {
            "overrun_tolerance_s": audit.options.overrun_tolerance_s,
            "crossing_penalty": waste.penalty if waste else None,
            "wait_tolerance_s": waste.wait_tolerance_s if waste else None,
        },
        "input": [
            {
                "file": count.source,
                "format": count.format,
                "lines": count.lines,
                "read": count.read,
                "skipped": dict(count.skipped),
                "failed": count.failed,
                "problems": [str(problem) for problem in count.problems],
            }
            for count in audit.records.files
        ],
        "not_analysed": list(audit.records.missing),
        "facts": dict(audit.facts),
        "summary": {
            "figures": {name: _short(value) for name, value in audit.summary.figures.items()},
            "rules": [
                {
                    "kind": row.kind,
                    "rule": row.rule,
                    "findings": row.findings,
                    "jobs": row.jobs,
                    "errors": row.errors,
                    "node_h": _short(row.node_h),
                    "lost_node_h": _short(row.lost_node_h),
                }
                for row in audit.summary.rules
            ],
            "partitions": [_group(row) for row in audit.summary.partitions],
            "users": [_group(row) for row in audit.summary.users],
            "sizes": [_group(row) for row in audit.summary.sizes],
            "waiting_node_h_by_cause": {
                cause: _short(hours) for cause, hours in audit.summary.wait_node_h_by_cause.items()
            },
        },
        "findings": [finding_values(audit.history, finding) for finding in audit.findings],
        "waits": [_wait(pending) for pending in audit.waste.waits],
        "curve": _curve(audit),
        "against": [comparison.as_dict() for comparison in comparisons],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _group(row: GroupRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "started": row.started,
        "node_h": _short(row.node_h),
        "median_wait_s": row.median_wait_s,
        "illegal_jobs": len(row.illegal),
        "crossings": row.crossings,
        "lost_node_h": {kind: _short(hours) for kind, hours in row.lost_node_h.items()},
    }


def _wait(pending: Pending) -> dict[str, Any]:
    """One judged wait: for how long what kept the job, by rule or other cause."""
    return {
        "job": pending.wait.record.job.job_id,
        "num_nodes": pending.request.num_nodes,
        "start": iso(pending.wait.start_s),
        "end": iso(pending.wait.end_s),
        "seconds_by_cause": dict(pending.seconds_by_cause),
        "repackable_s": sum(end - start for start, end in pending.repack_spans),
    }


def _curve(audit: Audit) -> list[dict[str, Any]]:
    samples = audit.waste.samples
    step = max(1, -(-len(samples) // MAX_CURVE))
    return [
        {
            "start": iso(sample.start_s),
            "busy": sample.busy,
            "free": sample.free,
            "absent": sample.absent,
            "usable": _short(sample.usable),
        }
        for sample in samples[::step]
    ]


def _short(value: float) -> float:
    return value if isinstance(value, int) else round(value, 4)
