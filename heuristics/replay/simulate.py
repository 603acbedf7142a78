"""The event loop: ends, failures, returns and submissions in order, then one scheduling pass."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...models.cluster import Cluster
from ...models.instance import Instance, RunningJob
from ...models.plan import Placement, Placer, Progress
from ...models.rules.exclusive import held_nodes
from .admission import Admitter
from .live import Held, LiveCluster
from .metrics import JobRecord, ReplayResult, Sample, blocks_touched, usable_nodes
from .outages import Outage
from .workload import UNLIMITED_S, ReplayJob, ReplayOptions, Requeue

# Order of events at one instant: what frees nodes comes first.
END, RETURN, FAIL, SUBMIT = range(4)


@dataclass(slots=True)
class _Progressing:
    """A job's fate while the replay runs."""

    entry: ReplayJob
    rank: int
    left_s: int
    attempt: int = 0
    started_s: int = 0
    is_expedited: bool = False


def replay(
    cluster: Cluster,
    jobs: Sequence[ReplayJob],
    placer: Placer,
    options: ReplayOptions,
    *,
    outages: Sequence[Outage] = (),
    running: Sequence[tuple[RunningJob, int]] = (),
    until_s: int | None = None,
    progress: Progress | None = None,
) -> ReplayResult:
    """Replay a workload.

    Parameters
    ----------
    cluster
        The machine; all its nodes are up unless an outage says otherwise.
    jobs
        In any order; those without `submit_s` are there from the start.
    placer
        The engine that decides who starts where.
    outages
        Failures and maintenance.
    running
        Jobs that hold nodes at second 0, with the seconds that they still run; not reported.
    until_s
        Stop here even if jobs are left; None runs until all are done.
    progress
        Told now and then how far it is.

    Notes
    -----
    Deterministic: ties are broken by kind of event and order of submission, and engines are
    deterministic under their seed.
    """
    simulation = _Simulation(cluster, jobs, placer, options, outages)
    simulation.occupy(running)
    simulation.run(until_s, progress)
    return simulation.result()


