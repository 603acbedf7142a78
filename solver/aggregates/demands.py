"""Who asks for which slots: the options of jobs as demands."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ...models.instance import Instance
from ...models.resources import Mode
from ...models.rules.usage import requested
from ...models.topology import BlockTopology
from ..options import Option, node_charges, small_unit
from ..shapes import Shape
from .held import held_slot, parts_of_held
from .slots import Demand, Slot


def slots_and_demands(
    instance: Instance, topology: BlockTopology, shapes: Sequence[Shape]
) -> tuple[list[Slot], list[Demand]]:
    """Distinct slots of all options, and who needs how many of which."""
    numbers: dict[Hashable, int] = {}
    slots: list[Slot] = []
    demands: list[Demand] = []
    inside = topology.block_of.keys()
    # Candidate sets are shared objects, and large.
    sets = {
        id(option.candidates): option.candidates for shape in shapes for option in shape.options
    }
    outside = {key for key, candidates in sets.items() if not candidates <= inside}
    for shape_index, shape in enumerate(shapes):
        for option_index, option in enumerate(shape.options):
            is_outside = id(option.candidates) in outside
            slot, count = _slot(instance, topology, option, is_outside=is_outside)
            if slot.key not in numbers:
                numbers[slot.key] = len(slots)
                slots.append(slot)
            demands.append(Demand(shape_index, option_index, numbers[slot.key], count))
    for slot in parts_of_held(slots, topology):
        if slot.key not in numbers:
            numbers[slot.key] = len(slots)
            slots.append(slot)
    return slots, demands


def _slot(
    instance: Instance, topology: BlockTopology, option: Option, *, is_outside: bool
) -> tuple[Slot, int]:
    """The slot of an option and how many one job needs."""
    units = option.units
    charges = _least_charges(instance, option)
    candidates = option.candidates
    if option.is_flat or (option.is_one_node and (is_outside or not option.holds_sites)):
        # Outside of all blocks there is nothing to hold.
        nodes = option.job.num_nodes
        return Slot(1, 1, charges, candidates, is_single=True), nodes
    size, count, span = units.size, units.count, 1
    if units.consolidates and not option.is_one_node:
        span = topology.consolidate_span(count, size, units.spreads)
        if span < len(topology.blocks):
            packing = (count, size, units.spreads) if span > 1 else None
            is_held = option.holds_sites and span == 1
            return Slot(span, count * size, charges, candidates, packing, is_held), 1
    if small_unit(option):
        if not option.holds_sites:
            return Slot(1, size, charges, candidates, spreads=option.one_per_site), count
        held = Slot(1, size, charges, candidates, holds=True)
        return held_slot(held, count, topology, spreads=option.one_per_site)
    limits = topology.unit_limits(size)
    if not limits.is_top:
        return Slot(limits.region_span, size, charges, candidates), count
    most = limits.max_lower if limits.is_limited else None
    return Slot(None, size, charges, candidates, max_lower=most), count


def _least_charges(instance: Instance, option: Option) -> tuple[int, ...]:
    """Per resource, what any node of the option adds at least."""
    resources = instance.cluster.resources
    if not any(resource.is_power for resource in resources):
        return tuple(
            requested(option.job, resource) if resource.mode is Mode.MODE_3 else 0
            for resource in resources
        )
    found = [node_charges(instance, option.job, node) for node in option.candidates]
    return tuple(min(charges) for charges in zip(*found, strict=True))
