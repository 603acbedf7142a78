"""Replays as a table for people, and as flat records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

LEGEND = (
    "wait: mean and 95th percentile from submission to first start. slowdown: (wait + run) / run,"
    " runs below 10 s count as 10 s. used: node-time of jobs over all node-time to the last end."
    " cross: share of the jobs' node-time on more than one base block. fit 16, fit 18: share of"
    " the free nodes that segments of that size could take, on average over time."
)


def print_replays(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """One line per policy, the shortest mean wait first."""
    has_power = any(row["summary"]["peak_power_w"] for row in rows)
    has_failures = any(row["summary"]["restarts"] for row in rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("engine", no_wrap=True)
    table.add_column("admission", no_wrap=True)
    has_held = any(row["summary"]["reserved_idle"] for row in rows)
    has_rejected = any(row["summary"]["rejected"] for row in rows)
    headings = ["wait", "p95", "slowdown", "used", "makespan", "cross", "fit 16", "fit 18"]
    headings += ["held idle"] * has_held + ["peak power"] * has_power
    headings += ["restarts", "lost node-h"] * has_failures + ["rejected"] * has_rejected
    for heading in (*headings, "run time"):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda row: (row["summary"]["wait_mean_s"], row["engine"])):
        figures = row["summary"]
        cells = [
            row["engine"],
            row["admission"],
            duration(figures["wait_mean_s"]),
            duration(figures["wait_p95_s"]),
            f"{figures['slowdown_mean']:.1f}",
            f"{figures['utilisation']:.1%}",
            duration(figures["makespan_s"]),
            f"{figures['crossing_node_time']:.1%}",
            f"{figures['usable_16']:.0%}",
            f"{figures['usable_18']:.0%}",
        ]
        if has_held:
            cells.append(f"{figures['reserved_idle']:.1%}")
        if has_power:
            cells.append(f"{figures['peak_power_w'] / 1e6:.2f} MW")
        if has_failures:
            cells += [f"{figures['restarts']:.0f}", f"{figures['lost_node_h']:,.0f}"]
        if has_rejected:
            cells.append(f"{figures['rejected']:.0f}")
        table.add_row(*cells, f"{row['wall_s']:.0f} s")
    console.print(table)
    console.print(Text(LEGEND, "dim"))


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 12 min, 3.4 h, 2.1 d."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def replay_records(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One flat record per replay."""
    return [
        {
            "engine": row["engine"],
            "admission": row["admission"],
            **row["summary"],
            "calls": row["calls"],
            "wall_s": row["wall_s"],
        }
        for row in rows
    ]
