"""Slurm's backfill scheduler on time limits (sched/backfill; slurm_semantics 0.6).

Jobs are looked at in priority order. One that can start now does; any other gets its nodes
reserved from the earliest time that the ends of running jobs allow, and jobs behind it may use
only nodes that no reservation needs within their own time limit.
"""

from __future__ import annotations

import numpy as np

from ...models.cluster import Partition
from ...models.job import Job
from .attempt import Pool, Segments
from .candidates import View, candidates
from .slots import RESOLUTION_S, WINDOW_S, Slots, ceiling
from .state import State
from .will_run import End, Planned, WillRun, select

UNLIMITED_S = 365 * 24 * 3600
CYCLE_S = 1
# Moments that Slurm tries for one job before a cycle of a second is over: recorded cycles
# survive 800 and not 17 000.
_MOST_MOMENTS = 5_000


class Stalled(Exception):
    """The cycle spends all its time on one job: none behind it is looked at."""


class Timetable:
    """The ends of running jobs and the reservations of planned ones.

    Parameters
    ----------
    state
        The load now; starts are charged to it by the caller.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.now_s = state.instance.now_s or 0
        jobs = [running.job for running in state.instance.running]
        self._ends_s = {job.job_id: _end_s(job, self.now_s) for job in jobs}
        # Jobs that end at the same moment are looked at in the order of their submission.
        jobs.extend(state.instance.jobs)
        self._rank = {job.job_id: rank for rank, job in enumerate(jobs)}
        self._slots = Slots(state.up, self.now_s)
        self._fresh: set[str] = set()

    def next_cycle(self) -> None:
        """Let time pass and forget all reservations."""
        self.now_s += CYCLE_S
        self._slots = Slots(self.state.up, self.now_s)
        self._fresh.clear()

    def is_now(self, planned: Planned) -> bool:
        """Whether the job can start at once."""
        return planned.start_s <= self.now_s

    def plan(self, job: Job, partition: Partition) -> Planned | None:
        """The earliest start of `job`, or None when there is none within the window.

        Raises
        ------
        Stalled
            When Slurm would try moment after moment until its cycle runs out of time.
        """
        ends = self._ends()
        search = WillRun(self.state, ends, self.now_s, job, partition)
        wanted = candidates(self.state, job, partition, View.UP)
        moments = 0
        later_s: int | None = self.now_s
        while later_s is not None and later_s <= self._slots.window_end_s:
            start_s = later_s
            pool, later_s = self._usable(job, partition, wanted, start_s)
            planned = search.first(pool, start_s, later_s)
            if planned is None:
                continue
            if self.is_now(planned):
                return planned
            if not self._are_free(job, partition, planned):
                later_s = planned.start_s
                if later_s == start_s:
                    # Nothing changes before the next end: Slurm tries all these moments.
                    steps = self._steps(job, start_s, ends)
                    moments += steps
                    later_s += steps * RESOLUTION_S
                    if moments > _MOST_MOMENTS:
                        raise Stalled(job.job_id)
                continue
            if later_s is None or planned.start_s <= later_s:
                return planned if planned.start_s <= self.now_s + WINDOW_S else None
        return None

    def start_now(self, job: Job, partition: Partition) -> Segments | None:
        """Nodes for a job that is planned to start now, chosen once more; None if there are none.

        Only now hierarchical resources in use count.
        """
        wanted = candidates(self.state, job, partition, View.NOW)
        pool, _ = self._usable(job, partition, wanted, self.now_s)
        return select(self.state, job, partition, pool, View.NOW)

    def add_end(self, job: Job) -> None:
        """Note when a job that starts now must end."""
        self._ends_s[job.job_id] = self.now_s + _limit_s(job)
        self._fresh.add(job.job_id)

    def reserve(self, job: Job, partition: Partition, planned: Planned) -> None:
        """Keep the nodes of a planned job free for it, whole units if it is exclusive.

        Raises
        ------
        Stalled
            When they are not free: Slurm tries the same start again and again.
        """
        if not self._are_free(job, partition, planned):
            raise Stalled(job.job_id)
        end_s = ceiling(planned.start_s + _limit_s(job))
        self._slots.reserve(self._held(job, partition, planned), planned.start_s, end_s)

    def _ends(self) -> list[End]:
        ends = [
            End(end_s, job_id, job_id in self._fresh)
            for job_id, end_s in self._ends_s.items()
            if job_id in self.state.holds
        ]
        return sorted(ends, key=lambda end: (end.end_s, self._rank[end.job_id]))

    def _usable(
        self, job: Job, partition: Partition, wanted: Pool, start_s: int
    ) -> tuple[Pool, int | None]:
        """Nodes without a reservation while `job` runs, and when to look again.

        For an exclusive job, units with a reserved node are out as a whole.
        """
        usable = self._slots.usable(wanted, start_s, start_s + _limit_s(job))
        pool = usable.free
        site = self.state.site
        if self.state.instance.is_exclusive(job, partition) and site.is_enforced(partition):
            units = site.units(partition)
            reserved = np.unique(units[usable.reserved])
            pool = pool & ~np.isin(units, reserved[reserved >= 0])
        return pool, usable.later_s

    def _steps(self, job: Job, start_s: int, ends: list[End]) -> int:
        """Steps of backfill's resolution from `start_s` up to where anything may change."""
        changes = [*self._slots.changes(_limit_s(job)), *(end.end_s for end in ends)]
        next_s = min((time_s for time_s in changes if time_s > start_s), default=start_s)
        return max((next_s - start_s) // RESOLUTION_S, 1)

    def _are_free(self, job: Job, partition: Partition, planned: Planned) -> bool:
        """Whether no reservation needs the nodes, and whole units of an exclusive job are up.

        A unit with a node that is down looks to Slurm like one reserved for ever.
        """
        end_s = ceiling(planned.start_s + _limit_s(job))
        return self._slots.are_free(self._held(job, partition, planned), planned.start_s, end_s)

    def _held(self, job: Job, partition: Partition, planned: Planned) -> Pool:
        nodes = tuple(node for segment in planned.segments for node in segment)
        hold = self.state.hold(job, partition, nodes)
        flags = np.zeros(self.state.site.num_nodes, dtype=np.bool_)
        flags[list(nodes)] = True
        return flags if hold.closed is None else flags | hold.closed


def _limit_s(job: Job) -> int:
    return UNLIMITED_S if job.time_limit_s is None else job.time_limit_s


def _end_s(job: Job, now_s: int) -> int:
    """When `job` must end; one past its limit is expected to end at once."""
    if job.start_s is None:
        return now_s + _limit_s(job)
    return max(job.start_s + _limit_s(job), now_s)
