"""What Slurm 26.11 makes of the amounts of MODE_3 layers when it loads resources.yaml.

Slurm sorts the layers of all resources in one list, sets before their supersets, and hands the
base of every layer on to the one above it in that order. Its comparison calls unrelated layers
equal, which no sort can digest, so that some layers come behind the one above them: their base
is lost. The totals shown by ``scontrol show licenses`` in the recordings confirm this; equal
depths of all layers below the root are not affected.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.resources import INFINITE, Mode, Resource

_Key = tuple[int, int]


def slurm_capacities(resources: Sequence[Resource]) -> dict[str, tuple[int, ...]]:
    """Amount of every layer for jobs as Slurm 26.11 computes it, INFINITE included."""
    keys = [
        (number, index)
        for number, resource in enumerate(resources)
        for index in range(len(resource.layers))
    ]
    ordered = _merge_sorted(resources, keys)
    capacities: dict[str, tuple[int, ...]] = {}
    for number, resource in enumerate(resources):
        if resource.mode is Mode.MODE_3 and not resource.is_power:
            own_order = [index for owner, index in ordered if owner == number]
            capacities[resource.name] = _handed_on(resource, own_order)
        else:
            capacities[resource.name] = tuple(layer.capacity for layer in resource.layers)
    return capacities


def _handed_on(resource: Resource, order: Sequence[int]) -> tuple[int, ...]:
    """Capacities when bases are handed on to the layer above in `order`."""
    layers = resource.layers
    above = [_above(resource, index) for index in range(len(layers))]
    base = [layer.base for layer in layers]
    for index, parent in enumerate(above):
        if parent is not None:
            # `Layer.base` includes the layers below; what is left is the layer's own.
            base[parent] -= layers[index].base
    capacities = [INFINITE] * len(layers)
    for index in order:
        if layers[index].count >= 0:
            capacities[index] = layers[index].count - base[index]
        parent = above[index]
        if parent is not None:
            base[parent] += base[index]
    return tuple(capacities)


def _above(resource: Resource, index: int) -> int | None:
    """Index of the smallest layer that properly contains layer `index`."""
    nodes = resource.layers[index].nodes
    supersets = [other for other, layer in enumerate(resource.layers) if layer.nodes > nodes]
    return min(supersets, key=lambda other: len(resource.layers[other].nodes), default=None)


def _merge_sorted(resources: Sequence[Resource], keys: list[_Key]) -> list[_Key]:
    """Merge sort as in the C library: halves rounded down, the left one first on ties."""
    if len(keys) <= 1:
        return keys
    middle = len(keys) // 2
    left = _merge_sorted(resources, keys[:middle])
    right = _merge_sorted(resources, keys[middle:])
    merged: list[_Key] = []
    while left and right:
        comes_first = right if _is_below(resources, right[0], left[0]) else left
        merged.append(comes_first.pop(0))
    return merged + left + right


def _is_below(resources: Sequence[Resource], one: _Key, other: _Key) -> bool:
    if one[0] != other[0] or resources[one[0]].mode is not Mode.MODE_3:
        return False
    layers = resources[one[0]].layers
    return layers[one[1]].nodes < layers[other[1]].nodes
