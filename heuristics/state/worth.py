"""What all free nodes of a view are worth to the queue, kept up to date unit by unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from .view import View


class WorthIndex:
    """Sum over the units of a view of what their free nodes are worth.

    Parameters
    ----------
    view
        Its log tells which units changed.
    worth
        Value of a unit, given its index and the mask of its free nodes.
    """

    def __init__(self, view: View, worth: Callable[[int, int], int]) -> None:
        self._view = view
        self._worth = worth
        self._seen = len(view.log)
        self._values = [worth(unit, view.free[unit]) for unit in range(view.outside)]
        self._total = sum(self._values)

    def total(self) -> int:
        """The sum now."""
        view = self._view
        for unit in dict.fromkeys(view.log[self._seen :]):
            if unit != view.outside:
                value = self._worth(unit, view.free[unit])
                self._total += value - self._values[unit]
                self._values[unit] = value
        self._seen = len(view.log)
        return self._total


@lru_cache(maxsize=1 << 16)
def runs(mask: int, length: int) -> tuple[tuple[int, int], ...]:
    """``(start, length)`` of the maximal runs of ones on a ring; a full ring is one run from 0.

    Remembered, as thousands of rings of at most 16 nodes show the same few patterns.
    """
    return tuple(_find_runs(mask, length))


def _find_runs(mask: int, length: int) -> Iterator[tuple[int, int]]:
    if mask == (1 << length) - 1:
        if length:
            yield 0, length
        return
    for start in range(length):
        if mask >> start & 1 and not mask >> ((start - 1) % length) & 1:
            run = 1
            while mask >> ((start + run) % length) & 1:
                run += 1
            yield start, run
