"""The engines `slurm` and `slurm-backfill`: Slurm's own schedulers over the whole queue (0.6)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ...models.cluster import Partition
from ...models.instance import Instance
from ...models.job import Job
from ...models.never import NeverExplainer
from ...models.plan import (
    Placement,
    Plan,
    PlanOptions,
    PlanResult,
    Progress,
    Reason,
    Unplaced,
)
from ...models.rules import verify
from ...models.score import score
from ...models.topology import BlockTopology
from .attempt import Segments
from .backfill import Stalled, Timetable
from .explain import rule_of
from .site import site_of
from .state import State
from .submit import Decision, decide

# Segments placed within a cycle of a second: recorded cycles survive 4 000 and not 25 000.
_MOST_PLACEMENTS = 10_000
_BEHIND = "Slurm does not look at it: a job before it waits for resources of its partition"
_BEHIND_STALL = "Slurm's backfill does not look at it: its cycle ends at a job before it"


class _Pass:
    """One planning of a queue: the starts so far and the answers to the other jobs."""

    def __init__(self, instance: Instance, options: PlanOptions) -> None:
        self.instance = instance
        self.options = options
        self.state = State(site_of(instance.cluster, options.legality), instance)
        self.placements: dict[str, Placement] = {}
        self.answers: dict[str, Decision] = {}

    def pending(self) -> Iterator[Job]:
        """Jobs that have not started, in queue order."""
        for job in self.instance.jobs:
            if job.job_id not in self.placements:
                yield job

    def start(self, job: Job, partition: Partition, segments: Segments) -> bool:
        """Start `job`, unless a plan may not hold what Slurm would do; whether it starts.

        When no candidate is left in a block (ring, torus), Slurm places a job on the nodes
        outside as if the topology were flat. The rules of a plan allow that only to jobs that
        had no candidate inside to begin with.
        """
        placement = Placement(job.job_id, segments, partition.name)
        if self.state.site.selector(partition).leaves_topology(placement.nodes):
            size = self.instance.units(job, partition).size
            nodes = placement.nodes
            cut = tuple(nodes[first : first + size] for first in range(0, len(nodes), size))
            placement = Placement(job.job_id, cut, partition.name)
            violations = verify(self.instance, Plan((placement,)), self.options.legality)
            if violations:
                step = f"0.4 outside the topology, against rule {violations[0].rule}"
                self.answers[job.job_id] = Decision(
                    "pending", (), partition.name, None, None, "Resources", step
                )
                return False
        self.placements[job.job_id] = placement
        self.state.start(job, partition, placement.nodes)
        return True

    def result(self, engine: str, started_s: float, left_out: str) -> PlanResult:
        """The plan, its worth, and why every other job waits."""
        plan = Plan(tuple(self.placements.values()))
        explainer = NeverExplainer(self.instance, self.options.legality)
        waiting = tuple(self._unplaced(job, left_out, explainer) for job in self.pending())
        ineligible = tuple(
            Unplaced(each.job.job_id, Reason.INELIGIBLE, "", each.reason)
            for each in self.instance.ineligible
        )
        return PlanResult(
            plan=plan,
            engine=engine,
            options=self.options,
            objective=score(self.instance, plan, self.options),
            unplaced=waiting + ineligible,
            wall_s=time.perf_counter() - started_s,
        )

    def _unplaced(self, job: Job, left_out: str, explainer: NeverExplainer) -> Unplaced:
        answer = self.answers.get(job.job_id)
        if answer is None:
            return Unplaced(job.job_id, Reason.WAITS, "available", left_out)
        if answer.reason == "BadConstraints":
            never = explainer.explain(job)
            if never is not None:
                return Unplaced(job.job_id, Reason.NEVER, *never)
        said = f"{answer.reason}: {answer.error}" if answer.error else answer.reason
        message = f"Slurm says {said} (slurm_semantics {answer.step})"
        return Unplaced(job.job_id, Reason.WAITS, rule_of(answer, job, self.instance), message)


def slurm(
    instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Strict priority: the first job that waits for resources closes its partition to the rest.

    Jobs that wait for something else (nodes that are down, impossible requests) block nobody.
    """
    began_s = time.perf_counter()
    run = _Pass(instance, options)
    for _ in _main_pass(run):
        _report(progress, run, "slurm")
    return run.result("slurm", began_s, _BEHIND)


def _main_pass(run: _Pass) -> Iterator[Job]:
    """The jobs that the main scheduler starts, one after another."""
    closed: set[str] = set()
    for job in list(run.pending()):
        for partition in run.instance.partitions_of(job):
            if partition.name in closed:
                continue
            answer = decide(run.state, job, partition, is_queued=True)
            run.answers[job.job_id] = answer
            if answer.starts and run.start(job, partition, answer.segments):
                yield job
                break
            if answer.reason == "Resources":
                closed.add(partition.name)


def slurm_backfill(
    instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Backfill cycles on time limits until none of them starts a job any more.

    The main scheduler runs between them: it gets past a job that takes backfill all its time.
    """
    began_s = time.perf_counter()
    run = _Pass(instance, options)
    timetable = Timetable(run.state)
    starts_before = -1
    while len(run.placements) > starts_before:
        starts_before = len(run.placements)
        try:
            for job in list(run.pending()):
                _backfill_job(run, timetable, job)
                _report(progress, run, "slurm-backfill")
        except Stalled:
            pass
        for job in _main_pass(run):
            timetable.add_end(job)
        timetable.next_cycle()
    return run.result("slurm-backfill", began_s, _BEHIND_STALL)


def _backfill_job(run: _Pass, timetable: Timetable, job: Job) -> None:
    """Start `job`, or keep nodes for it, in each of its partitions until it starts."""
    for partition in run.instance.partitions_of(job):
        answer = decide(run.state, job, partition, is_queued=True)
        run.answers[job.job_id] = answer
        if answer.reason == "BadConstraints" and _outlasts_cycle(run.state, job, partition):
            raise Stalled(job.job_id)
        if answer.reason in ("BadConstraints", "PartitionConfig"):
            continue
        planned = timetable.plan(job, partition)
        if planned is None:
            continue
        segments = timetable.start_now(job, partition) if timetable.is_now(planned) else None
        if segments is not None and run.start(job, partition, segments):
            timetable.add_end(job)
            return
        timetable.reserve(job, partition, planned)


def _outlasts_cycle(state: State, job: Job, partition: Partition) -> bool:
    """Whether testing `job` once takes longer than a backfill cycle.

    Spread segments that outnumber the blocks use up every candidate. Slurm then gives up one node
    and places them again, block after block, until the nodes are no more than the job needs.
    """
    topology = state.site.cluster.topology_of(partition)
    units = state.instance.units(job, partition)
    if not isinstance(topology, BlockTopology) or not units.spreads:
        return False
    num_blocks = len(topology.blocks)
    attempts = int(np.count_nonzero(state.up)) - job.num_nodes
    return units.count > num_blocks and attempts * num_blocks > _MOST_PLACEMENTS


def _report(progress: Progress | None, run: _Pass, engine: str) -> None:
    if progress is not None:
        progress(f"{engine}: {len(run.placements)} of {len(run.instance.jobs)} jobs started")
