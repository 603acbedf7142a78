"""Whether a waiting job would have fitted after a legal repacking of everything that ran then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from time import monotonic

from ..instance import Instance
from ..job import Job
from .fit import fit
from .history import Allocation
from .occupancy import Occupancy, Stretch
from .scene import Request, Scene
from .waits import MostJobs, Pending, add_span, use_of_jobs

DEFAULT_BUDGET_S = 120.0


class RepackJudge:
    """Judges, in every stretch, the first waiting job with enough free nodes in wrong places.

    Parameters
    ----------
    occupancy
        Shows what ran.
    facts
        Receives how the questions were answered.
    most_jobs
        Exact engine, asked at most once per change of state; None leaves those questions open.
    budget_s
        Seconds for all questions together; what is left over then stays open and is counted.

    Notes
    -----
    Bounds first: fewer nodes in all than the jobs need is a no. Then every running job is placed
    anew, the awkward ones first, and the waiting job with them: if that works it is a yes. Only
    what remains is put to the exact engine. An answer stays valid while the state changes in its
    favour: a yes until something starts, a no until something ends.
    """

    def __init__(
        self,
        occupancy: Occupancy,
        *,
        facts: Counter[str],
        most_jobs: MostJobs | None = None,
        budget_s: float = DEFAULT_BUDGET_S,
    ) -> None:
        self._occupancy = occupancy
        self._facts = facts
        self._most_jobs = most_jobs
        self._answers: dict[int, bool | None] = {}
        self._deadline = monotonic() + budget_s

    def step(self, stretch: Stretch, blocked: list[Pending]) -> None:
        """Judge one stretch.

        Parameters
        ----------
        stretch
            The interval.
        blocked
            Jobs that did not fit, in the order of the queue.
        """
        self._forget(stretch)
        scene = self._occupancy.scene(stretch.start_s)
        for pending in blocked:
            request = pending.request
            if request.num_nodes > len(scene.free & request.eligible):
                continue
            if self._answer(request, stretch.start_s):
                add_span(pending.repack_spans, stretch.start_s, stretch.end_s)
            return

    def _forget(self, stretch: Stretch) -> None:
        change = stretch.change
        if change.started:
            self._answers = {key: a for key, a in self._answers.items() if a is False}
        if change.frees:
            self._answers = {key: a for key, a in self._answers.items() if a}

    def _answer(self, request: Request, now_s: int) -> bool | None:
        if id(request) not in self._answers:
            if monotonic() > self._deadline:
                self._facts["repackings not examined: budget spent"] += 1
                return None
            self._answers[id(request)] = self._solve(request, now_s)
        return self._answers[id(request)]

    def _solve(self, request: Request, now_s: int) -> bool | None:
        running = list(self._occupancy.running.values())
        empty = self._occupancy.empty_scene()
        needed = sum(len(allocation.nodes) for allocation in running) + request.num_nodes
        if needed > len(empty.free):
            return False
        requests = [
            self._occupancy.requests.of(_as_given(allocation), allocation.partition)
            for allocation in running
        ]
        self._facts["repackings examined"] += 1
        if _packs([*requests, request], empty):
            return True
        if self._most_jobs is None:
            return None
        self._facts["repackings put to the exact engine"] += 1
        jobs = [
            replace(one.job, job_id=str(number), partitions=(one.partition.name,))
            for number, one in enumerate([*requests, request])
        ]
        everything = frozenset(range(len(empty.cluster.nodes)))
        instance = Instance(
            empty.cluster,
            tuple(jobs),
            unavailable=everything - empty.free,
            used=use_of_jobs(empty),
            now_s=now_s,
        )
        plan, is_proven = self._most_jobs(instance)
        if len(plan.placements) == len(jobs):
            return True
        return False if is_proven else None


def _as_given(allocation: Allocation) -> Job:
    """The request with the number of nodes that it really holds."""
    job = allocation.record.job
    held = len(allocation.nodes)
    return job if job.num_nodes == held else replace(job, num_nodes=held, max_nodes=held)


def _packs(requests: list[Request], scene: Scene) -> bool:
    """Place everything anew: exclusive jobs and large units first."""
    ordered = sorted(
        requests,
        key=lambda request: (
            not request.is_exclusive,
            -request.units.size,
            not request.units.spreads,
            -request.num_nodes,
        ),
    )
    for request in ordered:
        found = fit(request, scene)
        if found.nodes is None:
            return False
        scene = scene.started(request, found.nodes)
    return True
