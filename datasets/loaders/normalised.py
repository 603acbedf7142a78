"""Our own CSV (docs/traces.md, section 1): one row per job, seconds since the trace's start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .trace import LoadOptions, Rows, TraceJob, csv_rows, open_text, trays, whole

REQUIRED = ("job_id", "submit_s", "runtime_s")


def read_normalised(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """Jobs of a normalised trace; its node list is ``name`` or ``name:slots``, split by ``;``."""
    with open_text(path) as text:
        for number, row in csv_rows(text, rows.source, REQUIRED):
            try:
                submit, runtime = whole(row["submit_s"]), whole(row["runtime_s"])
                gpus, nodes = whole(row.get("gpus", "")) or 0, whole(row.get("nodes", "")) or 0
                start, limit = whole(row.get("start_s", "")), whole(row.get("time_limit_s", ""))
                power = whole(row.get("power_w", ""))
            except ValueError as error:
                rows.error(number, str(error), "an integer")
                continue
            if submit is None or runtime is None:
                rows.skip("no submit time or runtime")
                continue
            size = trays(gpus, nodes, options.gpus_per_tray)
            if size <= 0 or runtime < 0:
                rows.error(number, f"{size} nodes for {runtime} s", "nodes or gpus above 0")
                continue
            rows.read += 1
            yield TraceJob(
                job_id=row["job_id"],
                submit_s=submit,
                runtime_s=runtime,
                num_nodes=size,
                gpus=gpus,
                start_s=start,
                time_limit_s=limit,
                user=row.get("user", ""),
                partition=row.get("partition", ""),
                power_w=power,
                state=row.get("state", ""),
                nodelist=_names(row.get("nodelist", "")),
            )


def _names(text: str) -> tuple[str, ...]:
    return tuple(item.partition(":")[0] for item in text.split(";") if item)
