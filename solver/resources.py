"""Hierarchical resources and power caps as constraints (slurm_semantics 5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from ortools.sat.python import cp_model

from ..models.legality import Legality
from ..models.resources import INFINITE, Mode, Resource
from ..models.rules.usage import requested, room, used_before
from .bins import Lane
from .model import Expression, Kind, PlacementModel, Variable
from .options import node_charges


def limit_resources(model: PlacementModel) -> None:
    """Add the constraints of every resource that some kind draws on."""
    for index, resource in enumerate(model.instance.cluster.resources):
        if resource.is_power or resource.mode is Mode.MODE_3:
            mode_3(model, index, resource)
        elif resource.mode is Mode.MODE_2:
            mode_2(model, index, resource)
        else:
            mode_1(model, index, resource)


def mode_3(model: PlacementModel, index: int, resource: Resource) -> None:
    """`mode_3`, `power`: amount per node, summed over each layer's nodes, within its capacity."""
    for layer_index, drawn in layer_draws(model, index).items():
        layer = resource.layers[layer_index]
        used = used_before(model.instance, resource)[layer_index]
        # A layer that is over its cap already only forbids to add to it.
        model.cp.add(drawn <= max(layer.capacity - used, 0))


def layer_draws(model: PlacementModel, index: int) -> dict[int, Expression]:
    """What the plan adds to each layer of resource `index` that it could exceed."""
    resource = model.instance.cluster.resources[index]
    draws: dict[int, Expression] = {}
    for resource_index, layer_index in model.layout.binding:
        if resource_index != index:
            continue
        terms = []
        for kind, lane, cell, node in _uses_of_layer(model, resource, layer_index):
            charge = node_charges(model.instance, kind.option.job, node)[index]
            if charge:
                terms.append(charge * model.cell_usage(kind, lane, cell))
        draws[layer_index] = cp_model.LinearExpr.sum(terms)
    return draws


def _uses_of_layer(
    model: PlacementModel, resource: Resource, layer_index: int
) -> Iterator[tuple[Kind, Lane, object, int]]:
    """Every kind and cell inside a layer, with a sample node of the cell."""
    members = resource.layers[layer_index].nodes
    for kind_index, lane_index in model.usage:
        lane = model.layout.lanes[lane_index]
        for cell, nodes in lane.cells.items():
            if nodes[0] in members:
                yield model.kinds[kind_index], lane, cell, nodes[0]


def _overlaps(model: PlacementModel, resource: Resource, kind: Kind, layer_index: int) -> Variable:
    """Boolean: the job has a node in the layer."""
    nodes = [
        model.cell_usage(kind, lane, cell)
        for other, lane, cell, _ in _uses_of_layer(model, resource, layer_index)
        if other is kind
    ]
    overlap = model.cp.new_bool_var(f"overlap_{kind.index}_{resource.name}_{layer_index}")
    total = cp_model.LinearExpr.sum(nodes)
    model.cp.add(total <= kind.option.job.num_nodes * overlap)
    model.cp.add(total >= overlap)
    return overlap


def _requesting(model: PlacementModel, resource: Resource) -> list[tuple[Kind, int]]:
    """Kinds that request the resource, in queue order; each is one job (`needs_identity`)."""
    kinds = [
        (kind, requested(kind.option.job, resource))
        for kind in model.kinds
        if requested(kind.option.job, resource)
    ]
    return sorted(kinds, key=lambda entry: entry[0].shape.jobs[0])


def mode_2(model: PlacementModel, index: int, resource: Resource) -> None:
    """Every overlapping layer is charged once per job."""
    requests = _requesting(model, resource)
    if not requests:
        return
    before = used_before(model.instance, resource)
    for layer_index, layer in enumerate(resource.layers):
        if layer.capacity == INFINITE:
            continue
        charged = [
            amount * _overlaps(model, resource, kind, layer_index) for kind, amount in requests
        ]
        model.cp.add(
            cp_model.LinearExpr.sum(charged) <= max(layer.capacity - before[layer_index], 0)
        )


def mode_1(model: PlacementModel, index: int, resource: Resource) -> None:
    """Every node in some sufficient layer, and one overlapping layer charged once per job.

    26.11 judges sufficiency at the job's turn and charges the first sufficient overlapping layer
    of the file; documented is the start state and any overlapping layer with enough left.
    """
    requests = _requesting(model, resource)
    if not requests:
        return
    is_slurm = model.plan_options.legality is Legality.SLURM_26_11
    before = used_before(model.instance, resource)
    earlier: list[list[Expression]] = [[] for _ in resource.layers]
    for kind, amount in requests:
        charges: list[Variable] = []
        sufficient: list[Expression] = []
        for layer_index, layer in enumerate(resource.layers):
            overlap = _overlaps(model, resource, kind, layer_index)
            charge = model.cp.new_bool_var(f"charge_{kind.index}_{resource.name}_{layer_index}")
            has_room: Expression = int(room(resource, before, layer_index, amount))
            if is_slurm and layer.capacity != INFINITE:
                has_room = _room_at_turn(
                    model, layer.capacity - before[layer_index], earlier[layer_index], amount
                )
            model.cp.add(charge <= overlap)
            model.cp.add(charge <= has_room)
            if is_slurm:
                # The first sufficient overlapping layer in file order is the one charged.
                model.cp.add(sum(charges) + charge >= overlap + has_room - 1)
            charges.append(charge)
            sufficient.append(has_room)
        model.cp.add(sum(charges) == kind.started)
        for other, lane, cell, node in _uses_of_layer_any(model):
            if other is kind:
                serving = [sufficient[layer] for layer in resource.layers_of.get(node, ())]
                used = model.cell_usage(kind, lane, cell)
                most = kind.option.job.num_nodes
                model.cp.add(used <= most * cp_model.LinearExpr.sum(serving))
        for layer_index, charge in enumerate(charges):
            earlier[layer_index].append(amount * charge)
    for layer_index, layer in enumerate(resource.layers):
        if layer.capacity != INFINITE and earlier[layer_index]:
            model.cp.add(
                cp_model.LinearExpr.sum(earlier[layer_index])
                <= max(layer.capacity - before[layer_index], 0)
            )


def _uses_of_layer_any(
    model: PlacementModel,
) -> Iterator[tuple[Kind, Lane, object, int]]:
    for kind_index, lane_index in model.usage:
        lane = model.layout.lanes[lane_index]
        for cell, nodes in lane.cells.items():
            yield model.kinds[kind_index], lane, cell, nodes[0]


def _room_at_turn(
    model: PlacementModel, free: int, earlier: list[Expression], amount: int
) -> Variable:
    """Boolean: after the charges of earlier jobs the layer still has `amount`."""
    has_room = model.cp.new_bool_var("")
    charged = cp_model.LinearExpr.sum(earlier)
    model.cp.add(charged <= free - amount).only_enforce_if(has_room)
    model.cp.add(charged >= free - amount + 1).only_enforce_if(~has_room)
    return has_room
