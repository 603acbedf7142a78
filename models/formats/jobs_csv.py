"""Job files in CSV: one row per job, columns as the keys of `jobs_keys`."""

from __future__ import annotations

from ..errors import ProblemLog
from .csv_rows import read_rows
from .jobs_build import JobContext, JobEntry, build_entry
from .jobs_keys import JOB_KEYS


def read_jobs_csv(text: str, log: ProblemLog, context: JobContext) -> list[JobEntry]:
    """Jobs of a CSV text with a header; an empty cell is an absent key.

    Parameters
    ----------
    text
        The table.
    log
        Where problems go.
    context
        What there is to know about the cluster.
    """
    entries = []
    for line, row in read_rows(text, log, known=JOB_KEYS, required=("job_id",)):
        job_id = row.get("job_id", "")
        label = f", job {job_id}" if 0 < len(job_id) <= 60 and job_id.isprintable() else ""
        entry = build_entry(row, log, f"line {line}{label}", context)
        if entry is not None:
            entries.append(entry)
    return entries
