"""Where the units of a job may go: who is placed how, and rules that hold for all of them."""

from __future__ import annotations

from ..models.topology import BlockTopology, TorusTopology
from .loose_units import place_identified, place_loose
from .model import Kind, PlacementModel, total
from .options import small_unit
from .small_units import place_small
from .windows import place_windows


def place_units(model: PlacementModel) -> None:
    """Give every kind the variables of its units and the rules of its topology."""
    for kind in model.kinds:
        option = kind.option
        is_torus = isinstance(option.topology, TorusTopology) and not option.is_flat
        if is_torus or (option.is_flat and option.job.contiguous):
            place_windows(model, kind)
        elif small_unit(option):
            place_small(model, kind)
        elif _has_identity(kind) and not model.is_relaxed:
            place_identified(model, kind)
        else:
            place_loose(model, kind)
    split_cells(model)
    for kind in model.kinds:
        required_nodes(model, kind)


def _has_identity(kind: Kind) -> bool:
    """Whether a limit speaks of every single unit."""
    option = kind.option
    if option.is_flat:
        return False
    if isinstance(option.topology, BlockTopology):
        return option.topology.unit_limits(option.units.size).is_limited or option.one_per_site
    return option.max_leaves is not None


def split_cells(model: PlacementModel) -> None:
    """`partition`, `features`, `exclude`, `nodelist`: a kind takes only cells that it may use."""
    for (kind_index, lane_index), usage in model.usage.items():
        lane = model.layout.lanes[lane_index]
        if len(lane.cells) == 1 or (lane.is_windowed and kind_index in model.windows):
            continue
        candidates = model.kinds[kind_index].option.candidates
        parts = []
        for cell, nodes in lane.cells.items():
            if nodes[0] in candidates:
                taken = model.count(f"cell_{kind_index}_{lane_index}_{nodes[0]}", len(nodes))
                model.cell_use[kind_index, lane_index, cell] = taken
                parts.append(taken)
        model.cp.add(total(parts) == usage)


def required_nodes(model: PlacementModel, kind: Kind) -> None:
    """B4: every node of a short ``--nodelist`` is part of the allocation."""
    required = kind.option.required
    if not required:
        return
    found = 0
    for lane in model.layout.of(kind.option.topology_index):
        for cell, nodes in lane.cells.items():
            if nodes[0] in required:
                found += len(nodes)
                taken = model.cell_usage(kind, lane, cell)
                model.cp.add(taken >= len(nodes) * kind.started)
    if found < len(required):
        model.cp.add(kind.started == 0)
