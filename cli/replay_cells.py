"""One replay as a cell of a sweep: everything that decides it, and the row that it gives."""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..datasets.loaders import LoadOptions, read_trace
from ..heuristics.replay import (
    Admission,
    Outage,
    ReplayJob,
    ReplayOptions,
    ReplayResult,
    Requeue,
    TraceOptions,
    one_by_one,
    outages_at_rate,
    workload_of,
)
from ..heuristics.replay import replay as run
from ..models.cluster import Cluster
from ..models.errors import InputError, Problem, ProblemLog
from ..models.instance import Instance
from ..models.legality import Legality
from ..models.plan import Objective, Placer, PlanOptions, PlanResult, Progress
from .bench_cells import environment
from .engines import OPTIMAL, engine_names, run_engine
from .state_files import StateFiles

ROW_VERSION = 1
# A replay asks thousands of times: the exact engine gets this much work for each answer.
WORK_PER_PASS = 0.2
SLURM_BACKFILL = "slurm-backfill"


@dataclass(frozen=True, slots=True)
class ReplaySetup:
    """What all replays of one command share; the options of ``rackwright replay``."""

    trace: Path
    format: str | None
    files: StateFiles
    gpus_per_tray: int
    segments: str
    limit_factor: float
    max_jobs: int | None
    speedup: float
    depth: int
    requeue: str
    checkpoint_s: int | None
    outages: Path | None
    mtbf_s: float | None
    repair_s: float
    objective: str
    legality: str
    seed: int
    details: Path | None

    def workload(self) -> tuple[ReplayJob, ...]:
        """The trace as jobs."""
        if self.segments not in ("none", "divisor") and not (
            self.segments.isdigit() and int(self.segments) > 0
        ):
            wanted = "none, divisor or a number of nodes"
            raise InputError([Problem("--segments", "", repr(self.segments), wanted)])
        found = read_trace(
            self.trace, format=self.format, options=LoadOptions(gpus_per_tray=self.gpus_per_tray)
        )
        jobs = workload_of(
            found.jobs,
            TraceOptions(
                limit_factor=self.limit_factor,
                segments=self.segments,
                max_jobs=self.max_jobs,
                speedup=self.speedup,
            ),
        )
        if not jobs:
            raise InputError(
                [Problem(str(self.trace), "", "no job that ran", "a trace with jobs")]
            )
        return jobs

    def away(self, state: Instance, horizon_s: int) -> tuple[Outage, ...]:
        """Nodes that are down all the time, outages from the file, and failures at the rate."""
        cluster = state.cluster
        forever = tuple(
            Outage(node, 0, 2**40, is_planned=True)
            for node in sorted(state.unavailable | state.occupied)
        )
        listed = read_outages(self.outages, cluster) if self.outages else ()
        random: tuple[Outage, ...] = ()
        if self.mtbf_s:
            random = outages_at_rate(
                len(cluster.nodes),
                horizon_s,
                mtbf_s=self.mtbf_s,
                repair_s=self.repair_s,
                seed=self.seed,
            )
        return (*forever, *listed, *random)

    def digest(self) -> str:
        """Names this setup in the rows, so that a continued file never mixes two."""
        digest = hashlib.sha256(repr(replace_paths(self)).encode())
        for path in (self.trace, *self.files.paths, *((self.outages,) if self.outages else ())):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]


def replace_paths(setup: ReplaySetup) -> ReplaySetup:
    """The setup without its paths: the files' contents count, not where they lie."""
    nowhere = Path()
    unnamed = StateFiles(nowhere, unavailable=setup.files.unavailable)
    return replace(setup, trace=nowhere, files=unnamed, outages=None, details=None)


