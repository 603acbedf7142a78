"""Which jobs ask more of hierarchical resources than their layers hold when nothing runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from .instance import Instance
from .job import Job
from .resources import INFINITE, Mode, Resource
from .rules.usage import draw_w, requested, used_before

# A rule, and one line for people.
Finding = tuple[str, str]

# Sets of nodes whose counts are kept: partitions share theirs among many jobs, while a job with
# nodes excluded has a set of its own that nobody asks for again.
KEPT = 32


@dataclass(frozen=True, slots=True)
class _Bound:
    """What nodes of a set have in common with the others of a layer.

    Attributes
    ----------
    layer
        Index of the first layer of this kind: the one that is told.
    left
        What it has left.
    inside
        Nodes of the set that lie in it.
    likes
        Of those, one for each draw.
    """

    layer: int
    left: float
    inside: int
    likes: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Counted:
    """A set of nodes on one resource, as far as any request can tell its nodes apart.

    Attributes
    ----------
    spots
        Number of nodes by what their layers have left and a node that draws the same.
    bounds
        Finite layers with nodes of the set, alike ones once, in file order.
    """

    spots: Counter[tuple[tuple[float, ...], int]]
    bounds: tuple[_Bound, ...]


class IdleLayers:
    """What the layers of an idle cluster can give; nodes are counted once per set of them."""

    def __init__(self, idle: Instance) -> None:
        self._idle = idle
        self._counted = lru_cache(maxsize=KEPT)(self._count)

    def finding(self, job: Job, nodes: frozenset[int]) -> Finding | None:
        """The rule that keeps `job` from ever starting on `nodes`, and one line for people.

        Parameters
        ----------
        nodes
            All that it may use; at least as many as it wants.
        """
        for index, resource in enumerate(self._idle.cluster.resources):
            amount = requested(job, resource)
            if resource.is_power:
                rule, what = "power", "its draw"
            elif amount:
                rule, what = resource.mode.name.lower(), f"{amount} {resource.name}"
            else:
                continue
            counted = self._counted(index, nodes)
            cost_of = {like: self._cost(job, resource, like) for _, like in counted.spots}
            serving = sum(
                number
                for (left, like), number in counted.spots.items()
                if _serves(resource, left, cost_of[like])
            )
            if serving < job.num_nodes:
                return rule, f"only {serving} of {job.num_nodes} nodes can give {what}"
            if resource.is_power or resource.mode is Mode.MODE_3:
                missing = _missing(counted.bounds, cost_of, job.num_nodes - len(nodes))
                if missing is not None:
                    layer, needed = missing
                    name = resource.layers[layer].name or layer
                    return rule, f"layer {name} cannot give {needed} nodes {what}"
        return None

    def _cost(self, job: Job, resource: Resource, node: int) -> int:
        if resource.is_power:
            # A free node draws its idle watts already.
            return draw_w(self._idle, job, node, resource) - resource.idle_w
        return requested(job, resource)

    def _count(self, index: int, nodes: frozenset[int]) -> _Counted:
        resource = self._idle.cluster.resources[index]
        places = self._places(resource, nodes)
        left = _capacities(self._idle, resource)
        spots: Counter[tuple[tuple[float, ...], int]] = Counter()
        inside = [0] * len(left)
        likes: list[set[int]] = [set() for _ in left]
        for (layers, like), number in places.items():
            spots[tuple([left[layer] for layer in layers]), like] += number
            for layer in layers:
                inside[layer] += number
                likes[layer].add(like)
        first: dict[tuple[float, int, frozenset[int]], int] = {}
        for layer, amount in enumerate(left):
            if amount != inf and inside[layer]:
                first.setdefault((amount, inside[layer], frozenset(likes[layer])), layer)
        bounds = tuple(_Bound(layer, *alike) for alike, layer in first.items())
        return _Counted(spots, bounds)

    def _places(
        self, resource: Resource, nodes: frozenset[int]
    ) -> Counter[tuple[tuple[int, ...], int]]:
        """Number of nodes by the layers that contain them and the first node that draws alike."""
        layers_of = resource.layers_of
        if not resource.is_power:
            like = next(iter(nodes), 0)
            return Counter((layers_of.get(node, ()), like) for node in nodes)
        everything = self._idle.cluster.nodes
        first: dict[int, int] = {}
        return Counter(
            (layers_of.get(node, ()), first.setdefault(everything[node].power_w, node))
            for node in nodes
        )


def _missing(
    bounds: tuple[_Bound, ...], cost_of: dict[int, int], excess: int
) -> tuple[int, int] | None:
    """The first layer that cannot serve the nodes it must, and their number.

    `excess` is what the job wants beyond all nodes of the set: at most 0, so that it must take
    that plus the nodes inside from every layer.
    """
    for bound in bounds:
        needed = excess + bound.inside
        cheapest = min(cost_of[like] for like in bound.likes)
        if needed > 0 and cheapest > 0 and bound.left < needed * cheapest:
            return bound.layer, needed
    return None


def _capacities(idle: Instance, resource: Resource) -> list[float]:
    """What every layer has left on the idle cluster."""
    used = used_before(idle, resource)
    return [
        inf if layer.capacity == INFINITE else max(layer.capacity - amount, 0)
        for layer, amount in zip(resource.layers, used, strict=True)
    ]


def _serves(resource: Resource, left: tuple[float, ...], cost: int) -> bool:
    """Whether an idle node can take its cost, given what its layers have left (5.3)."""
    if resource.is_power and cost <= 0:
        return True
    enough = [cost <= amount for amount in left]
    if resource.is_power:
        return all(enough)
    if resource.mode is Mode.MODE_1:
        return any(enough)
    return bool(enough) and all(enough)
