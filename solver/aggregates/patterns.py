"""Prices of slots, and patterns: what one aggregate hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .regions import Ints
from .tables import Floats


@dataclass(frozen=True)
class Prices:
    """Dual values of the master.

    Per slot, per aggregate a limited slot touches, per wide row, and per size of units that are
    counted in idle nodes, negative where more have to fit; and the share of its value that every
    job pays where all together may only be worth so much.
    """

    slots: Floats
    touches: Floats
    wide: Floats
    idle: Floats
    levy: float = 0.0

    def mixed(self, other: Prices, share: float) -> Prices:
        """`share` of these prices and the rest of the others."""
        return Prices(
            share * self.slots + (1 - share) * other.slots,
            share * self.touches + (1 - share) * other.touches,
            share * self.wide + (1 - share) * other.wide,
            share * self.idle + (1 - share) * other.idle,
            share * self.levy + (1 - share) * other.levy,
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
    dearest, cheapest
        Per aggregate, what such a node takes at most, and at least, from the budget of its block.
    wide
        Per layer over whole aggregates, what they add to it.
    worth
        Of these jobs.
    """

    nodes: Ints
    dearest: Ints
    cheapest: Ints
    wide: Ints
    worth: int = 0


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
    left, hosted
        Per base block of the aggregate, nodes left to such units, and which slots it offers
        itself, with their numbers.
    spared
        Nodes of the aggregate left to units beyond all levels.
    """

    aggregate: int
    counts: Counter[int] = field(default_factory=Counter)
    touched_by: int | None = None
    regions: list[tuple[int, int]] = field(default_factory=list)
    left: tuple[int, ...] = ()
    hosted: tuple[Mapping[int, int], ...] = ()
    spared: int = 0

    @property
    def anchors(self) -> Anchors:
        """What it hosts beyond single base blocks."""
        return tuple(sorted(self.regions))

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for patterns that the master cannot tell apart."""
        counts = tuple(sorted(self.counts.items()))
        return self.aggregate, self.touched_by, self.spared, counts
