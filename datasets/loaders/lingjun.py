"""Alibaba Lingjun 2023: ``job.csv`` with ``worker.csv`` beside it (GPUs and hosts)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ...models.errors import InputError, Problem
from .trace import LoadOptions, Rows, TraceJob, csv_rows, instant, open_text, trays

JOB_COLUMNS = ("job_name", "status", "gmt_job_submitted", "gmt_job_running", "gmt_job_finished")
WORKER_COLUMNS = ("job_name", "host_ip", "RES")


def read_lingjun(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """GPU jobs of ``job.csv``: GPUs are summed over the workers, times have whole minutes.

    Raises
    ------
    InputError
        If ``worker.csv`` is not in the same folder: without it no job has a size.
    """
    workers = path.with_name(path.name.replace("job", "worker"))
    if not workers.exists():
        found = f"{workers.name} is not beside it"
        raise InputError([Problem(rows.source, "", found, "both files of the data set")])
    gpus_of, hosts_of = _workers(workers, rows)
    with open_text(path) as text:
        for number, row in csv_rows(text, rows.source, JOB_COLUMNS):
            name = row["job_name"]
            gpus = gpus_of.get(name, 0)
            try:
                submit, start, end = (
                    instant(row[f"gmt_job_{moment}"])
                    for moment in ("submitted", "running", "finished")
                )
            except ValueError as error:
                rows.error(number, str(error), "a time like 2023/7/15 02:19")
                continue
            if gpus == 0:
                rows.skip("no GPUs")
            elif submit is None or start is None or end is None or end < start:
                rows.skip("never ran to an end")
            else:
                rows.read += 1
                yield TraceJob(
                    job_id=row.get("id") or name,
                    submit_s=submit,
                    runtime_s=end - start,
                    num_nodes=trays(gpus, 0, options.gpus_per_tray),
                    gpus=gpus,
                    start_s=start,
                    state=row["status"],
                    nodelist=tuple(hosts_of.get(name, ())),
                )


def _workers(path: Path, rows: Rows) -> tuple[dict[str, int], dict[str, list[str]]]:
    """GPUs and hosts per job name; RES is JSON with the key ``nvidia.com/gpu``."""
    gpus: dict[str, int] = {}
    hosts: dict[str, list[str]] = {}
    with open_text(path) as text:
        for number, row in csv_rows(text, path.name, WORKER_COLUMNS):
            try:
                requested = json.loads(row["RES"] or "{}")
                count = int(requested.get("nvidia.com/gpu") or 0)
            except (ValueError, AttributeError):
                rows.error(number, f"RES {row['RES'][:40]!r} in {path.name}", "a JSON mapping")
                continue
            gpus[row["job_name"]] = gpus.get(row["job_name"], 0) + count
            if row["host_ip"]:
                hosts.setdefault(row["job_name"], []).append(row["host_ip"])
    return gpus, hosts
