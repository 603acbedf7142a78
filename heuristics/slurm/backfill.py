"""Slurm's backfill scheduler on time limits (sched/backfill; slurm_semantics 0.6).

Jobs are looked at in priority order. One that can start now does; any other gets its nodes
reserved from the earliest time that the ends of running jobs allow, and jobs behind it may use
only nodes that no reservation needs within their own time limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from ...models.cluster import Partition
from ...models.job import Job
from .attempt import Pool, Refusal, Segments
from .candidates import View, candidates, make_request
from .state import State

RESOLUTION_S = 60
WINDOW_S = 7 * 24 * 3600
UNLIMITED_S = 365 * 24 * 3600


class Stalled(Exception):
    """The cycle spends all its time on one job: none behind it is looked at."""


@dataclass(frozen=True)
class Reservation:
    """Nodes kept for a planned job from `start_s` to `end_s`."""

    start_s: int
    end_s: int
    nodes: Pool


@dataclass(frozen=True)
class Planned:
    """When and where a job can start; `start_s` counts from now."""

    start_s: int
    segments: Segments


class Timetable:
    """The ends of running jobs and the reservations of planned ones.

    Parameters
    ----------
    state
        The load now; starts are charged to it by the caller.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.reservations: list[Reservation] = []
        now = state.instance.now_s or 0
        self.ends_s = {
            running.job.job_id: _end_s(running.job, now) for running in state.instance.running
        }

    def plan(self, job: Job, partition: Partition) -> Planned | None:
        """The earliest start of `job`, or None when there is none within the window.

        Raises
        ------
        Stalled
            When Slurm would try the same moment again until its cycle runs out of time.
        """
        # Many moments share their reserved nodes, and with them the answer.
        known: dict[bytes, Planned | None] = {}
        later_s: int | None = 0
        while later_s is not None and later_s <= WINDOW_S:
            earliest_s = later_s
            mask = self._usable(job, partition, earliest_s)
            later_s = self._next_change(earliest_s)
            key = mask.tobytes()
            if key not in known:
                known[key] = self._will_run(job, partition, mask)
            found = known[key]
            if found is None:
                continue
            start_s = max(found.start_s, earliest_s)
            if later_s is not None and start_s > later_s:
                continue
            planned = Planned(start_s, found.segments)
            if start_s == 0 or self._is_kept_free(job, partition, planned):
                return planned
            if start_s == earliest_s:
                raise Stalled(job.job_id)
            later_s = start_s
        return None

    def _is_kept_free(self, job: Job, partition: Partition, planned: Planned) -> bool:
        """Whether no reservation needs the nodes, and whole units of an exclusive job are up.

        A unit with a node that is down looks to Slurm like one reserved for ever.
        """
        nodes = self._held(job, partition, planned)
        unreserved = self._unreserved(planned.start_s, planned.start_s + _limit_s(job))
        return bool((unreserved & self.state.up)[nodes].all())

    def _held(self, job: Job, partition: Partition, planned: Planned) -> Pool:
        nodes = tuple(node for segment in planned.segments for node in segment)
        hold = self.state.hold(job, partition, nodes)
        flags = np.zeros(self.state.site.num_nodes, dtype=np.bool_)
        flags[list(nodes)] = True
        return flags if hold.closed is None else flags | hold.closed

    def start_now(self, job: Job, partition: Partition) -> Segments | None:
        """Nodes for a job that is planned to start now, chosen once more; None if there are none.

        Only now hierarchical resources in use count.
        """
        return _select(self.state, job, partition, self._usable(job, partition, 0), View.NOW)

    def add_end(self, job: Job) -> None:
        """Note when a job that starts now must end."""
        self.ends_s[job.job_id] = _limit_s(job)

    def reserve(self, job: Job, partition: Partition, planned: Planned) -> None:
        """Keep the nodes of a planned job free for it, whole units if it is exclusive."""
        flags = self._held(job, partition, planned)
        end_s = planned.start_s + _limit_s(job)
        start_s = planned.start_s // RESOLUTION_S * RESOLUTION_S
        self.reservations.append(Reservation(start_s, end_s, flags))

    def _usable(self, job: Job, partition: Partition, start_s: int) -> Pool:
        """Nodes without a reservation while `job` runs; whole units for an exclusive job."""
        flags = self._unreserved(start_s, start_s + _limit_s(job))
        site = self.state.site
        if self.state.instance.is_exclusive(job, partition) and site.is_enforced(partition):
            units = site.units(partition)
            reserved = np.unique(units[~flags])
            flags &= ~np.isin(units, reserved[reserved >= 0])
        return flags

    def _unreserved(self, start_s: int, end_s: int) -> Pool:
        flags = np.ones(self.state.site.num_nodes, dtype=np.bool_)
        for reservation in self.reservations:
            if reservation.end_s > start_s and reservation.start_s < end_s:
                flags &= ~reservation.nodes
        return flags

    def _next_change(self, after_s: int) -> int | None:
        times = [
            time
            for reservation in self.reservations
            for time in (reservation.start_s, reservation.end_s)
            if time > after_s
        ]
        return min(times, default=None)

    def _will_run(self, job: Job, partition: Partition, mask: Pool) -> Planned | None:
        """The first moment at which `job` fits into `mask` as running jobs end."""
        segments = _select(self.state, job, partition, mask, View.FUTURE)
        if segments is not None:
            return Planned(0, segments)
        eligible = candidates(self.state, job, partition, View.UP) & mask
        future = self.state.copy()
        for end_s, ending in self._groups(eligible):
            for job_id in ending:
                future.end(job_id)
            segments = _select(future, job, partition, mask, View.FUTURE)
            if segments is not None:
                return Planned(max(end_s, 1), segments)
        return None

    def _groups(self, eligible: Pool) -> Iterator[tuple[int, list[str]]]:
        """Running jobs on eligible nodes that end at the same moment, by that moment."""
        holds = self.state.holds
        ending = sorted(
            (end_s, job_id)
            for job_id, end_s in self.ends_s.items()
            if job_id in holds and eligible[list(holds[job_id].nodes)].any()
        )
        for end_s, group in groupby(ending, key=itemgetter(0)):
            yield end_s, [job_id for _, job_id in group]


def _select(
    state: State, job: Job, partition: Partition, mask: Pool, view: View
) -> Segments | None:
    pool = candidates(state, job, partition, view) & mask
    request = make_request(state, job, partition, view)
    selector = state.site.selector(partition)
    if not selector.may_select(pool, request):
        return None
    outcome = selector.select(pool, request)
    return None if isinstance(outcome, Refusal) else outcome


def _limit_s(job: Job) -> int:
    return UNLIMITED_S if job.time_limit_s is None else job.time_limit_s


def _end_s(job: Job, now_s: int) -> int:
    """Seconds from now until `job` must end; one past its limit is expected to end at once."""
    if job.start_s is None:
        return _limit_s(job)
    return max(job.start_s + _limit_s(job) - now_s, 0)
