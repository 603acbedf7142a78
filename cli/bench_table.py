"""A benchmark's summary as tables for people, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .bench_summary import REFERENCE, EngineSummary, ObjectiveSummary
from .text import guard_formula

_MEANINGS = {
    "weighted": "weight x nodes of the jobs that start",
    "throughput": "nodes of the jobs that start",
    "jobs": "number of jobs that start",
    "priority": "which jobs start, the highest priority deciding first",
}


def print_summary(console: Console, summaries: Sequence[ObjectiveSummary]) -> None:
    """One table per objective, each with a legend that a newcomer can read."""
    for summary in summaries:
        meaning = _MEANINGS[summary.objective]
        title = f"{summary.objective}: {meaning}; {summary.num_instances} instances"
        console.print(Text(title, "bold"))
        is_vector = not any(engine.gaps for engine in summary.engines)
        console.print(_table(summary, is_vector))
        console.print(Text(_legend(summary, is_vector), "dim"))
        console.print()


def _table(summary: ObjectiveSummary, is_vector: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("engine", no_wrap=True)
    table.add_column("best", justify="right", no_wrap=True)
    if not is_vector:
        for name in ("median lost", "mean (95 % CI)", "p95", "max"):
            table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"vs {REFERENCE}", justify="right", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("max", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for engine in summary.engines:
        table.add_row(*_cells(engine, is_vector))
    return table


def _cells(engine: EngineSummary, is_vector: bool) -> list[str]:
    cells = [engine.engine, f"{engine.share_optimal:.0%}"]
    if not is_vector:
        figures = engine.gap_figures()
        if figures:
            interval = f"{figures['gap_mean_low']:.1%}..{figures['gap_mean_high']:.1%}"
            cells += [
                f"{figures['gap_median']:.1%}",
                f"{figures['gap_mean']:.1%} ({interval})",
                f"{figures['gap_p95']:.1%}",
                f"{figures['gap_max']:.1%}",
            ]
        else:
            cells += ["-"] * 4
    is_reference = engine.engine == REFERENCE
    cells.append("" if is_reference else f"+{engine.wins} -{engine.losses}")
    cells.append("" if is_reference else f"{engine.p_value:.3f}")
    times = engine.time_figures()
    cells += [_seconds(times[key]) if times else "-" for key in ("time_median_s", "time_max_s")]
    cells.append(str(engine.num_instances))
    return cells


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"


def _legend(summary: ObjectiveSummary, is_vector: bool) -> str:
    unproven = summary.num_instances - summary.num_proven
    lines = [
        "best: instances on which no plan can do better, by the exact engine's proof"
        f" ({summary.num_proven} of {summary.num_instances} proven,"
        f" {summary.num_proven_all} in every term)."
    ]
    if not is_vector:
        lines.append("lost: what the engine leaves undone, in percent of the optimum.")
        if unproven:
            lines.append(f"On {unproven} instances without proof the loss is to the bound.")
    lines.append(
        f"vs {REFERENCE}: instances on which it is better (+) and worse (-), p of a sign test."
        " time: median and longest."
    )
    return " ".join(lines)


def summary_records(summaries: Sequence[ObjectiveSummary]) -> list[dict[str, Any]]:
    """One flat record per objective and engine, for ``--json`` and ``--csv``."""
    records = []
    for summary in summaries:
        for engine in summary.engines:
            record: dict[str, Any] = {
                "objective": summary.objective,
                "engine": engine.engine,
                "instances": engine.num_instances,
                "unsupported": engine.num_unsupported,
                "instances_proven": summary.num_proven,
                "share_optimal": engine.share_optimal,
            }
            record |= engine.gap_figures() | engine.time_figures()
            record |= {"wins": engine.wins, "losses": engine.losses, "p_value": engine.p_value}
            for term, seen, equal in engine.shares:
                record[f"{term}_tied"] = seen
                record[f"{term}_optimal"] = equal
            records.append(record)
    return records


def as_csv(records: Sequence[dict[str, Any]]) -> str:
    """CSV of flat records; the columns of all of them, in order of appearance."""
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({name: guard_formula(_rounded(value)) for name, value in record.items()})
    return text.getvalue()


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
