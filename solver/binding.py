"""Which layers of which resources the queue could exceed: only those become constraints."""

from __future__ import annotations

from collections.abc import Sequence

from ..models.instance import Instance
from ..models.resources import INFINITE, Mode, Resource
from ..models.rules.usage import requested, used_before
from .options import Option, node_charges

# A relaxation keeps layers over at least one in so many of the nodes apart.
MOST_LARGE_LAYERS = 16


def binding_layers(
    instance: Instance,
    options: Sequence[Option],
    usable: Sequence[frozenset[int]],
    all_finite: bool,
) -> tuple[tuple[int, int], ...]:
    """Layers that the options could exceed, and all of the MODE_1 and MODE_2 resources in use."""
    free = frozenset().union(*usable)
    binding = []
    for index, resource in enumerate(instance.cluster.resources):
        users = [
            option for option in options if resource.is_power or requested(option.job, resource)
        ]
        if not users:
            continue
        if resource.mode is not Mode.MODE_3 and not resource.is_power:
            binding += [(index, layer) for layer in range(len(resource.layers))]
            continue
        most = _most_per_node(instance, users, index, resource)
        used = used_before(instance, resource)
        for position, layer in enumerate(resource.layers):
            reachable = len(layer.nodes & free)
            is_exceedable = used[position] + most * reachable > layer.capacity
            if layer.capacity != INFINITE and (all_finite or is_exceedable):
                binding.append((index, position))
    return tuple(binding)


def large_layers(
    instance: Instance, binding: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Layers over so many nodes that telling them apart leaves few lanes."""
    resources = instance.cluster.resources
    least = len(instance.cluster.nodes) / MOST_LARGE_LAYERS
    return tuple(
        (resource, layer)
        for resource, layer in binding
        if len(resources[resource].layers[layer].nodes) >= least
    )


def _most_per_node(
    instance: Instance, users: Sequence[Option], index: int, resource: Resource
) -> int:
    """An upper bound on what one node adds to any layer of the resource."""
    if not resource.is_power:
        return max(requested(option.job, resource) for option in users)
    profile = max((node.power_w for node in instance.cluster.nodes), default=0)
    own = [node_charges(instance, option.job, 0)[index] for option in users]
    return max([profile - resource.idle_w, *own])
