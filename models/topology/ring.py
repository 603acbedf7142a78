"""topology/ring: nodes on rings of at most 16; a unit is a contiguous arc."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

MAX_RING_SIZE = 16


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring; `nodes` are node indices by position."""

    name: str
    nodes: tuple[int, ...]

    def arcs(self, chosen: frozenset[int]) -> list[list[int]]:
        """Maximal arcs of chosen nodes, each in the order of its positions."""
        taken = [node in chosen for node in self.nodes]
        if all(taken):
            return [list(self.nodes)]
        gap = taken.index(False)
        arcs: list[list[int]] = [[]]
        for offset in range(1, len(taken) + 1):
            position = (gap + offset) % len(taken)
            if taken[position]:
                arcs[-1].append(self.nodes[position])
            elif arcs[-1]:
                arcs.append([])
        return [arc for arc in arcs if arc]


@dataclass(frozen=True)
class RingTopology:
    """Rings in configuration order."""

    name: str
    rings: tuple[Ring, ...]

    kind = "ring"

    @cached_property
    def ring_of(self) -> dict[int, int]:
        """Node index to ring index; the first ring wins for a node listed twice."""
        owner: dict[int, int] = {}
        for index, ring in enumerate(self.rings):
            for node in ring.nodes:
                owner.setdefault(node, index)
        return owner
