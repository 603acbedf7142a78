"""Layers that cover just one bin: they cap it without telling it apart from other bins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ..models.instance import Instance
from ..models.resources import Mode
from ..models.rules.usage import used_before
from .bins import Bin
from .headroom import UNCAPPED, Cap, Item, cap_of, reachable
from .options import Option, node_charges, small_unit

# A flow with more arcs than this, times capped bins times options, costs more than the same bins
# alone, which have a variable per option each.
ARCS_PER_PAIR = 1
# No flow may have more; a relaxation, which has no bins alone, may always have as many.
MOST_ARCS = 50_000
Layers = tuple[tuple[int, int], ...]


class Capping:
    """Bins with layers of their own, and how such bins share a flow.

    Parameters
    ----------
    binding
        ``(resource, layer)`` positions that the options could exceed.
    is_wanted
        Whether flows may state headrooms at all.
    is_relaxed
        Whether headrooms that do not pay are left out, for a bound.

    Attributes
    ----------
    private
        Layers that cover all usable nodes of one bin and no others.
    """

    def __init__(
        self,
        instance: Instance,
        options: Sequence[Option],
        bins: Sequence[Bin],
        binding: Layers,
        *,
        is_wanted: bool,
        is_relaxed: bool,
    ) -> None:
        self._instance = instance
        self._options = options
        self._bins = bins
        self._is_relaxed = is_relaxed
        self._used = [used_before(instance, each) for each in instance.cluster.resources]
        self._layers = _private_layers(instance, bins, binding) if is_wanted else {}
        self.private = frozenset(layer for layers in self._layers.values() for layer in layers)
        resources = Counter(layers[0][0] for layers in self._layers.values())
        self._usual = max(resources, key=resources.__getitem__, default=None)

    def resource(self, position: int) -> int | None:
        """The resource that caps a bin; of bins without a cap, the usual one of all others."""
        layers = self._layers.get(position)
        return layers[0][0] if layers else self._usual

    def layers(self, positions: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Private layers of some bins."""
        return (layer for position in positions for layer in self._layers.get(position, ()))

    def divide(self, positions: list[int]) -> list[tuple[list[int], Cap]]:
        """Bins alike but for nodes and headroom, as they may share a flow, each with its cap."""
        capped = [position for position in positions if position in self._layers]
        if not capped or len(positions) == 1:
            return [(positions, UNCAPPED)]
        cap = self._cap(positions)
        if cap is not None:
            return [(positions, cap)]
        if self._is_relaxed:
            return [(positions, UNCAPPED)]
        others = [position for position in positions if position not in self._layers]
        alone = [([position], UNCAPPED) for position in capped]
        return [(others, UNCAPPED), *alone] if others else alone

    def bin(self, position: int, cap: Cap) -> Bin:
        """The bin with its headroom under the cap of its lane."""
        bin_ = self._bins[position]
        if cap.resource is None:
            return bin_
        _, headroom = cap.state(bin_.free, self._headroom(position, cap))
        return bin_._replace(headroom=headroom)

    def _headroom(self, position: int, cap: Cap) -> int:
        most = cap.loads[-1].bit_length()
        for resource, layer in self._layers.get(position, ()):
            capacity = self._instance.cluster.resources[resource].layers[layer].capacity
            # A layer that is over its cap already only forbids to add to it.
            left = max(capacity - self._used[resource][layer], 0)
            most = min(most, left // cap.unit)
        return most

    def _cap(self, positions: Sequence[int]) -> Cap | None:
        """The cap of a flow of these bins; None where bins alone are better."""
        resource = self.resource(positions[0])
        assert resource is not None
        items = self._items(self._bins[positions[0]], resource)
        distinct = set(items)
        if any(charge < 0 for _, charge in distinct):
            return None
        cap = cap_of(resource, distinct, max(self._bins[each].free for each in positions))
        sources = {self.bin(position, cap).state for position in positions}
        if all(state == cap.state(state[0], cap.loads[-1].bit_length()) for state in sources):
            return UNCAPPED
        steps = [(size, charge // cap.unit) for size, charge in sorted(distinct)]
        most_arcs = MOST_ARCS
        if not self._is_relaxed:
            capped = sum(position in self._layers for position in positions)
            most_arcs = min(most_arcs, ARCS_PER_PAIR * capped * len(items))
        return cap if reachable(cap, sources, steps, most_arcs) is not None else None

    def _items(self, bin_: Bin, resource: int) -> list[Item]:
        """Per option that may use the bin: nodes of one step in a flow, and charge per node."""
        node = bin_.nodes[0]
        return [
            (
                option.units.size if small_unit(option) else 1,
                node_charges(self._instance, option.job, node)[resource],
            )
            for option in self._options
            if option.topology_index == bin_.topology_index and node in option.candidates
        ]


def _private_layers(
    instance: Instance, bins: Sequence[Bin], binding: Layers
) -> dict[int, list[tuple[int, int]]]:
    """Per bin, the layers over just its nodes; bins that several resources cap have none."""
    if not binding:
        return {}
    bin_of = {node: position for position, bin_ in enumerate(bins) for node in bin_.nodes}
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for resource, layer in binding:
        each = instance.cluster.resources[resource]
        if not each.is_power and each.mode is not Mode.MODE_3:
            continue
        inside = each.layers[layer].nodes & bin_of.keys()
        position = bin_of[next(iter(inside))] if inside else -1
        if inside and inside == frozenset(bins[position].nodes):
            found[position].append((resource, layer))
    return {
        position: layers
        for position, layers in found.items()
        if len({resource for resource, _ in layers}) == 1
    }
