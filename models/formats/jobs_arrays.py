"""Job arrays: the tasks of ``--array`` as jobs of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .jobs_build import JobEntry, JobState

MAX_TASKS = 100_000
_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?", re.ASCII)


def parse_array(text: str) -> tuple[tuple[int, ...], int | None]:
    """Task numbers and throttle of ``0-15:4,20%2`` (man sbatch, ``--array``).

    Raises
    ------
    ValueError
        When it is malformed, or has more than 100,000 tasks.
    """
    body, percent, limit = text.strip().partition("%")
    if percent and not re.fullmatch(r"[1-9][0-9]{0,8}", limit, re.ASCII):
        raise ValueError(f"{text[:60]!r}: {limit[:20]!r} is no number of tasks at a time")
    tasks: dict[int, None] = {}
    for part in body.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{text[:60]!r}")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        step = 1 if match[3] is None else int(match[3])
        if last < first or not step:
            raise ValueError(f"{text[:60]!r}")
        if (last - first) // step + len(tasks) >= MAX_TASKS:
            raise ValueError(f"{text[:60]!r}: more than {MAX_TASKS} tasks")
        tasks.update(dict.fromkeys(range(first, last + 1, step)))
    return tuple(sorted(tasks)), int(limit) if percent else None


def expand_array(
    entry: JobEntry, tasks: Sequence[int], throttle: int | None, *, num_running: int = 0
) -> list[JobEntry]:
    """One entry per task, ``id_task``; those beyond the throttle are ineligible.

    Parameters
    ----------
    entry
        The array as a whole.
    tasks
        Numbers of its pending tasks.
    throttle
        How many may run at a time.
    num_running
        How many of them run now.
    """
    entries = []
    allowed = len(tasks) if throttle is None else max(throttle - num_running, 0)
    for index, task in enumerate(tasks):
        job = replace(entry.job, job_id=f"{entry.job.job_id}_{task}")
        if index >= allowed and entry.state is JobState.PENDING:
            reason = "JobArrayTaskLimit"
            entries.append(replace(entry, job=job, state=JobState.INELIGIBLE, reason=reason))
        else:
            entries.append(replace(entry, job=job))
    return entries
