"""Recorded schedules for the audit's tests: a simulated Slurm that only makes legal starts."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from rackwright.models.audit.fit import fit
from rackwright.models.audit.scene import Request, Requests, Scene
from rackwright.models.cluster import Cluster
from rackwright.models.hostlist import fold
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive, Legality

EPOCH_S = 1_780_000_000
COLUMNS = (
    "JobIDRaw|JobID|User|Partition|Submit|Eligible|Start|End|ElapsedRaw|TimelimitRaw|State|"
    "SegmentSize|Exclusive|NNodes|NodeList|ReqNodes|SubmitLine|Priority|Licenses"
)


@dataclass(frozen=True)
class Run:
    """One job of a schedule: its request, when it ran, and where (None: never started)."""

    job: Job
    start_s: int | None
    end_s: int
    nodes: tuple[int, ...]


def simulate(
    cluster: Cluster,
    jobs: Sequence[tuple[Job, int]],
    *,
    legality: Legality = Legality.SLURM_26_11,
    overtakes: bool = True,
) -> list[Run]:
    """First come, first served, later jobs wherever they fit; nothing is protected.

    Parameters
    ----------
    cluster
        The machine; jobs run in its first partition.
    jobs
        ``(job, runtime in seconds)`` by submission.
    legality
        Which rules the starts obey.
    overtakes
        Whether later jobs may start before one that waits.
    """
    requests = Requests(cluster, legality)
    everything = frozenset(range(len(cluster.nodes)))
    partition = cluster.partitions[0].name
    running: list[tuple[int, int, Request, tuple[int, ...]]] = []
    runs: list[Run] = []
    queue: list[tuple[Job, int]] = []
    arrivals = list(jobs)
    now_s = 0
    number = 0
    while arrivals or queue or running:
        while arrivals and (arrivals[0][0].submit_s or 0) <= now_s:
            queue.append(arrivals.pop(0))
        while running and running[0][0] <= now_s:
            heapq.heappop(running)
        scene = _scene(cluster, everything, running)
        failed: set[int] = set()
        waiting: list[tuple[Job, int]] = []
        for job, runtime_s in queue:
            request = requests.of(job, partition)
            is_stuck = id(request) in failed or (bool(waiting) and not overtakes)
            found = None if is_stuck else fit(request, scene)
            if found is None or found.nodes is None:
                failed.add(id(request))
                waiting.append((job, runtime_s))
                continue
            number += 1
            end_s = now_s + runtime_s
            runs.append(Run(replace(job, start_s=now_s), now_s, end_s, found.nodes))
            if runtime_s:
                heapq.heappush(running, (end_s, number, request, found.nodes))
                scene = scene.started(request, found.nodes)
        queue = waiting
        instants = [running[0][0]] if running else []
        instants += [arrivals[0][0].submit_s or 0] if arrivals else []
        if not instants:
            runs.extend(Run(job, None, now_s, ()) for job, _ in queue)
            break
        now_s = max(min(instants), now_s + 1)
    return runs


def _scene(
    cluster: Cluster,
    everything: frozenset[int],
    running: Iterable[tuple[int, int, Request, tuple[int, ...]]],
) -> Scene:
    scene = Scene(cluster, everything, frozenset(), frozenset(), {})
    for _, _, request, nodes in running:
        scene = scene.started(request, nodes)
    return scene


def random_jobs(
    rng: Random,
    number: int,
    *,
    sizes: Sequence[int],
    gap_s: int = 60,
    runtime_s: int = 3600,
    options: bool = True,
) -> list[tuple[Job, int]]:
    """Jobs with segments and every option, by submission."""
    jobs = []
    submit_s = 0
    for index in range(number):
        submit_s += rng.randrange(2 * gap_s)
        size = rng.choice(sizes)
        divisors = [d for d in range(2, size) if size % d == 0]
        segment = rng.choice(divisors) if options and divisors and rng.random() < 0.4 else None
        length_s = rng.randrange(1, 2 * runtime_s)
        job = Job(
            job_id=str(index + 1),
            num_nodes=size,
            max_nodes=size,
            segment=segment,
            spread_segments=bool(segment) and rng.random() < 0.2,
            consolidate_segments=bool(segment) and rng.random() < 0.2,
            exclusive=Exclusive.TOPO if options and rng.random() < 0.1 else None,
            time_limit_s=-(-length_s // 60) * 60 + 600,
            submit_s=submit_s,
            priority=1000,
            user=rng.choice(("alice", "bob", "carol")),
        )
        jobs.append((job, length_s))
    return jobs


def sacct_lines(cluster: Cluster, runs: Sequence[Run]) -> list[str]:
    """The schedule as ``sacct -P`` prints it, in the zone UTC."""
    return [COLUMNS, *(sacct_line(cluster, run) for run in runs)]


def sacct_line(cluster: Cluster, run: Run) -> str:
    """One row."""
    job = run.job
    started = run.start_s is not None
    elapsed = run.end_s - run.start_s if run.start_s is not None else 0
    fields = [
        job.job_id,
        job.job_id,
        job.user,
        job.partitions[0] if job.partitions else cluster.partitions[0].name,
        instant(job.submit_s or 0),
        instant(job.submit_s or 0),
        instant(run.start_s) if run.start_s is not None else "Unknown",
        instant(run.end_s) if started else "Unknown",
        str(elapsed),
        str((job.time_limit_s or 0) // 60),
        "COMPLETED" if started else "PENDING",
        str(job.segment or ""),
        "TOPO" if job.is_exclusive_topo else "NODE",
        str(len(run.nodes) or job.num_nodes),
        fold(cluster.names(run.nodes)) if started else "None assigned",
        str(job.num_nodes),
        submit_line(job),
        str(job.priority or 0),
        ",".join(f"{name}:{count}" for name, count in job.licenses),
    ]
    return "|".join(fields)


def submit_line(job: Job) -> str:
    """What the user typed."""
    words = ["sbatch", f"-N{job.num_nodes}"]
    if job.segment:
        words.append(f"--segment={job.segment}")
    if job.spread_segments:
        words.append("--spread-segments")
    if job.consolidate_segments:
        words.append("--consolidate-segments")
    if job.is_exclusive_topo:
        words.append("--exclusive=topo")
    return " ".join([*words, "--wrap", "sleep 1 | cat"]).replace(" | cat", "")


def instant(seconds: int) -> str:
    """A simulated second as a date."""
    return datetime.fromtimestamp(EPOCH_S + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
