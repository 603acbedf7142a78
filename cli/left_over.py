"""What a plan leaves: segments that still fit, stranded nodes, headroom of power layers."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.capacity import fits
from ..models.instance import Instance
from ..models.plan import PlanResult
from ..models.resources import Mode
from ..models.rules.usage import layer_usage, used_before
from ..models.score import capacity_mix, nodes_left


@dataclass(frozen=True, slots=True)
class LeftOver:
    """How many segments of one size the plan leaves room for.

    Attributes
    ----------
    topology
        Name of the topology they are counted on.
    size
        Nodes of the segment.
    weight
        Of the size in the mix.
    fit
        Segments of that size that still fit, each size counted alone.
    num_left
        Free nodes that a new job may use.
    """

    topology: str
    size: int
    weight: int
    fit: int
    num_left: int

    @property
    def stranded(self) -> int:
        """Free nodes that segments of this size cannot use."""
        return max(0, self.num_left - self.size * self.fit)


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One finite layer of a power cap or MODE_3 resource, before and after the plan."""

    name: str
    capacity: int
    used_before: int
    planned: int

    @property
    def headroom(self) -> float:
        """Share of the capacity that stays unused."""
        return (self.capacity - self.used_before - self.planned) / self.capacity


def left_over(instance: Instance, result: PlanResult) -> list[LeftOver]:
    """Room for every size of the mix, per topology."""
    options = result.options
    rows = []
    for topology in instance.cluster.topologies:
        left = nodes_left(instance, result.plan, topology, options.legality)
        rows += [
            LeftOver(topology.name, size, weight, fits(instance, left, topology, size), len(left))
            for size, weight in capacity_mix(instance, options)
        ]
    return rows


def layer_uses(instance: Instance, result: PlanResult) -> list[LayerUse]:
    """Every finite layer of power caps and MODE_3 resources."""
    after = layer_usage(instance, result.plan, result.options.legality)
    uses = []
    for resource in instance.cluster.resources:
        if not resource.is_power and resource.mode is not Mode.MODE_3:
            continue
        before = used_before(instance, resource)
        for index, layer in enumerate(resource.layers):
            if layer.capacity > 0:
                name = f"{resource.name} {layer.name}" if layer.name else resource.name
                planned = after[resource.name][index] - before[index]
                uses.append(LayerUse(name, layer.capacity, before[index], planned))
    return uses
