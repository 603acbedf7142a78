"""What a one-job-at-a-time baseline decides; everything else is the driver's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..placing.attempt import Attempt

Region = Sequence[int]
"""Units (base blocks, leaves) of an aggregated block or of a switch."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A run of free nodes of a ring: its ring, first position and length."""

    ring: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A free anchor of a torus: its torus and the mask of its cells."""

    torus: int
    mask: int


class Rule:
    """Orders candidates; the driver takes the first that is legal. This one keeps index order.

    Every method gets the job's `Attempt`, hence the state, and returns the candidates, best first.
    """

    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        """Base blocks, leaves or rings with free nodes, for (the rest of) a unit of `size`."""
        return units

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        """Aggregated blocks, or switches from the leaves up, that hold `size` nodes."""
        return regions

    def arcs(self, attempt: Attempt, arcs: Sequence[Arc], size: int) -> Sequence[Arc]:
        """Runs of at least `size` free nodes; the unit goes to the start of the run."""
        return arcs

    def anchors(self, attempt: Attempt, anchors: Sequence[Anchor], size: int) -> Sequence[Anchor]:
        """Free anchors of volume `size`."""
        return anchors


def room_in(attempt: Attempt, region: Region) -> int:
    """Nodes that the job may take in a region."""
    return sum(attempt.room(unit) for unit in region)
