"""Hierarchical resources during a selection (slurm_semantics 5.3, 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.resources import Resource

UNLIMITED = 2**62


@dataclass(frozen=True)
class Mode3Demand:
    """What one job draws from one MODE_3 resource or power cap.

    Attributes
    ----------
    resource
        The resource.
    free
        Free amount per layer, `UNLIMITED` for an infinite one.
    per_node
        Amount for each node, by node index.
    is_mapped
        Whether its layers cap the block counts of the partition's topology (5.4).
    """

    resource: Resource
    free: tuple[int, ...]
    per_node: Callable[[int], int]
    is_mapped: bool = False


@dataclass(frozen=True)
class Mode3:
    """All MODE_3 demands of a job: at most one licence (5.2), and the power caps in watts."""

    demands: tuple[Mode3Demand, ...]

    def attempt(self) -> Mode3Attempt:
        """Amounts at the start of an attempt."""
        return Mode3Attempt(self.demands)

    def removal_order(self, pool: NDArray[np.bool_]) -> list[int]:
        """Candidates by ascending leaf capacity, then index: the order of giving them up (0.5)."""
        nodes: list[int] = np.flatnonzero(pool).tolist()
        attempt = self.attempt()
        return sorted(nodes, key=attempt.leaf_capacity)


class Mode3Attempt:
    """Free amounts as they shrink while the nodes of one attempt are taken."""

    def __init__(self, demands: Sequence[Mode3Demand]) -> None:
        self._demands = demands
        self._free = [list(demand.free) for demand in demands]

    @property
    def caps_counts(self) -> bool:
        """Whether a demand is mapped to the partition's topology (5.4)."""
        return any(demand.is_mapped for demand in self._demands)

    def take(self, node: int) -> bool:
        """Charge `node` in every layer on its path; False, and no charge, if one is short."""
        paths = [demand.resource.layers_of.get(node) for demand in self._demands]
        for demand, free, path in zip(self._demands, self._free, paths, strict=True):
            if path is None:
                if demand.resource.is_power:
                    continue
                return False
            amount = demand.per_node(node)
            if any(free[layer] < amount for layer in path):
                return False
        for demand, free, path in zip(self._demands, self._free, paths, strict=True):
            for layer in path or ():
                if free[layer] < UNLIMITED:
                    free[layer] -= demand.per_node(node)
        return True

    def leaf_capacity(self, node: int) -> int:
        """Nodes that the path of `node` still feeds, by the first demand (0.5, 5.4)."""
        return self._path_minimum(node) // max(self._demands[0].per_node(node), 1)

    def leaf_of(self, node: int) -> int:
        """The smallest layer of the first demand that contains `node`, -1 outside all of them."""
        resource = self._demands[0].resource
        path = resource.layers_of.get(node, ())
        return min(path, key=lambda layer: len(resource.layers[layer].nodes), default=-1)

    def nodes_fed(self, node: int) -> int:
        """Most nodes that the mapped demand's path at `node` feeds (5.4, block counts)."""
        for position, demand in enumerate(self._demands):
            if demand.is_mapped:
                path = demand.resource.layers_of.get(node, ())
                least = min((self._free[position][layer] for layer in path), default=0)
                return least // max(demand.per_node(node), 1)
        return UNLIMITED

    def _path_minimum(self, node: int) -> int:
        path = self._demands[0].resource.layers_of.get(node, ())
        return min((self._free[0][layer] for layer in path), default=0)
