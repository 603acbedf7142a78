"""What a replay measures: per job, over time, and in sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean

from ...models.capacity import fits
from ...models.cluster import Cluster, Partition
from ...models.instance import Instance
from ...models.topology import unit_owner

# Feitelson's bound: runs below ten seconds do not blow the slowdown up.
SLOWDOWN_BOUND_S = 10


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What became of one job.

    Attributes
    ----------
    start_s, end_s
        First start and last end; None if it never ran.
    busy_node_s
        Node-seconds that it held, all its attempts together.
    lost_node_s
        Part of them whose work was lost to failures.
    restarts
        Attempts beyond the first.
    blocks
        Base blocks (rings, toruses, leaves) of its last attempt; 0 on flat topologies.
    is_rejected
        The engine cannot place it even on the whole idle cluster.
    """

    job_id: str
    num_nodes: int
    submit_s: int
    runtime_s: int
    start_s: int | None = None
    end_s: int | None = None
    busy_node_s: int = 0
    lost_node_s: int = 0
    restarts: int = 0
    blocks: int = 0
    is_rejected: bool = False

    @property
    def wait_s(self) -> int | None:
        """Seconds from submission to the first start."""
        return None if self.start_s is None else self.start_s - self.submit_s

    @property
    def slowdown(self) -> float | None:
        """Bounded slowdown: time in the system over runtime, both at least ten seconds."""
        if self.end_s is None:
            return None
        return max(1.0, (self.end_s - self.submit_s) / max(self.runtime_s, SLOWDOWN_BOUND_S))


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at one instant.

    Attributes
    ----------
    busy, free, away, reserved_idle
        Nodes held by jobs, up and idle, down, and idle but closed by an exclusive job.
    waiting
        Jobs in the queue.
    power_w
        Draw of all jobs, and of idle nodes where the power file says what they draw.
    usable
        Per capacity size, the nodes that segments of it could use now.
    """

    time_s: int
    busy: int
    free: int
    away: int
    reserved_idle: int
    waiting: int
    power_w: int
    usable: tuple[int, ...]


@dataclass(frozen=True)
class ReplayResult:
    """Everything measured in one replay.

    Attributes
    ----------
    jobs
        In order of submission.
    samples
        The time series.
    num_nodes
        Of the cluster.
    busy_node_s, away_node_s, reserved_idle_node_s
        Exact integrals over time until the last job ended.
    peak_power_w
        Largest draw at any instant.
    end_s
        When the last job ended.
    calls
        Times that the engine was asked.
    capacity_sizes
        Sizes of `Sample.usable`.
    starts
        Per job its nodes of the last attempt, ascending.
    """

    jobs: tuple[JobRecord, ...]
    samples: tuple[Sample, ...]
    num_nodes: int
    busy_node_s: int
    away_node_s: int
    reserved_idle_node_s: int
    peak_power_w: int
    end_s: int
    calls: int
    capacity_sizes: tuple[int, ...]
    starts: dict[str, tuple[int, ...]]

    def summary(self) -> dict[str, float]:
        """The figures of a table: waits and makespan in seconds, shares from 0 to 1."""
        done = [job for job in self.jobs if job.end_s is not None and job.start_s is not None]
        waits = sorted(job.wait_s or 0 for job in done)
        slowdowns = sorted(job.slowdown or 1.0 for job in done)
        first = min((job.submit_s for job in self.jobs), default=0)
        span = max(1, self.end_s - first)
        placed_work = sum(job.busy_node_s for job in done if job.blocks)
        crossing_work = sum(job.busy_node_s for job in done if job.blocks > 1)
        multi = [job for job in done if job.num_nodes > 1 and job.blocks]
        figures = {
            "jobs": float(len(self.jobs)),
            "finished": float(len(done)),
            "rejected": float(sum(job.is_rejected for job in self.jobs)),
            "wait_mean_s": fmean(waits) if waits else 0.0,
            "wait_median_s": float(quantile(waits, 0.5)),
            "wait_p95_s": float(quantile(waits, 0.95)),
            "slowdown_mean": fmean(slowdowns) if slowdowns else 1.0,
            "slowdown_p95": quantile(slowdowns, 0.95) if slowdowns else 1.0,
            "makespan_s": float(span),
            "utilisation": self.busy_node_s / (self.num_nodes * span),
            "crossing_jobs": sum(job.blocks > 1 for job in multi) / len(multi) if multi else 0.0,
            "crossing_node_time": crossing_work / placed_work if placed_work else 0.0,
            "reserved_idle": self.reserved_idle_node_s / (self.num_nodes * span),
            "lost_node_h": sum(job.lost_node_s for job in self.jobs) / 3600,
            "restarts": float(sum(job.restarts for job in self.jobs)),
            "peak_power_w": float(self.peak_power_w),
        }
        for position, size in enumerate(self.capacity_sizes):
            shares = [
                sample.usable[position] / sample.free for sample in self.samples if sample.free
            ]
            figures[f"usable_{size}"] = fmean(shares) if shares else 1.0
        return figures


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the sorted values do not exceed; 0 of none."""
    if not values:
        return 0.0
    return values[max(0, ceil(share * len(values) - 1e-9) - 1)]


def blocks_touched(cluster: Cluster, partition: Partition, nodes: Sequence[int]) -> int:
    """Base blocks, rings, toruses or leaf switches that `nodes` touch; 0 on a flat topology."""
    owner = unit_owner(cluster.topology_of(partition))
    return len({owner[node] for node in nodes if node in owner})


def usable_nodes(instance: Instance, closed: frozenset[int], size: int) -> int:
    """Nodes that segments of `size` could use on the default topology."""
    return size * fits(instance, instance.free - closed, instance.cluster.topologies[0], size)
