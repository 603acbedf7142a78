"""Counterfactual: the recorded arrivals replayed with an engine, beside what really happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ..models.audit import Era
from ..models.audit.crossing import touched_blocks
from ..models.audit.summary import quantile
from ..models.audit.waste import Sample
from ..models.instance import Instance
from ..models.job import Job
from .audit_run import Audit

if TYPE_CHECKING:
    from ..heuristics.replay import Outage, ReplayJob, ReplayResult
    from ..models.plan import Placer

Progress = Callable[[str], None]

# Slowdown of very short runs says nothing; the bound that the replay uses.
SLOWDOWN_BOUND_S = 10


@dataclass(frozen=True)
class Comparison:
    """Figures of one replay, or of the record itself.

    Attributes
    ----------
    name
        ``recorded``, or the engine.
    figures
        By name; None where a figure means nothing.
    note
        What was assumed.
    """

    name: str
    figures: dict[str, float | None]
    note: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "figures": self.figures, "note": self.note}


def compare(
    audit: Audit, engines: Sequence[str], *, penalty: float, progress: Progress | None = None
) -> list[Comparison]:
    """The record, and a replay of its last topology's jobs under each engine.

    Parameters
    ----------
    audit
        With the jobs, the cluster and the outages.
    engines
        Names of the registry.
    penalty
        Throughput lost by a crossing, for the figure ``lost_to_crossings_node_h``.
    progress
        Told how far a replay is.
    """
    from ..heuristics.replay import ReplayOptions, replay

    era = audit.history.eras[-1]
    jobs = _replay_jobs(era)
    outages = _outages(era)
    note = (
        f"{len(jobs)} jobs as submitted, with their recorded runtimes and limits, EASY backfill; "
        f"a crossing is taken to cost {penalty:.0%} of a job's node-hours (an assumption; "
        "runtimes stay as recorded)"
    )
    rows = [Comparison("recorded", _recorded(era, audit, penalty), note)]
    options = ReplayOptions(legality=audit.options.legality, capacity_sizes=_sizes(era))
    for name in engines:
        placer = _placer(name)
        result = replay(era.cluster, jobs, placer, options, outages=outages, progress=progress)
        rows.append(Comparison(name, _replayed(result, penalty), note))
    return rows


def _placer(name: str) -> Placer:
    from ..heuristics.registry import HEURISTICS
    from ..models.errors import InputError, Problem
    from .engines import OPTIMAL, engine_names

    if name == OPTIMAL:
        from ..solver import optimal

        return optimal
    if name not in HEURISTICS:
        raise InputError([Problem("--against", "", repr(name), ", ".join(engine_names()))])
    return HEURISTICS[name].placer


def _replay_jobs(era: Era) -> list[ReplayJob]:
    """Jobs that started in the era, from the beginning of its window on."""
    from dataclasses import replace

    from ..heuristics.replay import ReplayJob

    jobs = []
    for number, allocation in enumerate(era.allocations):
        record = allocation.record
        if not allocation.is_start or allocation.num_unknown or not allocation.nodes:
            continue
        since = record.waits_from_s
        submit_s = allocation.start_s if since is None else max(since, era.start_s)
        held = len(allocation.nodes)
        job: Job = replace(
            record.job,
            job_id=f"{record.job.job_id}#{number}",
            num_nodes=held,
            max_nodes=held,
            partitions=(allocation.partition,),
            submit_s=submit_s,
            start_s=None,
        )
        jobs.append(ReplayJob(job, max(allocation.end_s - allocation.start_s, 0)))
    return jobs


def _outages(era: Era) -> list[Outage]:
    from ..heuristics.replay import Outage

    found = []
    for absence in era.absences:
        # Drained and reserved nodes let their jobs finish; nodes that went down did not.
        planned = not absence.outage.is_off
        for node in sorted(absence.nodes):
            found.append(Outage(node, absence.start_s, absence.end_s, planned))
    return found


def _sizes(era: Era) -> tuple[int, ...]:
    from ..models.capacity import base_size

    return (base_size(era.cluster.topologies[0]),)


def _replayed(result: ReplayResult, penalty: float) -> dict[str, float | None]:
    done = [job for job in result.jobs if job.wait_s is not None]
    waits = sorted(job.wait_s or 0 for job in done)
    first = min((job.submit_s for job in result.jobs), default=0)
    span = max(result.end_s - first, 1)
    crossing = [job for job in done if job.blocks > 1]
    placed = [job for job in done if job.blocks]
    usable = [sample.usable[0] / sample.free for sample in result.samples if sample.free]
    return {
        "jobs": len(done),
        "wait_mean_s": fmean(waits) if waits else 0.0,
        "wait_p95_s": quantile(waits, 0.95),
        "makespan_s": span,
        "utilisation": result.busy_node_s / (result.num_nodes * span),
        "crossing_jobs": len(crossing) / len(placed) if placed else None,
        "crossing_node_h": sum(job.busy_node_s for job in crossing) / 3600,
        "lost_to_crossings_node_h": penalty * sum(job.busy_node_s for job in crossing) / 3600,
        "usable_of_free": fmean(usable) if usable else None,
        "peak_power_w": result.peak_power_w or None,
    }


def _recorded(era: Era, audit: Audit, penalty: float) -> dict[str, float | None]:
    instance = Instance(era.cluster)
    waits, crossing_s, node_s = [], 0, 0
    crossing = placed = 0
    for allocation in era.allocations:
        length = allocation.end_s - allocation.start_s
        node_s += length * len(allocation.nodes)
        if not allocation.is_start:
            continue
        since = allocation.record.waits_from_s
        waits.append(max(allocation.start_s - (since or allocation.start_s), 0))
        partition = era.cluster.partition_named[allocation.partition]
        blocks = touched_blocks(allocation, instance.cluster.topology_of(partition))
        placed += bool(blocks)
        if len(blocks) > 1:
            crossing += 1
            crossing_s += length * len(allocation.nodes)
    waits.sort()
    begin = min((a.record.waits_from_s or a.start_s for a in era.allocations), default=era.start_s)
    end = max((allocation.end_s for allocation in era.allocations), default=begin + 1)
    span = max(end - max(begin, era.start_s), 1)
    samples = [s for s in audit.waste.samples if s.free and s.start_s >= era.start_s]
    return {
        "jobs": len(waits),
        "wait_mean_s": fmean(waits) if waits else 0.0,
        "wait_p95_s": quantile(waits, 0.95),
        "makespan_s": span,
        "utilisation": node_s / (len(era.cluster.nodes) * span),
        "crossing_jobs": crossing / placed if placed else None,
        "crossing_node_h": crossing_s / 3600,
        "lost_to_crossings_node_h": penalty * crossing_s / 3600,
        "usable_of_free": _weighted_usable(samples),
        "peak_power_w": _peak_power(era),
    }


def _weighted_usable(samples: Sequence[Sample]) -> float | None:
    """Share of the free nodes that is usable, weighted by time as a replay samples it."""
    length_s = sum(sample.end_s - sample.start_s for sample in samples)
    if not length_s:
        return None
    shares = ((s.end_s - s.start_s) * s.usable / s.free for s in samples)
    return sum(shares) / length_s


def _peak_power(era: Era) -> float | None:
    """Largest draw on record in the largest layer of any cap in watts."""
    from ..models.audit.layers import charges_of, usage_over_time

    peaks = []
    for resource in era.cluster.resources:
        if not resource.is_power or not resource.layers:
            continue
        top = max(range(len(resource.layers)), key=lambda q: len(resource.layers[q].nodes))
        charges = [
            charge
            for charge in charges_of(era, Instance(era.cluster), resource)
            if charge.layer == top
        ]
        steps = usage_over_time(resource, top, charges, era.start_s)
        peaks.append(max(step.used for step in steps))
    return max(peaks, default=None)
