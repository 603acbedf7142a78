"""topology/tree: switches over switches over leaves; a job stays below one common switch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch.

    Attributes
    ----------
    name
        SwitchName.
    nodes
        Node indices, ascending, of a leaf; empty above the leaves.
    children
        Indices of child switches in the topology's order; empty for a leaf.
    """

    name: str
    nodes: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True)
class TreeTopology:
    """Switches in configuration order; `is_dragonfly` is TopologyParam=Dragonfly."""

    name: str
    switches: tuple[Switch, ...]
    is_dragonfly: bool = False

    kind = "tree"

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Level per switch: leaves 0, others one more than their highest child (1.5)."""
        levels: dict[int, int] = {}

        def level(index: int) -> int:
            if index not in levels:
                children = self.switches[index].children
                levels[index] = 1 + max(map(level, children)) if children else 0
            return levels[index]

        return tuple(level(index) for index in range(len(self.switches)))

    @cached_property
    def members(self) -> tuple[frozenset[int], ...]:
        """Node indices below each switch."""
        below: dict[int, frozenset[int]] = {}
        for index in sorted(range(len(self.switches)), key=lambda switch: self.levels[switch]):
            switch = self.switches[index]
            below[index] = frozenset(switch.nodes).union(
                *(below[child] for child in switch.children)
            )
        return tuple(below[index] for index in range(len(self.switches)))

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """Indices of the switches below no other one, in configuration order."""
        below = {child for switch in self.switches for child in switch.children}
        return tuple(i for i in range(len(self.switches)) if i not in below)

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """Indices of the leaf switches, in configuration order."""
        return tuple(i for i, switch in enumerate(self.switches) if not switch.children)

    @cached_property
    def leaf_of(self) -> dict[int, int]:
        """Node index to leaf switch index; the first leaf wins for a node listed twice."""
        owner: dict[int, int] = {}
        for index in self.leaves:
            for node in self.switches[index].nodes:
                owner.setdefault(node, index)
        return owner
