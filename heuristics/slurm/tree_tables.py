"""What selection needs of a tree topology, computed once; shared by tree and dragonfly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ...models.topology import TreeTopology
from .attempt import Action, Code, Counts, Refusal, Request
from .hres import Mode3Attempt


class TreeTables:
    """Parents, hop distances and members of the switches."""

    def __init__(self, topology: TreeTopology) -> None:
        self.topology = topology
        self.levels = topology.levels
        self.leaves = topology.leaves

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """Parent of every switch; a root is its own parent."""
        parents = list(range(len(self.topology.switches)))
        for index, switch in enumerate(self.topology.switches):
            for child in switch.children:
                parents[child] = index
        return tuple(parents)

    @cached_property
    def ancestors(self) -> tuple[tuple[int, ...], ...]:
        """Every switch with all switches above it, itself first."""
        paths = []
        for index in range(len(self.topology.switches)):
            path = [index]
            while self.parents[path[-1]] != path[-1]:
                path.append(self.parents[path[-1]])
            paths.append(tuple(path))
        return tuple(paths)

    @cached_property
    def members(self) -> tuple[Counts, ...]:
        """Node indices below every switch, ascending."""
        return tuple(np.array(sorted(nodes), dtype=np.int64) for nodes in self.topology.members)

    def distance(self, one: int, other: int) -> int:
        """Hops between two switches of one tree."""
        below = {switch: hops for hops, switch in enumerate(self.ancestors[one])}
        for hops, switch in enumerate(self.ancestors[other]):
            if switch in below:
                return hops + below[switch]
        return 2 * len(self.parents)


class Taking:
    """Nodes taken so far in one attempt, with their limits."""

    def __init__(self, limit: int, mode3: Mode3Attempt | None) -> None:
        self.limit = limit
        self.nodes: list[int] = []
        self._mode3 = mode3

    @property
    def missing(self) -> int:
        """Nodes still wanted."""
        return self.limit - len(self.nodes)

    def take(self, node: int) -> bool:
        """Take `node` unless a MODE_3 layer is short."""
        if self._mode3 is not None and not self._mode3.take(node):
            return False
        self.nodes.append(node)
        return True


def insufficient(request: Request, nodes: Sequence[int], step: str) -> Refusal:
    """Too few nodes inside the chosen switch."""
    return Refusal(Code.INSUFFICIENT_IN_UNIT, step, Action.HINT, frozenset(nodes))
