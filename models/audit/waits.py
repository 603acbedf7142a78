"""Needless waits: stretches in which a waiting job could have started on nodes that were free."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ..instance import Instance, RunningJob
from ..plan import Plan
from ..rules.exclusive import unit_nodes
from .binding import binding_rule
from .fit import fit
from .fit_block import Fit
from .history import Allocation, Era, Wait
from .occupancy import Occupancy, Stretch
from .reservations import FOREVER_S, Reservation, Reservations
from .scene import Request, Scene

# An exact engine: a plan that starts as many jobs as it could, and whether more is impossible.
MostJobs = Callable[[Instance], tuple[Plan, bool]]

PROTECTS = "protects a job of higher priority"
HIGHER_FIRST = "the nodes go to a job of higher priority"
UNDECIDED = "undecided"
NEEDLESS = "needless"

# Reasons that Slurm noted for waits that no placement could have ended.
_NOT_ABOUT_NODES = ("Assoc", "QOS", "JobHeld", "Depend", "Begin", "PartitionT", "PartitionD")
_NOT_ABOUT_NODES_EITHER = ("PartitionI", "PartitionN", "Licenses", "BadConstraints", "JobArray")


@dataclass(slots=True)
class Pending:
    """A waiting job, and the stretches in which it need not have waited.

    Attributes
    ----------
    wait
        What was recorded.
    request
        What it asks for.
    turn
        Its place in the queue: partition tier, priority, submission, id.
    spans
        Needless intervals, joined where they touch.
    repack_spans
        Intervals in which only a repacking of the running jobs would have made room.
    seconds_by_cause
        How long it waited for what: a binding rule, or a name of this module.
    """

    wait: Wait
    request: Request
    turn: tuple[int, int, int, str]
    spans: list[tuple[int, int]] = field(default_factory=list)
    repack_spans: list[tuple[int, int]] = field(default_factory=list)
    seconds_by_cause: Counter[str] = field(default_factory=Counter)

    @property
    def limit_s(self) -> int:
        """How long it may run; without a limit, for ever."""
        limit = self.wait.record.job.time_limit_s
        return FOREVER_S if limit is None else limit


def add_span(spans: list[tuple[int, int]], start_s: int, end_s: int) -> None:
    """Append an interval, joining it to one that ends where it begins."""
    if spans and spans[-1][1] == start_s:
        spans[-1] = (spans[-1][0], end_s)
    else:
        spans.append((start_s, end_s))


def not_judged(wait: Wait, partition_limits: Mapping[str, int]) -> str:
    """Why a wait is left out; empty if it is judged."""
    record = wait.record
    most_s = partition_limits.get(wait.partition)
    limit_s = record.job.time_limit_s
    if most_s is not None and record.start_s is None and (limit_s is None or limit_s > most_s):
        return "waits not judged: longer than the partition allows"
    if record.reason.startswith(_NOT_ABOUT_NODES + _NOT_ABOUT_NODES_EITHER):
        return f"waits not judged: Slurm noted {record.reason}"
    if record.reservation:
        return "waits not judged: the job waited for its reservation"
    if record.slots:
        return "waits not judged: the job shares nodes"
    if not record.knows_request:
        return "waits not judged: segments not recorded"
    return ""


class WaitJudge:
    """Walks through the stretches of an era and judges every waiting job in each.

    Parameters
    ----------
    era
        What happened.
    occupancy
        Replays it.
    most_jobs
        Exact engine for requests that `fit` leaves open; None leaves them open.
    facts
        Receives counts: waits judged, left out and why.
    partition_limits
        Longest time limit of each partition that has one.

    Notes
    -----
    In a stretch, jobs are asked in the order of the queue whether they fit what is free besides
    what higher jobs would have taken. A lower job that would run into the earliest start of a
    higher one (by the running jobs' time limits) must find nodes outside of that reservation.
    Verdicts are kept until nodes are released (a request that does not fit) or taken (one that
    does).
    """

    def __init__(
        self,
        era: Era,
        occupancy: Occupancy,
        *,
        facts: Counter[str],
        most_jobs: MostJobs | None = None,
        partition_limits: Mapping[str, int] | None = None,
    ) -> None:
        self.era = era
        self.occupancy = occupancy
        self.queue: list[tuple[tuple[int, int, int, str], int]] = []
        self.pending: dict[int, Pending] = {}
        self.done: list[Pending] = []
        self.node_s_by_cause: Counter[str] = Counter()
        self._facts = facts
        self._most_jobs = most_jobs
        self._partition_limits = partition_limits or {}
        self._hopeless: dict[int, bool] = {}
        self._fits: dict[int, Fit] = {}
        self._binding: dict[int, str] = {}
        self._reservations = Reservations(occupancy)

    def step(self, stretch: Stretch) -> list[Pending]:
        """Judge one stretch; returns the jobs that do not fit, in the order of the queue."""
        self._update(stretch)
        if not self.queue:
            return []
        scene = self.occupancy.scene(stretch.start_s)
        waiting = [self.pending[index] for _, index in self.queue]
        for pending in waiting:
            self._fit(pending.request, scene)
        blocked = [p for p in waiting if self._fits[id(p.request)].nodes is None]
        if len(blocked) < len(waiting):
            self._hand_out(stretch, scene, waiting)
        for pending in blocked:
            cause = self._cause(pending.request, scene)
            self._charge(cause, pending, stretch.end_s - stretch.start_s)
        return blocked

    def _update(self, stretch: Stretch) -> None:
        change = stretch.change
        for index in change.gone:
            gone = self.pending.pop(index, None)
            if gone is not None:
                self.queue.pop(bisect_left(self.queue, (gone.turn, index)))
                self.done.append(gone)
        for index in change.waiting:
            self._enqueue(index)
        if change.moves_nodes:
            self._reservations.forget()
            self._binding.clear()
            free = self.occupancy.scene(stretch.start_s).free
            for key, found in list(self._fits.items()):
                stale = change.frees if found.nodes is None else not free.issuperset(found.nodes)
                # Taken nodes may also close units or use up layers: only plain fits stay valid.
                if stale or (found.nodes is not None and self._has_side_effects(change.started)):
                    del self._fits[key]

    def _has_side_effects(self, started: tuple[int, ...]) -> bool:
        return bool(started) and (
            bool(self.era.cluster.resources)
            or any(self._is_exclusive(self.era.allocations[index]) for index in started)
            or any(p.request.is_exclusive for p in self.pending.values())
        )

    def _is_exclusive(self, allocation: Allocation) -> bool:
        requests = self.occupancy.requests
        return requests.of(allocation.record.job, allocation.partition).is_exclusive

    def _enqueue(self, index: int) -> None:
        wait = self.era.waits[index]
        job = wait.record.job
        partition = self.era.cluster.partition_named[wait.partition]
        request = self.occupancy.requests.of(job, wait.partition)
        reason = not_judged(wait, self._partition_limits)
        if not reason and self._is_hopeless(request):
            reason = "waits not judged: no placement even on the whole idle cluster"
        if reason:
            self._facts[reason] += 1
            return
        self._facts["waits judged"] += 1
        turn = (-partition.priority_tier, -(job.priority or 0), job.submit_s or 0, job.job_id)
        self.pending[index] = Pending(wait, request, turn)
        insort(self.queue, (turn, index))

    def _is_hopeless(self, request: Request) -> bool:
        hopeless = self._hopeless.get(id(request))
        if hopeless is None:
            found = fit(request, self.occupancy.idle_scene())
            hopeless = self._hopeless[id(request)] = found.verdict is False
        return hopeless

    def _fit(self, request: Request, scene: Scene) -> Fit:
        found = self._fits.get(id(request))
        if found is None:
            found = fit(request, scene)
            if found.verdict is None and self._most_jobs is not None:
                found = self._decide(request, scene)
            self._fits[id(request)] = found
        return found

    def _decide(self, request: Request, scene: Scene) -> Fit:
        """Ask the exact engine for what counting and greedy placing left open."""
        assert self._most_jobs is not None
        running = tuple(
            RunningJob(allocation.record.job, frozenset(allocation.nodes), allocation.partition)
            for allocation in self.occupancy.running.values()
        )
        down = self.era.everything - scene.free - scene.occupied
        job = replace(request.job, partitions=(request.partition.name,))
        used = use_of_jobs(scene)
        instance = Instance(self.era.cluster, (job,), running, unavailable=down, used=used)
        plan, is_proven = self._most_jobs(instance)
        self._facts["requests put to the exact engine"] += 1
        if plan.placements:
            return Fit(plan.placements[0].nodes)
        return Fit(None, is_proven=is_proven)

    def _cause(self, request: Request, scene: Scene) -> str:
        if self._fits[id(request)].verdict is None:
            return UNDECIDED
        cause = self._binding.get(id(request))
        if cause is None:
            cause = self._binding[id(request)] = binding_rule(request, scene)
        return cause

    def _charge(self, cause: str, pending: Pending, length_s: int) -> None:
        if length_s > 0:
            self.node_s_by_cause[cause] += length_s * pending.request.num_nodes
            pending.seconds_by_cause[cause] += length_s

    def _hand_out(self, stretch: Stretch, scene: Scene, waiting: list[Pending]) -> None:
        """Let waiting jobs take free nodes in the order of the queue, as far as they may."""
        left = scene
        reserved: list[Reservation] = []
        blocked: dict[int, Request] = {}
        # Nodes only get fewer and reservations more: who failed once, fails for the rest.
        refused: dict[int, tuple[int, str]] = {}
        for pending in waiting:
            request = pending.request
            if self._fits[id(request)].nodes is None:
                blocked.setdefault(id(request), request)
                continue
            made = (self._reservations.of(other, stretch.start_s) for other in blocked.values())
            reserved += [reservation for reservation in made if reservation.from_s < FOREVER_S]
            blocked.clear()
            refusal = refused.get(id(request))
            if refusal is not None and pending.limit_s >= refusal[0]:
                self._charge(refusal[1], pending, stretch.end_s - stretch.start_s)
                continue
            nodes, until_s = self._offer(pending, stretch, left, reserved)
            if nodes:
                add_span(pending.spans, stretch.start_s, until_s)
                self._charge(NEEDLESS, pending, until_s - stretch.start_s)
                left = left.started(request, nodes)
                self._charge(PROTECTS, pending, stretch.end_s - until_s)
            else:
                room = fit(request, left).verdict
                cause = {True: PROTECTS, False: HIGHER_FIRST, None: UNDECIDED}[room]
                # A shorter job might still pass a reservation, but no job makes nodes.
                refused[id(request)] = (0 if cause is HIGHER_FIRST else pending.limit_s, cause)
                self._charge(cause, pending, stretch.end_s - stretch.start_s)

    def _offer(
        self, pending: Pending, stretch: Stretch, left: Scene, reserved: list[Reservation]
    ) -> tuple[tuple[int, ...], int]:
        """Nodes that the job could have had, and until when; no nodes if it may not start.

        The later it starts, the more reservations its time limit reaches into: those must be kept
        clear as well, or the wait is needless only as long as it would have ended before them.
        """
        request, limit_s = pending.request, pending.limit_s
        for latest_s in (stretch.end_s - 1, stretch.start_s):
            reached = [r for r in reserved if r.from_s < latest_s + limit_s]
            without = frozenset[int]().union(*(r.nodes for r in reached))
            if request.is_exclusive:
                without = unit_nodes(request.topology, without)
            found = fit(request, left, without=without)
            known = self._fits[id(request)]
            if found.verdict is None and self._is_free(known, request, left, without):
                found = known
            if found.nodes is None or not self._reservations.hold(
                reached, request, found.nodes, stretch.start_s
            ):
                continue
            if latest_s == stretch.end_s - 1:
                return found.nodes, stretch.end_s
            later = [r.from_s - limit_s + 1 for r in reserved if r not in reached]
            return found.nodes, min([stretch.end_s, *later])
        return (), stretch.start_s

    def _is_free(self, known: Fit, request: Request, left: Scene, without: frozenset[int]) -> bool:
        """Whether the exact engine's answer for the whole scene still stands.

        Higher jobs may have taken from the layers that it counted on.
        """
        is_untouched = left is self.occupancy.scene(self.era.end_s)
        if known.nodes is None or (request.needs and not is_untouched):
            return False
        return left.usable(request).difference(without).issuperset(known.nodes)

    def finish(self) -> list[Pending]:
        """Every judged wait, after the last stretch."""
        self.done.extend(self.pending.values())
        self.pending.clear()
        self.queue.clear()
        return self.done


def use_of_jobs(scene: Scene) -> dict[str, tuple[int, ...]]:
    """Use per resource as an instance has it: idle watts are added there by itself."""
    use = {}
    for index, resource in enumerate(scene.cluster.resources):
        idle = resource.idle_w if resource.is_power else 0
        counts = scene.used.get(index, (0,) * len(resource.layers))
        use[resource.name] = tuple(
            used - idle * len(layer.nodes & scene.free)
            for used, layer in zip(counts, resource.layers, strict=True)
        )
    return use
