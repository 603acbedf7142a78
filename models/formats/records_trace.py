"""CSV traces in the schema of docs/traces.md: seconds since the start of the trace."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence

from ..errors import InputError, Problem
from .records import FileCount
from .records_raw import RawEntry

FORMAT = "CSV trace"
_REQUIRED = ("job_id", "start_s", "runtime_s", "nodelist")
_GPUS_PER_NODE = 4  # an NVL72 tray; only where a trace counts GPUs and no nodes


def read_trace(
    lines: Sequence[str], count: FileCount, facts: Counter[str], missing: set[str]
) -> Iterator[RawEntry]:
    """Entries of a trace; jobs without a start are waiting or unknown and stay in.

    Raises
    ------
    InputError
        If a column without which nothing can be audited is missing.
    """
    # A shuffled file has its header anywhere; rows before it mean the same.
    columns = _columns(next((line for line in lines if is_header(line)), ""))
    _check(columns, count.source, missing)
    for number, line in enumerate(lines, start=1):
        count.lines += 1
        if not line.strip() or line.startswith("#"):
            count.skipped["blank" if not line.strip() else "comment"] += 1
            continue
        if is_header(line):
            columns = _columns(line)
            _check(columns, count.source, missing)
            count.skipped["header"] += 1
            continue
        fields = next(csv.reader([line]))
        if len(fields) != len(columns):
            wanted = f"{len(columns)} as in the header"
            count.fail(f"line {number}", f"{len(fields)} fields", wanted)
            continue
        try:
            entry = _entry(dict(zip(columns, fields, strict=True)))
        except ValueError as error:
            count.fail(f"line {number}", str(error))
            continue
        entry.source, entry.line = count.source, number
        count.read += 1
        facts["shared-node allocations"] += bool(entry.slots)
        yield entry


def is_header(line: str) -> bool:
    """Whether a line names the columns of a trace."""
    return "job_id" in _columns(line)


def _columns(header: str) -> list[str]:
    return [name.strip().lower() for name in header.split(",")]


def _check(columns: list[str], source: str, missing: set[str]) -> None:
    lacking = [name for name in _REQUIRED if name not in columns]
    if lacking:
        found = f"missing columns: {', '.join(lacking)}"
        problem = Problem(source, "header", found, f"{', '.join(_REQUIRED)} and more")
        raise InputError([problem])
    if "segment" not in columns:
        missing.add("a trace names no segments: jobs are judged as unsegmented")
    for name, message in (
        ("submit_s", "waits are not analysed (submit_s)"),
        ("time_limit_s", "time limits are not checked (time_limit_s)"),
    ):
        if name not in columns:
            missing.add(message)


def _entry(values: dict[str, str]) -> RawEntry:
    def whole(name: str) -> int | None:
        text = values.get(name, "").strip()
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{name} {text!r} is no whole number") from None

    if not values["job_id"].strip():
        raise ValueError("no job_id")
    start, runtime, submit = whole("start_s"), whole("runtime_s"), whole("submit_s")
    if runtime is not None and runtime < 0:
        raise ValueError(f"runtime_s {runtime} is negative")
    names, slots = _nodelist(values["nodelist"])
    gpus = whole("gpus")
    num_nodes = whole("nodes")
    if num_nodes is None and gpus:
        num_nodes = -(-gpus // (whole("gpus_per_node") or _GPUS_PER_NODE))
    # Traces count from zero; an instant of 0 is a real one here, unlike in Slurm's JSON.
    return RawEntry(
        job_id=values["job_id"].strip(),
        user=values.get("user", "").strip(),
        partition=values.get("partition", "").strip(),
        state=values.get("state", "").strip().upper(),
        submits=() if submit is None else (submit,),
        starts=() if start is None else (start,),
        ends=() if start is None or runtime is None else (start + runtime,),
        limit_s=whole("time_limit_s"),
        nodelist=",".join(names),
        slots=slots,
        num_nodes=num_nodes,
        segment=whole("segment"),
        exclusive=values["exclusive"].strip().upper() if "exclusive" in values else None,
        power_w=whole("power_w"),
        priority=whole("priority"),
        licenses=values.get("licenses", "").strip(),
    )


def _nodelist(text: str) -> tuple[list[str], tuple[tuple[str, int], ...]]:
    """Node names, and the slots of those that are shared (``name:k``)."""
    names: list[str] = []
    slots: list[tuple[str, int]] = []
    for item in filter(None, (part.strip() for part in text.split(";"))):
        name, colon, amount = item.partition(":")
        names.append(name)
        if colon:
            if not amount.isdigit():
                raise ValueError(f"nodelist item {item!r} has no number of slots")
            slots.append((name, int(amount)))
    return names, tuple(slots)
