"""What backfill keeps for planned jobs, by slots of time (`node_space` of sched/backfill).

Instants are seconds on the controller's clock, to whose minutes reservations are rounded up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .attempt import Pool

RESOLUTION_S = 60
WINDOW_S = 14 * 24 * 3600


@dataclass(eq=False)
class Slot:
    """Nodes that are up and not reserved from `begin_s` to `end_s`."""

    begin_s: int
    end_s: int
    free: Pool


@dataclass(frozen=True)
class Usable:
    """What a job may use if it starts at some instant.

    Attributes
    ----------
    free
        Wanted nodes that are reserved for nobody while it runs.
    reserved
        Nodes that are up, but reserved meanwhile.
    later_s
        When Slurm looks again, None if never.
    """

    free: Pool
    reserved: Pool
    later_s: int | None


class Slots:
    """Consecutive slots from now to the end of the backfill window.

    Parameters
    ----------
    up
        Nodes that are up.
    now_s
        When the cycle begins.
    """

    def __init__(self, up: Pool, now_s: int) -> None:
        self._up = up
        begin_s, self.window_end_s = _floor(now_s), _floor(now_s + WINDOW_S)
        self._slots = [Slot(begin_s, self.window_end_s, up.copy())]

    def usable(self, wanted: Pool, start_s: int, end_s: int) -> Usable:
        """The part of `wanted` without a reservation from `start_s` to `end_s`, both included.

        Slurm looks again when a slot ends whose successor has a node that this one lacks.
        """
        free = wanted.copy()
        reserved = np.zeros_like(wanted)
        later_s: int | None = None
        for index, slot in enumerate(self._slots):
            if slot.end_s <= start_s:
                continue
            following = self._slots[index + 1 : index + 3]
            if later_s is None and following:
                if (wanted & following[0].free & ~(free & slot.free)).any():
                    later_s = slot.end_s
            if slot.begin_s > end_s:
                if later_s is None and len(following) == 2:
                    later_s = following[0].end_s
                break
            free &= slot.free
            reserved |= ~slot.free
        return Usable(free, reserved & self._up, later_s)

    def are_free(self, nodes: Pool, start_s: int, end_s: int) -> bool:
        """Whether `nodes` are up and unreserved from `start_s` until before `end_s`."""
        return not any(
            (nodes & ~slot.free).any()
            for slot in self._slots
            if slot.end_s > start_s and slot.begin_s < end_s
        )

    def reserve(self, nodes: Pool, start_s: int, end_s: int) -> None:
        """Keep `nodes` for a job from `start_s` to `end_s`."""
        start_s = max(start_s, self._slots[0].begin_s)
        end_s = max(end_s, start_s + RESOLUTION_S)
        first = self._cut(start_s)
        if first is None:
            return
        index = first
        while index < len(self._slots):
            slot = self._slots[index]
            if end_s < slot.end_s:
                self._slots.insert(index + 1, Slot(end_s, slot.end_s, slot.free))
                slot.end_s = end_s
            slot.free = slot.free & ~nodes
            index += 1
            if slot.end_s == end_s:
                break
        self._join_one(max(first - 2, 0), index)

    def changes(self, lasting_s: int) -> Iterator[int]:
        """Starts at which a job of that length meets other slots than just before."""
        for slot in self._slots:
            yield slot.end_s
            yield slot.begin_s - lasting_s - RESOLUTION_S

    def _cut(self, start_s: int) -> int | None:
        """Index of the slot that begins at `start_s`, made if need be; None behind the window."""
        for index, slot in enumerate(self._slots):
            if slot.end_s > start_s:
                self._slots.insert(index + 1, Slot(start_s, slot.end_s, slot.free))
                slot.end_s = start_s
            if slot.end_s == start_s:
                return index + 1
        return None

    def _join_one(self, first: int, last: int) -> None:
        """Join the first two neighbours from `first` to `last` that are equal; no other pair."""
        for index in range(first, min(last, len(self._slots) - 1)):
            slot, successor = self._slots[index : index + 2]
            if np.array_equal(slot.free, successor.free):
                slot.end_s = successor.end_s
                del self._slots[index + 1]
                return


def ceiling(time_s: int) -> int:
    """The instant rounded up to backfill's resolution."""
    return _floor(time_s + RESOLUTION_S - 1)


def _floor(time_s: int) -> int:
    return time_s // RESOLUTION_S * RESOLUTION_S
