"""Helios ``cluster_log.csv`` and Acme ``trace_kalos.csv``, ``trace_seren.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .trace import LoadOptions, Rows, TraceJob, csv_rows, instant, open_text, trays, whole

REQUIRED = (
    "job_id",
    "user",
    "gpu_num",
    "node_num",
    "state",
    "submit_time",
    "start_time",
    "end_time",
)


def read_helios(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """GPU jobs of a Helios log; the virtual cluster becomes the partition."""
    return _read(path, options, rows, partition="vc")


def read_acme(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """GPU jobs of an Acme log; the workload type becomes the partition.

    The runtime is end minus start: in Acme's Kalos rows `duration` counts from submission.
    """
    return _read(path, options, rows, partition="type")


def _read(path: Path, options: LoadOptions, rows: Rows, *, partition: str) -> Iterator[TraceJob]:
    with open_text(path) as text:
        for number, row in csv_rows(text, rows.source, (*REQUIRED, partition)):
            try:
                gpus = whole(row["gpu_num"]) or 0
                submit, start, end = (
                    instant(row[f"{moment}_time"]) for moment in ("submit", "start", "end")
                )
            except ValueError as error:
                rows.error(number, str(error), "whole GPUs and times YYYY-MM-DD hh:mm:ss")
                continue
            if gpus == 0:
                rows.skip("no GPUs")
            elif submit is None or start is None or end is None or end < start:
                rows.skip("never ran to an end")
            else:
                rows.read += 1
                yield TraceJob(
                    job_id=row["job_id"],
                    submit_s=submit,
                    runtime_s=end - start,
                    num_nodes=trays(gpus, 0, options.gpus_per_tray),
                    gpus=gpus,
                    start_s=start,
                    user=row["user"],
                    partition=row[partition],
                    state=row["state"],
                )
