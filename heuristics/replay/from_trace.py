"""A public trace as a workload: which rows become jobs, with which limits and segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...datasets.generators import segment_for
from ...datasets.loaders import TraceJob
from ...models.job import Job
from .workload import ReplayJob


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """How rows become jobs.

    Attributes
    ----------
    limit_factor
        Where a trace has no time limits, limit = this factor x runtime: 1 is a user who knows.
    segments
        ``none``; ``divisor``: a job larger than a base block is cut into equal segments, the
        largest of at most 16 nodes that divide it; or a number, for jobs that are multiples of it.
    block_size
        Nodes of a base block, for ``divisor``.
    max_jobs
        Only the first so many rows; None takes all.
    speedup
        Arrivals are compressed by this factor; runtimes stay.
    """

    limit_factor: float = 2.0
    segments: str = "none"
    block_size: int = 18
    max_jobs: int | None = None
    speedup: float = 1.0


def workload_of(trace: Sequence[TraceJob], options: TraceOptions) -> tuple[ReplayJob, ...]:
    """Jobs of a trace; those that ran for no time at all are left out.

    Partitions, users and node lists of the trace mean nothing on another cluster and are dropped.
    """
    jobs = []
    for row in trace[: options.max_jobs]:
        if row.runtime_s <= 0:
            continue
        limit = row.time_limit_s or max(60, round(row.runtime_s * options.limit_factor))
        job = Job(
            job_id=row.job_id,
            num_nodes=row.num_nodes,
            segment=segment_of(row.num_nodes, options),
            power_w=row.power_w,
            submit_s=int(row.submit_s / options.speedup),
            time_limit_s=limit,
        )
        jobs.append(ReplayJob(job, row.runtime_s))
    return tuple(jobs)


def segment_of(num_nodes: int, options: TraceOptions) -> int | None:
    """The segment that a job of this size is given."""
    if options.segments == "none":
        return None
    if options.segments == "divisor":
        return segment_for(num_nodes, options.block_size)
    size = int(options.segments)
    return size if num_nodes > size and num_nodes % size == 0 else None
