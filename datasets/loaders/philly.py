"""Microsoft Philly ``cluster_job_log``: one JSON array, read object by object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ...models.errors import InputError, Problem
from .trace import LoadOptions, Rows, TraceJob, instant, open_text, trays

_PIECE = 1 << 20


def read_philly(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """Jobs with a size and an end; the runtime spans all attempts and the gaps between them."""
    with open_text(path) as text:
        for number, entry in enumerate(_objects(text, rows), start=1):
            attempts = [
                attempt for attempt in entry.get("attempts") or () if attempt.get("detail")
            ]
            try:
                submit = instant(entry.get("submitted_time") or "")
                start = instant(attempts[0].get("start_time") or "") if attempts else None
                end = instant(attempts[-1].get("end_time") or "") if attempts else None
                gpus = sum(len(part["gpus"]) for part in attempts[0]["detail"]) if attempts else 0
            except (ValueError, KeyError, TypeError) as error:
                rows.error(
                    number, f"job {entry.get('jobid')!r}: {error}", "the keys of the README"
                )
                continue
            if not gpus:
                rows.skip("no GPUs")
            elif submit is None or start is None or end is None or end < start:
                rows.skip("never ran to an end")
            else:
                rows.read += 1
                yield TraceJob(
                    job_id=str(entry.get("jobid")),
                    submit_s=submit,
                    runtime_s=end - start,
                    num_nodes=trays(gpus, 0, options.gpus_per_tray),
                    gpus=gpus,
                    start_s=start,
                    user=str(entry.get("user") or ""),
                    partition=str(entry.get("vc") or ""),
                    state=str(entry.get("status") or ""),
                    nodelist=tuple(part["ip"] for part in attempts[-1]["detail"]),
                )


def _objects(text: TextIO, rows: Rows) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array, without holding the whole file (it has 100 MB)."""
    decoder = json.JSONDecoder()
    buffer = text.read(_PIECE).lstrip()
    if not buffer.startswith("["):
        raise InputError([Problem(rows.source, "", "no JSON array", "cluster_job_log")])
    position = 1
    while True:
        while position < len(buffer) and buffer[position] in " \t\r\n,":
            position += 1
        if position < len(buffer) and buffer[position] == "]":
            return
        try:
            entry, position = decoder.raw_decode(buffer, position)
        except ValueError as error:
            more = text.read(_PIECE)
            if not more:
                found = f"JSON ends or breaks near character {position}"
                raise InputError([Problem(rows.source, "", found, "a whole file")]) from error
            buffer, position = buffer[position:] + more, 0
            continue
        if isinstance(entry, dict):
            yield entry
