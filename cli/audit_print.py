"""An audit for people: tables of the summary and the worst findings of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..models.audit import Finding, Kind, Severity
from ..models.audit.findings import by_weight
from ..models.audit.summary import GroupRow
from ..models.hostlist import fold
from .audit_against import Comparison
from .audit_files import iso
from .audit_run import Audit
from .audit_words import duration, figure, hours
from .text import escape_control

MAX_USERS = 10
MAX_NODELIST = 60
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def print_audit(
    console: Console, audit: Audit, comparisons: Sequence[Comparison], *, top: int
) -> None:
    """Everything that fits a terminal.

    Parameters
    ----------
    console
        On stdout.
    audit
        What was found.
    comparisons
        Counterfactual replays, if any.
    top
        Findings shown of each kind.
    """
    _print_input(console, audit)
    _print_headline(console, audit)
    _print_rules(console, audit)
    for title, rows in (
        ("partition", audit.summary.partitions),
        ("user", audit.summary.users[:MAX_USERS]),
        ("size", audit.summary.sizes),
    ):
        _print_groups(console, title, rows)
    _print_causes(console, audit)
    for kind in Kind:
        _print_worst(console, audit, kind, top)
    _print_comparisons(console, comparisons)
    _print_facts(console, audit)


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _print_input(console: Console, audit: Audit) -> None:
    table = _table(
        ("Records", False), ("Format", False), ("Lines", True), ("Read", True), ("Skipped", False)
    )
    table.add_column("Failed", justify="right")
    for count in audit.records.files:
        skipped = ", ".join(f"{number} {what}" for what, number in count.skipped.items() if number)
        table.add_row(
            Text(escape_control(count.source)),
            count.format,
            str(count.lines),
            str(count.read),
            Text(skipped or "-"),
            Text(str(count.failed), "red" if count.failed else ""),
        )
    console.print(table)


def _print_headline(console: Console, audit: Audit) -> None:
    figures = audit.summary.figures
    console.print(
        f"{figures['jobs_started']:.0f} jobs started, {figures['jobs_never_started']:.0f} never; "
        f"{figures['allocated_node_h']:,.1f} node-hours in {duration(figures['span_s'])} on "
        f"{figures['nodes']:.0f} nodes ({figures['utilisation']:.1%} used, at most "
        f"{figures['peak_nodes_in_use']:.0f} nodes at once); wait median "
        f"{duration(figures['wait_median_s'])}, 95 % within {duration(figures['wait_p95_s'])}"
    )
    number = int(figures["legality_findings"])
    style = "red" if figures["legality_errors"] else "yellow" if number else "green"
    what = "no legality finding" if not number else f"{number} legality findings"
    text = Text(what, style)
    if number:
        text.append(f" in {figures['illegal_jobs']:.0f} jobs", style)
    text.append(f" under {audit.options.legality.value}")
    console.print(text)
    waste = audit.options.waste
    if waste is not None:
        console.print(
            f"lost: {hours(figures['lost_to_needless_waits_node_h'])} node-hours to needless "
            f"waits, {hours(figures['lost_to_crossings_node_h'])} to needless crossings "
            f"(assuming that one costs {waste.penalty:.0%} of the throughput); "
            f"{hours(figures['lost_for_want_of_repacking_node_h'])} only repacking could have "
            f"saved; {figures['mean_stranded_nodes']:.1f} nodes stranded on average"
        )
    console.print()


def _print_rules(console: Console, audit: Audit) -> None:
    if not audit.summary.rules:
        return
    table = _table(("Kind", False), ("Rule", False), ("Findings", True), ("Jobs", True))
    table.add_column("Errors", justify="right")
    table.add_column("Lost node-h", justify="right")
    for row in audit.summary.rules:
        lost = hours(row.lost_node_h) if row.lost_node_h else ""
        numbers = [str(row.findings), str(row.jobs), str(row.errors or "")]
        table.add_row(row.kind, row.rule, *numbers, lost)
    console.print(table)


def _print_groups(console: Console, title: str, rows: Sequence[GroupRow]) -> None:
    if not any(row.name for row in rows):
        return
    table = _table((f"By {title}", False), ("Started", True), ("Node-h", True))
    for heading in ("Median wait", "Illegal", "Crossings", "Lost node-h"):
        table.add_column(heading, justify="right")
    for row in rows:
        lost = sum(row.lost_node_h.values())
        table.add_row(
            Text(escape_control(row.name or "-")),
            str(row.started),
            hours(row.node_h),
            duration(row.median_wait_s),
            str(len(row.illegal) or ""),
            str(row.crossings or ""),
            hours(lost) if lost else "",
        )
    console.print(table)


def _print_causes(console: Console, audit: Audit) -> None:
    causes = audit.summary.wait_node_h_by_cause
    if not causes:
        return
    total = sum(causes.values()) or 1.0
    table = _table(("Waiting for", False), ("Node-h", True), ("Share", True))
    for cause, spent_h in causes.items():
        table.add_row(cause, hours(spent_h), f"{spent_h / total:.1%}")
    console.print(table)


def _print_worst(console: Console, audit: Audit, kind: Kind, top: int) -> None:
    findings = sorted((f for f in audit.findings if f.kind is kind), key=by_weight)
    if not findings or not top:
        return
    console.print(
        Text(f"{kind.value}: the worst {min(top, len(findings))} of {len(findings)}", "bold")
    )
    for finding in findings[:top]:
        console.print(_line(audit, finding), soft_wrap=True)
    console.print()


def _line(audit: Audit, finding: Finding) -> Text:
    text = Text("  ")
    text.append(f"{finding.severity.name.lower():8}", _STYLES[finding.severity])
    text.append(f"{iso(finding.start_s)}  job ")
    text.append(escape_control(finding.jobs[0]), "bold")
    text.append(f" ({finding.num_nodes} node{'s' * (finding.num_nodes != 1)})")
    text.append(f"  {finding.rule}: {escape_control(finding.message)}")
    nodes = fold(audit.history.names(finding))
    if nodes:
        shown = nodes if len(nodes) <= MAX_NODELIST else f"{nodes[:MAX_NODELIST]}..."
        text.append(f"  [{escape_control(shown)}]", "dim")
    if finding.lost_node_h:
        text.append(f"  {hours(finding.lost_node_h)} node-h lost")
    return text


def _print_comparisons(console: Console, comparisons: Sequence[Comparison]) -> None:
    if not comparisons:
        return
    table = _table(("Replayed", False), *((comparison.name, True) for comparison in comparisons))
    for name in comparisons[0].figures:
        shown = (figure(name, comparison.figures[name]) for comparison in comparisons)
        table.add_row(name.removesuffix("_s").replace("_", " "), *shown)
    console.print(table)
    console.print(Text(comparisons[0].note, "dim"))


def _print_facts(console: Console, audit: Audit) -> None:
    for line in audit.records.missing:
        console.print(Text(f"limited: {line}", "yellow"))
    for fact, number in sorted(audit.facts.items()):
        console.print(Text(f"{number:>9,}  {escape_control(fact)}", "dim"))
