"""Seeded clusters with failures, and queues calibrated to public traces."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from ..models.instance import Instance
from ..models.job import Job
from .colossus import NOW_S, colossus
from .loaders.trace import TraceJob

LARGEST_SEGMENT = 16


@dataclass(frozen=True, slots=True)
class Workload:
    """Figures of a trace that a queue is drawn from.

    Attributes
    ----------
    sizes
        ``(nodes, jobs per thousand)``: GPUs converted to trays of 4.
    runtimes
        Per class of sizes ``(largest nodes, quantiles)``: runtime in seconds at `SHARES`.
    gaps
        Seconds between submissions at `GAP_SHARES`.
    source
        Where the figures come from.
    """

    sizes: tuple[tuple[int, int], ...]
    runtimes: tuple[tuple[int, tuple[int, ...]], ...]
    gaps: tuple[int, ...]
    source: str


SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
GAP_SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)

# Counted by us on the normalised traces (docs/traces.md); sizes of less than 0.4 % are left out.
# Only these figures are carried over, no row of any trace.
WORKLOADS: dict[str, Workload] = {
    "lingjun": Workload(
        sizes=(
            *((1, 217), (2, 340), (3, 6), (4, 73), (6, 11), (8, 162), (12, 31), (15, 13)),
            *((16, 42), (18, 8), (20, 6), (22, 8), (32, 7), (64, 56), (100, 5), (128, 9)),
        ),
        runtimes=(
            (1, (60, 60, 180, 720, 2520, 20040, 188340, 1237860)),
            (2, (60, 120, 180, 240, 1380, 14100, 244680, 1237860)),
            (8, (60, 60, 240, 720, 6060, 18780, 252240, 1237860)),
            (18, (60, 180, 360, 1200, 14580, 77580, 576180, 1237860)),
            (9999, (60, 120, 240, 420, 840, 10860, 151140, 1237860)),
        ),
        gaps=(0, 0, 60, 180, 420, 900, 1440, 6300, 43560),
        source="Alibaba Lingjun 2023 (Crux, SIGCOMM'24), Apache-2.0, 2,498 GPU jobs",
    ),
    "helios": Workload(
        sizes=(
            *((1, 152), (2, 380), (4, 97), (6, 8), (8, 18), (14, 10), (16, 15), (24, 6)),
            *((28, 9), (30, 53), (32, 215), (34, 18), (36, 6)),
        ),
        runtimes=(
            (1, (1, 25, 64, 91, 108, 213, 829, 567327)),
            (2, (1, 20, 49, 169, 387, 4049, 170029, 567327)),
            (8, (1, 2, 26, 126, 2203, 21715, 337939, 567327)),
            (18, (1, 13, 56, 109, 242, 1870, 3025, 567327)),
            (9999, (1, 4, 5, 8, 130, 494, 161225, 567327)),
        ),
        gaps=(0, 5, 7, 50, 194, 1300, 4462, 28958, 94941),
        source="Helios Venus, two virtual clusters, Sept 2020 (SC'21), CC-BY-4.0, 1,867 jobs",
    ),
    "philly": Workload(
        sizes=((1, 940), (2, 49), (4, 7)),
        runtimes=(
            (1, (1, 58, 162, 1403, 4901, 20443, 516055, 5185940)),
            (2, (1, 83, 852, 12581, 111637, 346965, 1487594, 5185940)),
            (9999, (1, 51, 437, 9941, 56663, 186791, 1375749, 5185940)),
        ),
        gaps=(0, 1, 2, 8, 42, 208, 375, 600, 16970),
        source="Microsoft Philly 2017 (ATC'19), CC-BY-4.0, 99,053 jobs",
    ),
}


def generate_queue(
    workload: str, num_jobs: int, *, seed: int, speedup: float = 1.0
) -> tuple[TraceJob, ...]:
    """Jobs with sizes, runtimes and arrivals like those of a public trace.

    Parameters
    ----------
    workload
        A name of `WORKLOADS`.
    num_jobs
        How many.
    speedup
        Divides the time between submissions.

    Notes
    -----
    Sizes are drawn from the table, runtimes by linear interpolation between the quantiles of
    the size's class, gaps likewise; draws are independent, so bursts of equal jobs are lost.

    Examples
    --------
    >>> [job.num_nodes for job in generate_queue("lingjun", 5, seed=1)]
    [1, 1, 4, 2, 4]
    """
    figures = WORKLOADS[workload]
    random = Random(f"queue {workload} {seed}")
    sizes, weights = zip(*figures.sizes, strict=True)
    submit = 0.0
    jobs = []
    for number in range(1, num_jobs + 1):
        size = random.choices(sizes, weights)[0]
        quantiles = next(values for largest, values in figures.runtimes if size <= largest)
        runtime = max(1, round(_interpolate(SHARES, quantiles, random.random())))
        jobs.append(TraceJob(str(number), int(submit), runtime, size))
        submit += _interpolate(GAP_SHARES, figures.gaps, random.random()) / speedup
    return tuple(jobs)


def _interpolate(shares: Sequence[float], values: Sequence[int], share: float) -> float:
    """The quantile function through the given points."""
    upper = min(bisect_right(shares, share), len(shares) - 1)
    left, right = shares[upper - 1], shares[upper]
    part = (share - left) / (right - left)
    return values[upper - 1] + part * (values[upper] - values[upper - 1])


def segment_for(num_nodes: int, block_size: int) -> int | None:
    """Segment of a job above a base block: the largest divisor up to 16; None if there is none."""
    if num_nodes <= block_size:
        return None
    return next((size for size in range(LARGEST_SEGMENT, 1, -1) if num_nodes % size == 0), None)


def generate_cluster(
    *,
    num_blocks: int,
    seed: int,
    block_size: int = 18,
    levels: tuple[int, ...] = (0, 1, 2, 3, 4),
    occupied: float = 0.5,
    down: float = 0.02,
    blocks_down: float = 0.0,
    mix: str = "plain",
    partitions: int = 1,
    power: bool = False,
) -> Instance:
    """A cluster of any size with running jobs and failures, and an empty queue.

    Parameters
    ----------
    down
        Share of the nodes without a job that are down, independently of each other.
    blocks_down
        Share of the base blocks of which every node without a job is down (a switch tray, the
        cooling of a rack).
    occupied, mix, partitions, power
        As in `colossus`; with ``mix="all"`` some running jobs are exclusive.
    """
    instance = colossus(
        num_blocks=num_blocks,
        block_size=block_size,
        levels=levels,
        num_jobs=0,
        seed=seed,
        occupied=occupied,
        down=down,
        mix=mix,
        partitions=partitions,
        power=power,
    )
    if not blocks_down:
        return instance
    random = Random(f"blocks down {seed}")
    struck = frozenset(
        node
        for block in range(num_blocks)
        if random.random() < blocks_down
        for node in range(block * block_size, (block + 1) * block_size)
    )
    return replace(instance, unavailable=instance.unavailable | (struck & instance.free))


def queued_instance(
    cluster: Instance, queue: Sequence[TraceJob], *, block_size: int = 18
) -> Instance:
    """A generated cluster with a generated queue waiting in order of submission.

    Jobs larger than the cluster are left out; those larger than a block get a segment.
    """
    jobs = [
        Job(
            job_id=row.job_id,
            num_nodes=row.num_nodes,
            segment=segment_for(row.num_nodes, block_size),
            submit_s=NOW_S + row.submit_s,
            time_limit_s=max(60, 2 * row.runtime_s),
            priority=len(queue) - position,
            weight=1,
        )
        for position, row in enumerate(queue)
        if row.num_nodes <= len(cluster.cluster.nodes)
    ]
    return replace(cluster, jobs=tuple(jobs))