def read_outages(path: Path, cluster: Cluster) -> tuple[Outage, ...]:
    """Outages of a CSV ``node,down_s,up_s[,planned]``; node may be a hostlist."""
    from ..models.hostlist import expand

    log = ProblemLog(str(path))
    outages: list[Outage] = []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"node", "down_s", "up_s"} <= set(reader.fieldnames or ()):
            log.error("header", f"columns {reader.fieldnames}", "node,down_s,up_s[,planned]")
            log.raise_errors()
        for row in reader:
            where = f"line {reader.line_num}"
            try:
                down, up, names = int(row["down_s"]), int(row["up_s"]), expand(row["node"])
            except ValueError as error:
                log.error(where, str(error), "a hostlist and whole seconds")
                continue
            unknown = [name for name in names if name not in cluster.index_of]
            if unknown or up <= down:
                found = f"unknown node {unknown[0]}" if unknown else f"from {down} to {up}"
                log.error(where, found, "nodes of the topology, up_s after down_s")
                continue
            planned = (row.get("planned") or "").lower() in ("1", "true", "yes")
            outages += [Outage(cluster.index_of[name], down, up, planned) for name in names]
    log.raise_errors()
    return tuple(outages)


def cells_of(
    setup: ReplaySetup, engines: Sequence[str], admissions: Sequence[str]
) -> dict[str, partial[dict[str, Any]]]:
    """One replay per engine and admission, by key."""
    for name in engines:
        if name not in engine_names():
            wanted = ", ".join(engine_names())
            raise InputError([Problem("--engine", "", f"no engine {name!r}", wanted)])
    if SLURM_BACKFILL in engines and set(admissions) != {Admission.JOINT.value}:
        problem = Problem(
            "--engine", "", SLURM_BACKFILL, "--admission joint: it plans in time itself"
        )
        raise InputError([problem])
    digest = setup.digest()
    return {
        f"{digest} {admission} {engine}": partial(
            run_replay, setup, engine, admission, f"{digest} {admission} {engine}"
        )
        for admission in dict.fromkeys(admissions)
        for engine in dict.fromkeys(engines)
    }


def placer_of(name: str) -> Placer:
    """The engine as a policy; the exact one with a small budget, warm-started by greedy."""
    from ..heuristics.registry import HEURISTICS

    if name == "slurm":
        return one_by_one(HEURISTICS[name].placer)
    if name != OPTIMAL:
        return HEURISTICS[name].placer

    def exact(
        instance: Instance, options: PlanOptions, *, progress: Progress | None = None
    ) -> PlanResult:
        return run_engine(OPTIMAL, instance, replace(options, work=WORK_PER_PASS))

    return exact


def run_replay(setup: ReplaySetup, engine: str, admission: str, key: str) -> dict[str, Any]:
    """Replay once; the row of the sweep."""
    begin_s = time.perf_counter()
    state, jobs = setup.files.load_again(), setup.workload()
    cluster = state.cluster
    last = max(entry.job.submit_s or 0 for entry in jobs)
    horizon_s = last + 2 * sum(e.runtime_s * e.job.num_nodes for e in jobs) // len(cluster.nodes)
    result = run(
        cluster,
        jobs,
        placer_of(engine),
        ReplayOptions(
            admission=Admission(admission),
            depth=setup.depth,
            requeue=Requeue(setup.requeue),
            checkpoint_s=setup.checkpoint_s,
            objective=Objective(setup.objective),
            legality=Legality(setup.legality),
            seed=setup.seed,
            shows_running=engine == SLURM_BACKFILL,
        ),
        outages=setup.away(state, horizon_s),
    )
    if setup.details is not None:
        write_details(result, setup.details / f"{engine}-{admission}")
    return {
        "version": ROW_VERSION,
        "cell": key,
        "engine": engine,
        "admission": admission,
        "num_nodes": len(cluster.nodes),
        "summary": {name: round(value, 6) for name, value in result.summary().items()},
        "calls": result.calls,
        "wall_s": round(time.perf_counter() - begin_s, 2),
        "environment": environment(),
    }


def write_details(result: ReplayResult, stem: Path) -> None:
    """``STEM-jobs.csv`` and ``STEM-series.csv``."""
    from ..models.formats.atomic import write_atomically
    from .bench_table import as_csv

    jobs = [{**asdict(job), "wait_s": job.wait_s, "slowdown": job.slowdown} for job in result.jobs]
    write_atomically(stem.with_name(f"{stem.name}-jobs.csv"), as_csv(jobs))
    series = []
    for sample in result.samples:
        record = asdict(sample)
        usable = record.pop("usable")
        record |= {
            f"usable_{size}": value
            for size, value in zip(result.capacity_sizes, usable, strict=True)
        }
        series.append(record)
    write_atomically(stem.with_name(f"{stem.name}-series.csv"), as_csv(series))
