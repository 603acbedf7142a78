"""Slots: what an aggregate can offer, and how many of which a job needs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A place for one unit, one consolidated job, or one node of a unit beyond all levels.

    Attributes
    ----------
    span
        Base blocks of the region that holds it; None: the whole topology.
    size
        Nodes of the unit.
    charges
        Per resource, the least that a node adds to its layers; negative where a job draws less
        than an idle node.
    candidates
        Nodes it may consist of.
    packing
        Of a consolidated job over several base blocks: units, nodes of each, spread or not. Of an
        exclusive one: the same, whose units may share base blocks that it holds; no pattern
        offers it, exchanges do (`held.py`).
    holds
        Whether it takes base blocks of its own.
    max_lower
        Aggregates that a unit beyond all levels may touch, where that is limited.
    is_single
        Whether it is one node, anywhere: also outside of all blocks.
    spreads
        Whether the units of a job take a base block each.
    """

    span: int | None
    size: int
    charges: tuple[int, ...]
    candidates: frozenset[int]
    packing: tuple[int, int, bool] | None = None
    holds: bool = False
    max_lower: int | None = None
    is_single: bool = False
    spreads: bool = False

    @property
    def nodes(self) -> int:
        """Nodes of what the master counts: units beyond all levels are counted in nodes."""
        return 1 if self.span is None else self.size

    @property
    def per_unit(self) -> int:
        """How many of what the master counts make up one unit."""
        return self.size // self.nodes

    @property
    def key(self) -> Hashable:
        """Equal for slots that nothing distinguishes; candidate sets are shared objects."""
        return (
            *(self.span, self.size, self.charges, id(self.candidates), self.packing),
            *(self.holds, self.max_lower, self.is_single, self.spreads),
        )


@dataclass(frozen=True)
class Demand:
    """What one job of a shape needs in one of its partitions: `count` of slot number `slot`."""

    shape: int
    option: int
    slot: int
    count: int
