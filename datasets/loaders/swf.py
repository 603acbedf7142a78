"""Standard Workload Format of the Parallel Workloads Archive: 18 numbers a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .trace import LoadOptions, Rows, TraceJob, open_text

_HEADER = re.compile(r";\s*(MaxProcs|MaxNodes|UnixStartTime):\s*(\d+)")
_STATES = {0: "FAILED", 1: "COMPLETED", 5: "CANCELLED"}
_FIELDS = 18


def read_swf(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """Jobs of an SWF file; -1 is unknown.

    Fields: job, submit, wait, run, processors used, ..., asked, limit and others. The number of
    processors is what was asked for, or what was used where that is unknown. Some archives append
    node numbers after field 18; they are not read.
    """
    header: dict[str, int] = {}
    with open_text(path) as text:
        for number, line in enumerate(text, start=1):
            if line.lstrip().startswith(";"):
                match = _HEADER.match(line.strip())
                if match:
                    header[match[1]] = int(match[2])
                continue
            fields = line.split()
            if not fields:
                continue
            if len(fields) < _FIELDS:
                rows.error(number, f"{len(fields)} fields", f"{_FIELDS} numbers")
                continue
            try:
                values = [int(float(field)) for field in fields[:_FIELDS]]
            except ValueError:
                rows.error(number, "a field that is no number", f"{_FIELDS} numbers")
                continue
            procs = values[7] if values[7] > 0 else values[4]
            if values[3] < 0 or procs <= 0:
                rows.skip("no runtime or processors")
                continue
            rows.read += 1
            per_node = options.procs_per_node or _procs_per_node(header)
            yield TraceJob(
                job_id=fields[0],
                submit_s=values[1],
                runtime_s=values[3],
                num_nodes=-(-procs // per_node),
                start_s=values[1] + values[2] if values[2] >= 0 else None,
                time_limit_s=values[8] if values[8] > 0 else None,
                user=fields[11] if values[11] >= 0 else "",
                partition=fields[15] if values[15] >= 0 else "",
                state=_STATES.get(values[10], ""),
            )


def _procs_per_node(header: dict[str, int]) -> int:
    procs, nodes = header.get("MaxProcs", 0), header.get("MaxNodes", 0)
    return procs // nodes if nodes and procs >= nodes else 1
