"""When and where a job can run as running jobs end (the will-run test of select/cons_tres)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...models.cluster import Partition
from ...models.job import Job
from .attempt import Pool, Refusal, Segments
from .candidates import View, candidates, make_request
from .state import State

# Running jobs that end this close to the first one are taken to end together; doubled, from
# test to test, until the next job's end is among them.
_FIRST_WINDOW_S = 30


@dataclass(frozen=True)
class End:
    """When a running job must end.

    Attributes
    ----------
    is_fresh
        Whether it started in this very cycle.
    """

    end_s: int
    job_id: str
    is_fresh: bool


@dataclass(frozen=True)
class Planned:
    """When and where a job can start, on the controller's clock."""

    start_s: int
    segments: Segments


class WillRun:
    """The tests of one job; they remember their answers while nothing starts or ends.

    Parameters
    ----------
    state
        The load now.
    ends
        Of the running jobs, the first first.
    now_s
        The controller's clock.
    """

    def __init__(
        self, state: State, ends: Sequence[End], now_s: int, job: Job, partition: Partition
    ) -> None:
        self._state = state
        self._ends = ends
        self._now_s = now_s
        self._job = job
        self._partition = partition
        # Many moments share their nodes and what has ended, and with them the answer.
        self._known: dict[tuple[bytes, int], Segments | None] = {}

    def first(self, pool: Pool, start_s: int, until_s: int | None) -> Planned | None:
        """The first moment at which the job fits into `pool`, `start_s` being the earliest.

        A job that fits at `start_s` is reported to start then. No end after `until_s` is waited
        for.
        """
        if np.count_nonzero(pool) < self._job.num_nodes:
            return None
        ending = [end for end in self._ends if self._uses(end, pool)]
        past = [end for end in ending if end.end_s < start_s]
        if start_s <= self._now_s and past:
            segments = self._fit(pool, ())
            if segments is not None:
                return Planned(start_s, segments)
        segments = self._fit(pool, past)
        if segments is not None:
            return Planned(start_s, segments)
        for ended in self._groups(ending, start_s, until_s):
            segments = self._fit(pool, ending[:ended])
            if segments is not None:
                return Planned(self._start_s(segments, ending[len(past) : ended]), segments)
        return None

    def _groups(self, ending: Sequence[End], start_s: int, until_s: int | None) -> Iterator[int]:
        """How many of `ending` have ended at each moment that is tested after `start_s`.

        The end that closes a group is compared with the very next one, whichever nodes that job
        uses.
        """
        position = {end.job_id: count for count, end in enumerate(ending, 1)}
        awaited = [end for end in self._ends if end.end_s >= start_s]
        window_s = _FIRST_WINDOW_S
        first_s: int | None = None
        ended = tested = 0
        for index, end in enumerate(awaited):
            if until_s is not None and end.end_s > until_s:
                break
            if end.job_id not in position:
                continue
            if first_s is None:
                first_s = end.end_s - end.end_s % window_s + window_s
            ended = position[end.job_id]
            following = awaited[index + 1] if index + 1 < len(awaited) else None
            if following is None:
                break
            is_close = following.end_s <= first_s + window_s
            # Recordings never show a job of this cycle grouped with an older one.
            if is_close and following.is_fresh == end.is_fresh:
                continue
            yield ended
            tested = ended
            while following.end_s > first_s + window_s:
                window_s *= 2
        if ended > tested:
            yield ended

    def _start_s(self, segments: Segments, ended: Sequence[End]) -> int:
        """Just after the last end among those whose nodes the job gets."""
        nodes = np.zeros(self._state.site.num_nodes, dtype=np.bool_)
        nodes[[node for segment in segments for node in segment]] = True
        needed = [end.end_s for end in ended if self._uses(end, nodes)]
        return max(max(needed, default=ended[-1].end_s), self._now_s) + 1

    def _uses(self, end: End, pool: Pool) -> bool:
        """Whether the end frees nodes of `pool`; an exclusive job frees its whole units."""
        hold = self._state.holds[end.job_id]
        return bool(pool[list(hold.nodes) if hold.closed is None else hold.closed].any())

    def _fit(self, pool: Pool, ended: Sequence[End]) -> Segments | None:
        key = pool.tobytes(), len(ended)
        if key not in self._known:
            future = self._state
            if ended:
                future = self._state.copy()
                for end in ended:
                    future.end(end.job_id)
            self._known[key] = select(future, self._job, self._partition, pool, View.FUTURE)
        return self._known[key]


def select(
    state: State, job: Job, partition: Partition, mask: Pool, view: View
) -> Segments | None:
    """Nodes of `mask` for the job, None if it does not fit."""
    pool = candidates(state, job, partition, view) & mask
    request = make_request(state, job, partition, view)
    selector = state.site.selector(partition)
    if not selector.may_select(pool, request):
        return None
    outcome = selector.select(pool, request)
    return None if isinstance(outcome, Refusal) else outcome
