"""Prices of slots, and patterns: what one aggregate hosts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .regions import Ints
from .tables import Floats


@dataclass(frozen=True)
class Prices:
    """Dual values of the master.

    Per slot, per aggregate a limited slot touches, per wide row, per limit on idle nodes, and per
    aggregate what its base blocks pass to larger units (`passed`).
    """

    slots: Floats
    touches: Floats
    wide: Floats
    idle: Floats
    passed: Floats

    def mixed(self, other: Prices, share: float) -> Prices:
        """`share` of these prices and the rest of the others."""
        return Prices(
            share * self.slots + (1 - share) * other.slots,
            share * self.touches + (1 - share) * other.touches,
            share * self.wide + (1 - share) * other.wide,
            share * self.idle + (1 - share) * other.idle,
            share * self.passed + (1 - share) * other.passed,
        )


# What an aggregate hosts beyond single base blocks: pairs of slot and region.
Anchors = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Reserved:
    """What jobs beyond all levels take.

    Attributes
    ----------
    nodes
        Per aggregate.
    charge
        Per aggregate, what the dearest of these nodes takes from the budget of its base block.
    wide
        Per layer over whole aggregates, what they add to it.
    excess
        Per aggregate, what these nodes take beyond the least charge of larger units.
    """

    nodes: Ints
    charge: Ints
    wide: Ints
    excess: Ints


@dataclass
class Pattern:
    """What one aggregate hosts.

    Attributes
    ----------
    counts
        Slot to number; nodes for slots beyond all levels.
    touched_by
        The limited slot beyond all levels that takes part of it, if any.
    regions
        ``(slot, region)`` of every unit larger than a base block; regions count over the cluster.
    left
        Per base block of the aggregate, nodes left to such units.
    spared
        Nodes of the aggregate left to units beyond all levels.
    lacking
        What larger units take beyond the least charge, less what base blocks pass to them; None
        where these are charged for the dearest.
    """

    aggregate: int
    counts: Counter[int] = field(default_factory=Counter)
    touched_by: int | None = None
    regions: list[tuple[int, int]] = field(default_factory=list)
    left: tuple[int, ...] = ()
    spared: int = 0
    lacking: int | None = None

    @property
    def anchors(self) -> Anchors:
        """What it hosts beyond single base blocks."""
        return tuple(sorted(self.regions))

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for patterns that the master cannot tell apart."""
        counts = tuple(sorted(self.counts.items()))
        return self.aggregate, self.touched_by, self.spared, self.lacking, counts
