"""Who may start at one instant: strict order, EASY and conservative backfill over any engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...models.instance import Instance
from ...models.job import Job
from ...models.plan import Placement, Placer, PlanOptions
from ...models.rules.exclusive import unit_nodes
from .live import Charges, LiveCluster, charges_of, mask_of
from .workload import Admission, ReplayJob, ReplayOptions

Start = Callable[[Sequence[Placement], Instance], None]
Shape = tuple[object, ...]


@dataclass(frozen=True)
class Reservation:
    """Nodes promised to a waiting job from `start_s` until `end_s`."""

    job_id: str
    start_s: int
    end_s: int
    nodes: frozenset[int]
    charges: Charges

    @cached_property
    def mask(self) -> int:
        """The nodes as bits."""
        return mask_of(self.nodes)


def shape(job: Job) -> Shape:
    """All that decides where a job fits: jobs of one shape fit or fail together."""
    return (
        job.num_nodes,
        job.segment,
        job.spread_segments,
        job.consolidate_segments,
        job.exclusive,
        job.switches,
        job.contiguous,
        job.partitions,
        job.nodelist,
        job.exclude,
        job.features,
        job.licenses,
        job.power_w,
    )


class Admitter:
    """One scheduling pass after another; remembers what cannot fit until something is released.

    Parameters
    ----------
    live
        The cluster.
    placer
        The engine.
    options
        Admission, depth and what the engine is asked for.
    closed_soon
        Nodes that a job with this limit end must avoid because of maintenance.
    """

    def __init__(
        self,
        live: LiveCluster,
        placer: Placer,
        options: ReplayOptions,
        closed_soon: Callable[[int, int], frozenset[int]],
    ) -> None:
        self._live = live
        self._placer = placer
        self._options = options
        self._closed_soon = closed_soon
        self._plan_options = PlanOptions(
            objective=options.objective, legality=options.legality, seed=options.seed
        )
        self._seen_releases = -1
        self._unfit: set[Shape] = set()
        self._unfit_beside: set[Shape] = set()
        self._promise: Reservation | None = None
        self._promises: list[Reservation] = []
        # Per shape, a limit and the earliest promise to it: later jobs of it fare no better.
        self._floors: dict[Shape, tuple[int, int]] = {}
        self._possible: dict[Shape, bool] = {}
        self.calls = 0

    def can_ever_run(self, job: Job) -> bool:
        """Whether the engine places the job on the idle cluster, as Slurm tests at submit."""
        key = shape(job)
        if key not in self._possible:
            idle = Instance(self._live.cluster, jobs=(job,))
            self._possible[key] = bool(self._place(idle))
        return self._possible[key]

    def admit(self, queue: Sequence[ReplayJob], now_s: int, start: Start) -> None:
        """Start what may start now.

        Parameters
        ----------
        queue
            Waiting jobs, the most urgent first.
        start
            Is told every group of placements, with the instance they were planned for.
        """
        if self._live.releases != self._seen_releases:
            self._seen_releases = self._live.releases
            self._unfit.clear()
            self._unfit_beside.clear()
            self._promise = None
            self._promises.clear()
            self._floors.clear()
        admission = self._options.admission
        if admission is Admission.JOINT and self._options.shows_running:
            self._start_planned(queue, now_s, start)
        elif admission is Admission.JOINT:
            self._start_all(queue, now_s, start)
        elif admission is Admission.CONSERVATIVE:
            self._conservative(queue, now_s, start)
        else:
            self._in_order(queue, now_s, start)

    def _in_order(self, queue: Sequence[ReplayJob], now_s: int, start: Start) -> None:
        """Start from the front until a job has to wait; then, with EASY, behind it."""
        waiting = list(queue[: self._options.depth])
        while waiting:
            started = self._start_prefix(waiting, now_s, start)
            waiting = waiting[started:]
            if not waiting:
                return
            head = waiting[0]
            self._unfit.add(shape(head.job))
            if self._options.admission is Admission.STRICT:
                return
            if self._promise is None or self._promise.job_id != head.job.job_id:
                self._promise = self._earliest(head, now_s)
                self._unfit_beside.clear()
            if self._promise is not None:
                self._start_all(waiting[1:], now_s, start, self._promise)
                return
            # It cannot run before nodes return: as in Slurm (ReqNodeNotAvail), it blocks nobody.
            waiting = waiting[1:]

    def _start_prefix(self, waiting: Sequence[ReplayJob], now_s: int, start: Start) -> int:
        """Start jobs from the front; how many."""
        candidates: list[ReplayJob] = []
        left = self._live.num_free
        for entry in waiting:
            if entry.job.num_nodes > left or shape(entry.job) in self._unfit:
                break
            left -= entry.job.num_nodes
            candidates.append(entry)
        if not candidates:
            return 0
        instance = self._instance(candidates, now_s, None)
        placed = {placement.job_id: placement for placement in self._place(instance)}
        leading: list[Placement] = []
        for entry in candidates:
            if entry.job.job_id not in placed:
                break
            leading.append(placed[entry.job.job_id])
        if leading:
            start(leading, instance)
        return len(leading)

    def _start_planned(self, queue: Sequence[ReplayJob], now_s: int, start: Start) -> None:
        """Let an engine that plans in time see every job: one that waits may hold up others."""
        instance = self._instance(queue[: self._options.depth], now_s, None)
        placements = self._place(instance)
        if placements:
            start(placements, instance)

    def _start_all(
        self,
        queue: Sequence[ReplayJob],
        now_s: int,
        start: Start,
        promise: Reservation | None = None,
    ) -> None:
        """Start whatever the engine places among the candidates, without touching a promise."""
        num_free = self._live.num_free
        candidates = [
            entry
            for entry in queue[: self._options.depth]
            if entry.job.num_nodes <= num_free
            and shape(entry.job) not in self._unfit
            and not (_outlasts(entry, now_s, promise) and shape(entry.job) in self._unfit_beside)
        ]
        if not candidates:
            return
        instance = self._instance(candidates, now_s, promise)
        placements = self._place(instance)
        if placements:
            start(placements, instance)
        placed = {placement.job_id for placement in placements}
        for entry in candidates:
            if entry.job.job_id not in placed:
                beside = _outlasts(entry, now_s, promise)
                (self._unfit_beside if beside else self._unfit).add(shape(entry.job))

    def _instance(
        self, entries: Sequence[ReplayJob], now_s: int, promise: Reservation | None
    ) -> Instance:
        """The state with `entries` as its queue, each kept off nodes it would hold too long."""
        names = self._live.cluster.nodes
        jobs = []
        for entry in entries:
            avoid = self._closed_soon(now_s, now_s + entry.limit_s)
            if promise is not None and _outlasts(entry, now_s, promise):
                avoid |= promise.nodes
            if avoid:
                excluded = tuple(names[node].name for node in sorted(avoid))
                jobs.append(replace(entry.job, exclude=entry.job.exclude + excluded))
            else:
                jobs.append(entry.job)
        return self._live.instance(jobs, now_s)

    def _place(self, instance: Instance) -> Sequence[Placement]:
        self.calls += 1
        return self._placer(instance, self._plan_options).plan.placements

    def _earliest(self, entry: ReplayJob, now_s: int) -> Reservation | None:
        """When and where the job fits if running jobs end at their limits; None: never."""
        held = sorted(
            self._live.running.values(), key=lambda job: (job.limit_end_s, job.job.job_id)
        )
        free, low = self._live.num_free, 0
        while free < entry.job.num_nodes and low < len(held):
            free += len(held[low].nodes)
            low += 1
        if free < entry.job.num_nodes:
            return None
        best: Reservation | None = None
        high = len(held)
        # What fits after some ends also fits after more of them.
        while low <= high:
            middle = (low + high) // 2
            ended = [job.job.job_id for job in held[:middle]]
            at_s = max([now_s + 1, *(job.limit_end_s for job in held[:middle][-1:])])
            found = self._fits_at(entry, at_s, now_s, ended, frozenset(), ())
            if found is None:
                low = middle + 1
            else:
                best, high = found, middle - 1
        return best

    def _fits_at(
        self,
        entry: ReplayJob,
        at_s: int,
        now_s: int,
        ended: Sequence[str],
        closed: frozenset[int],
        extra: Sequence[Charges],
    ) -> Reservation | None:
        closed |= self._closed_soon(at_s, at_s + entry.limit_s)
        instance = self._live.instance(
            (entry.job,), now_s, ended=ended, closed=closed, extra=extra
        )
        placements = self._place(instance)
        if not placements:
            return None
        nodes = frozenset(placements[0].nodes)
        partition = self._live.cluster.partition_named[placements[0].partition]
        if instance.is_exclusive(entry.job, partition):
            nodes = unit_nodes(self._live.cluster.topology_of(partition), nodes)
        charges = charges_of(placements, instance, self._options.legality)[entry.job.job_id]
        return Reservation(entry.job.job_id, at_s, at_s + entry.limit_s, nodes, charges)

    def _conservative(self, queue: Sequence[ReplayJob], now_s: int, start: Start) -> None:
        """Every waiting job gets the earliest time that delays no job before it."""
        promised = {promise.job_id for promise in self._promises}
        for entry in queue[: self._options.depth]:
            if entry.job.job_id in promised:
                continue
            found = self._earliest_among(entry, now_s, self._promises)
            if found is None:
                continue
            if found.start_s > now_s:
                self._promises.append(found)
                continue
            closed = _overlapping(self._promises, now_s, now_s + entry.limit_s)
            closed |= self._closed_soon(now_s, now_s + entry.limit_s)
            instance = self._live.instance((entry.job,), now_s, closed=closed)
            start(self._place(instance), instance)

    def _earliest_among(
        self, entry: ReplayJob, now_s: int, promises: Sequence[Reservation]
    ) -> Reservation | None:
        """The first instant at which something ends and the job fits for its whole limit."""
        key = shape(entry.job)
        limit_s, not_before_s = self._floors.get(key, (0, now_s))
        if entry.limit_s < limit_s:
            not_before_s = now_s
        held = sorted(
            self._live.running.values(), key=lambda job: (job.limit_end_s, job.job.job_id)
        )
        moments = {now_s, *(max(now_s + 1, job.limit_end_s) for job in held)}
        moments |= {promise.end_s for promise in promises}
        position, failed = 0, -1
        available = self._live.free_mask
        for at_s in sorted(moments):
            while at_s > now_s and position < len(held) and held[position].limit_end_s <= at_s:
                available |= held[position].mask
                position += 1
            if at_s < not_before_s or (at_s == now_s and key in self._unfit):
                continue
            end_s = at_s + entry.limit_s
            beside = [p for p in promises if p.start_s < end_s and at_s < p.end_s]
            usable = available
            for promise in beside:
                usable &= ~promise.mask
            # No new node since it last failed: it fails again.
            if usable.bit_count() < entry.job.num_nodes or not usable & failed:
                continue
            found = self._fits_at(
                entry,
                at_s,
                now_s,
                [job.job.job_id for job in held[:position]],
                frozenset[int]().union(*(promise.nodes for promise in beside)),
                [promise.charges for promise in beside],
            )
            if found is not None:
                self._floors[key] = (entry.limit_s, at_s)
                return found
            failed = ~usable
            if at_s == now_s and not beside:
                self._unfit.add(key)
        return None


def _outlasts(entry: ReplayJob, now_s: int, promise: Reservation | None) -> bool:
    """Whether the job, started now, may still run when the promise is due."""
    return promise is not None and now_s + entry.limit_s > promise.start_s


def _overlapping(promises: Sequence[Reservation], start_s: int, end_s: int) -> frozenset[int]:
    """Nodes promised to anybody at some time between `start_s` and `end_s`."""
    return frozenset[int]().union(
        *(
            promise.nodes
            for promise in promises
            if promise.start_s < end_s and start_s < promise.end_s
        )
    )
