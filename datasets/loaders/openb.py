"""Alibaba openb 2023 ``openb_pod_list_*.csv``: single pods with up to eight GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .trace import LoadOptions, Rows, TraceJob, csv_rows, open_text, trays, whole

REQUIRED = ("name", "num_gpu", "pod_phase", "creation_time", "deletion_time")


def read_openb(path: Path, options: LoadOptions, rows: Rows) -> Iterator[TraceJob]:
    """GPU pods; a share of one GPU counts as that GPU, and so as one tray."""
    with open_text(path) as text:
        for number, row in csv_rows(text, rows.source, REQUIRED):
            try:
                gpus = whole(row["num_gpu"]) or 0
                created, deleted = whole(row["creation_time"]), whole(row["deletion_time"])
                scheduled = whole(row.get("scheduled_time", ""))
            except ValueError as error:
                rows.error(number, str(error), "an integer")
                continue
            if gpus == 0:
                rows.skip("no GPUs")
                continue
            start = scheduled if scheduled is not None else created
            if created is None or deleted is None or start is None or deleted < start:
                rows.skip("never ran to an end")
                continue
            rows.read += 1
            yield TraceJob(
                job_id=row["name"],
                submit_s=created,
                runtime_s=deleted - start,
                num_nodes=trays(gpus, 0, options.gpus_per_tray),
                gpus=gpus,
                start_s=scheduled,
                partition=row.get("qos", ""),
                state=row["pod_phase"],
            )
