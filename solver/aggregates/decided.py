"""What a search has decided: who starts, and of how many units the idle nodes have room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

# Jobs that start, and jobs that do not.
Starts = Mapping[int, bool]
# Per unit size, how many units fit into the idle nodes of base blocks, at least and at most.
Fits = Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class Decided:
    """Decisions on the way to one node of the search."""

    starts: Starts = field(default_factory=dict)
    fits: Fits = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How much was decided."""
        return len(self.starts) + len(self.fits)

    def start(self, job: int, *, is_up: bool) -> Decided:
        """The same, and that a job starts or not."""
        return replace(self, starts={**self.starts, job: is_up})

    def fit(self, size: int, least: float = 0, most: float = inf) -> Decided:
        """The same, and that at least and at most so many units of a size fit."""
        before = self.fits.get(size, (0, inf))
        both = max(least, before[0]), min(most, before[1])
        return replace(self, fits={**self.fits, size: both})