class _Simulation:
    def __init__(
        self,
        cluster: Cluster,
        jobs: Sequence[ReplayJob],
        placer: Placer,
        options: ReplayOptions,
        outages: Sequence[Outage],
    ) -> None:
        self._cluster = cluster
        self._options = options
        self._live = LiveCluster(cluster, options.legality, shows_running=options.shows_running)
        self._admitter = Admitter(self._live, placer, options, self._closed_soon)
        self._outages = tuple(outages)
        self._windows = tuple(
            sorted((o for o in outages if o.is_planned), key=lambda o: (o.down_s, o.node))
        )
        ordered = sorted(jobs, key=lambda entry: entry.job.submit_s or 0)
        self._fate = {
            entry.job.job_id: _Progressing(entry, rank, entry.runtime_s)
            for rank, entry in enumerate(ordered)
        }
        self._records = {
            entry.job.job_id: JobRecord(
                entry.job.job_id, entry.job.num_nodes, entry.job.submit_s or 0, entry.runtime_s
            )
            for entry in ordered
        }
        self._waiting: dict[str, ReplayJob] = {}
        self._starts: dict[str, tuple[int, ...]] = {}
        self._events: list[tuple[int, int, int, str | Outage, int]] = []
        self._sequence = 0
        for entry in ordered:
            self._push(entry.job.submit_s or 0, SUBMIT, entry.job.job_id)
        for outage in self._outages:
            self._push(outage.down_s, FAIL, outage)
        self._unfinished = len(ordered)
        self._foreign: set[str] = set()
        self._now = 0
        self._last_end = 0
        self._sums = [0, 0, 0]
        self._reserved_idle = 0
        self._power = self._idle_w() * len(cluster.nodes)
        self._peak_power = self._power
        self._samples: list[Sample] = []
        last = ordered[-1].job.submit_s if ordered else 0
        self._sample_every = max(1, (last or 0) // options.samples)
        self._next_sample = 0

    def _push(self, time_s: int, kind: int, what: str | Outage, attempt: int = 0) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (time_s, kind, self._sequence, what, attempt))

    def occupy(self, running: Sequence[tuple[RunningJob, int]]) -> None:
        """Jobs that are there from the beginning; they end, and are not measured."""
        for held, seconds in running:
            partition = held.partition or self._cluster.partitions[0].name
            placement = Placement(held.job.job_id, (tuple(sorted(held.nodes)),), partition)
            instance = Instance(self._cluster, jobs=(held.job,), now_s=held.job.start_s or 0)
            limit = UNLIMITED_S if held.job.time_limit_s is None else held.job.time_limit_s
            end = max((held.job.start_s or 0) + limit, 1)
            self._live.start((placement,), instance, {held.job.job_id: end})
            self._foreign.add(held.job.job_id)
            self._push(seconds, END, held.job.job_id)

    def run(self, until_s: int | None, progress: Progress | None) -> None:
        """Handle events until no job is left."""
        total = self._unfinished
        told = 0
        while self._events and self._unfinished:
            now = self._events[0][0]
            if until_s is not None and now > until_s:
                return
            self._advance(now)
            while self._events and self._events[0][0] == now:
                _, kind, _, what, attempt = heapq.heappop(self._events)
                if isinstance(what, Outage):
                    self._fail(what) if kind == FAIL else self._live.bring(what.node)
                elif kind == SUBMIT:
                    self._submit(what)
                else:
                    self._end(what, attempt)
            self._pass()
            self._take_sample()
            if progress is not None and total - self._unfinished >= told + max(1, total // 20):
                told = total - self._unfinished
                progress(f"{told} of {total} jobs done, {len(self._waiting)} waiting")

    def _advance(self, now: int) -> None:
        span = now - self._now
        away = len(self._cluster.nodes) - self._live.num_busy - self._live.num_free
        for index, value in enumerate((self._live.num_busy, away, self._reserved_idle)):
            self._sums[index] += value * span
        self._now = now

    def _submit(self, job_id: str) -> None:
        entry = self._fate[job_id].entry
        if self._admitter.can_ever_run(entry.job):
            self._waiting[job_id] = entry
        else:
            self._records[job_id] = replace(self._records[job_id], is_rejected=True)
            self._unfinished -= 1

    def _end(self, job_id: str, attempt: int) -> None:
        if job_id in self._foreign:
            if job_id in self._live.running:
                self._release(job_id)
            return
        fate = self._fate[job_id]
        if attempt != fate.attempt or job_id not in self._live.running:
            return  # that attempt was killed before
        held = self._release(job_id)
        self._account(held, fate, lost_s=0, end_s=self._now)
        self._last_end = self._now
        self._unfinished -= 1

    def _release(self, job_id: str) -> Held:
        held = self._live.stop(job_id)
        self._power -= self._draw(held)
        return held

    def _fail(self, outage: Outage) -> None:
        job_id = self._live.owner(outage.node)
        self._live.take(outage.node)
        self._push(max(outage.up_s, self._now + 1), RETURN, outage)
        if job_id is None or outage.is_planned:
            return
        held = self._release(job_id)
        if job_id in self._foreign:
            return
        fate = self._fate[job_id]
        ran = self._now - fate.started_s
        step = self._options.checkpoint_s
        saved = ran // step * step if step else 0
        is_lost = self._options.requeue is Requeue.FAIL
        self._account(held, fate, lost_s=ran - saved, end_s=self._now if is_lost else None)
        fate.attempt += 1
        if is_lost:
            self._unfinished -= 1
            self._last_end = self._now
            return
        fate.left_s -= saved
        fate.is_expedited = self._options.requeue is Requeue.EXPEDITE
        self._waiting[job_id] = fate.entry

    def _account(self, held: Held, fate: _Progressing, *, lost_s: int, end_s: int | None) -> None:
        job_id = held.job.job_id
        record = self._records[job_id]
        ran = self._now - fate.started_s
        self._records[job_id] = replace(
            record,
            end_s=end_s,
            busy_node_s=record.busy_node_s + ran * len(held.nodes),
            lost_node_s=record.lost_node_s + lost_s * len(held.nodes),
            restarts=fate.attempt,
        )

    def _pass(self) -> None:
        if self._waiting:
            queue = sorted(self._waiting.values(), key=self._urgency)
            self._admitter.admit(queue, self._now, self._start)
        self._reserved_idle = self._live.reserved_idle(self._now)
        self._peak_power = max(self._peak_power, self._power)

    def _urgency(self, entry: ReplayJob) -> tuple[bool, int, int, int]:
        """Expedited jobs first, then priority, submission and order in the workload."""
        fate = self._fate[entry.job.job_id]
        job = entry.job
        return (not fate.is_expedited, -(job.priority or 0), job.submit_s or 0, fate.rank)

    def _start(self, placements: Sequence[Placement], instance: Instance) -> None:
        ends = {
            placement.job_id: self._now + self._waiting[placement.job_id].limit_s
            for placement in placements
        }
        self._live.start(placements, instance, ends)
        for placement in placements:
            job_id = placement.job_id
            del self._waiting[job_id]
            fate, record = self._fate[job_id], self._records[job_id]
            fate.started_s, fate.is_expedited = self._now, False
            partition = self._cluster.partition_named[placement.partition]
            self._records[job_id] = replace(
                record,
                start_s=self._now if record.start_s is None else record.start_s,
                blocks=blocks_touched(self._cluster, partition, placement.nodes),
            )
            self._starts[job_id] = placement.nodes
            self._power += self._draw(self._live.running[job_id])
            self._push(self._now + fate.left_s, END, job_id, fate.attempt)

    def _idle_w(self) -> int:
        return max((r.idle_w for r in self._cluster.resources if r.is_power), default=0)

    def _draw(self, held: Held) -> int:
        """Watts that a job draws beyond what its nodes draw when idle."""
        own = held.job.power_w
        nodes = self._cluster.nodes
        watts = (
            own * len(held.nodes) if own is not None else sum(nodes[n].power_w for n in held.nodes)
        )
        return watts - self._idle_w() * len(held.nodes) if watts else 0

    def _closed_soon(self, now_s: int, end_s: int) -> frozenset[int]:
        """Nodes whose maintenance begins after `now_s` and before `end_s`."""
        return frozenset(o.node for o in self._windows if now_s < o.down_s < end_s)

    def _take_sample(self) -> None:
        if self._now < self._next_sample:
            return
        self._next_sample = (self._now // self._sample_every + 1) * self._sample_every
        instance = self._live.instance((), self._now)
        closed = held_nodes(instance, self._cluster.topologies[0], self._options.legality)
        sizes = self._options.capacity_sizes
        free = self._live.num_free
        self._samples.append(
            Sample(
                time_s=self._now,
                busy=self._live.num_busy,
                free=free,
                away=len(self._cluster.nodes) - self._live.num_busy - free,
                reserved_idle=self._reserved_idle,
                waiting=len(self._waiting),
                power_w=self._power,
                usable=tuple(usable_nodes(instance, closed, size) for size in sizes),
            )
        )

    def result(self) -> ReplayResult:
        """What was measured so far."""
        return ReplayResult(
            jobs=tuple(self._records.values()),
            samples=tuple(self._samples),
            num_nodes=len(self._cluster.nodes),
            busy_node_s=self._sums[0],
            away_node_s=self._sums[1],
            reserved_idle_node_s=self._sums[2],
            peak_power_w=self._peak_power,
            end_s=self._last_end,
            calls=self._admitter.calls,
            capacity_sizes=self._options.capacity_sizes,
            starts=self._starts,
        )
