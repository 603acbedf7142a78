"""Hierarchical resources and power caps as constraints (slurm_semantics 5.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ortools.sat.python import cp_model

from ..models.legality import Legality
from ..models.resources import INFINITE, Mode, Resource
from ..models.rules.usage import requested, room, used_before
from .bins import Lane, Signature
from .model import Expression, Kind, PlacementModel, Variable, total
from .options import node_charges

# Lanes and cells that a kind may use, each with a sample node of the cell.
Uses = list[tuple[Lane, Signature, int]]


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
    before = used_before(model.instance, resource)
    for layer_index, drawn in layer_draws(model, index).items():
        layer = resource.layers[layer_index]
        # A layer that is over its cap already only forbids to add to it.
        model.cp.add(drawn <= max(layer.capacity - before[layer_index], 0))


def layer_draws(model: PlacementModel, index: int) -> dict[int, Expression]:
    """What the plan adds to each layer of resource `index` that no flow keeps below its cap."""
    resource = model.instance.cluster.resources[index]
    layout = model.layout
    terms: dict[int, list[Expression]] = {
        layer_index: []
        for other, layer_index in layout.binding
        if other == index and (other, layer_index) not in layout.in_flows
    }
    for kind, lane, cell, node in _uses(model):
        layers = [layer for layer in resource.layers_of.get(node, ()) if layer in terms]
        charge = node_charges(model.instance, kind.option.job, node)[index] if layers else 0
        if charge:
            drawn = charge * model.cell_usage(kind, lane, cell)
            for layer in layers:
                terms[layer].append(drawn)
    return {layer: cp_model.LinearExpr.sum(parts) for layer, parts in terms.items()}


def _uses(model: PlacementModel) -> Iterator[tuple[Kind, Lane, Signature, int]]:
    """Every kind and cell that it may use, with a sample node of the cell."""
    for kind_index, lane_index in model.usage:
        lane = model.layout.lanes[lane_index]
        for cell, nodes in lane.cells.items():
            yield model.kinds[kind_index], lane, cell, nodes[0]


def _uses_by_kind(model: PlacementModel) -> dict[int, Uses]:
    uses: dict[int, Uses] = defaultdict(list)
    for kind, lane, cell, node in _uses(model):
        uses[kind.index].append((lane, cell, node))
    return uses


def _overlaps(
    model: PlacementModel, resource: Resource, kind: Kind, uses: Uses, layer_index: int
) -> Variable:
    """Boolean: the job has a node in the layer."""
    members = resource.layers[layer_index].nodes
    inside = total(
        model.cell_usage(kind, lane, cell) for lane, cell, node in uses if node in members
    )
    overlap = model.cp.new_bool_var(f"overlap_{kind.index}_{resource.name}_{layer_index}")
    model.cp.add(inside <= kind.option.job.num_nodes * overlap)
    model.cp.add(inside >= overlap)
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
    uses = _uses_by_kind(model)
    for layer_index, layer in enumerate(resource.layers):
        if layer.capacity == INFINITE:
            continue
        charged = [
            amount * _overlaps(model, resource, kind, uses[kind.index], layer_index)
            for kind, amount in requests
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
    uses = _uses_by_kind(model)
    earlier: list[list[Expression]] = [[] for _ in resource.layers]
    for kind, amount in requests:
        charges: list[Variable] = []
        sufficient: list[Expression] = []
        for layer_index, layer in enumerate(resource.layers):
            overlap = _overlaps(model, resource, kind, uses[kind.index], layer_index)
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
        for lane, cell, node in uses[kind.index]:
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


def _room_at_turn(
    model: PlacementModel, free: int, earlier: list[Expression], amount: int
) -> Variable:
    """Boolean: after the charges of earlier jobs the layer still has `amount`."""
    has_room = model.cp.new_bool_var("")
    charged = cp_model.LinearExpr.sum(earlier)
    model.cp.add(charged <= free - amount).only_enforce_if(has_room)
    model.cp.add(charged >= free - amount + 1).only_enforce_if(~has_room)
    return has_room
