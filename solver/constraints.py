"""Which part of the placement model keeps which rule of `models.rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .holds import exclusive_wanted
from .loose_units import limit_parts, place_loose, regions
from .options import OptionBuilder
from .packing import pack
from .resources import mode_1, mode_2, mode_3
from .segments import consolidate_segments, spread_segments
from .small_units import place_small
from .units import required_nodes, split_cells
from .windows import consecutive_runs, ring_arcs, torus_anchors

# Rules about who may use which node are kept before the model is built, by the options'
# candidates, and inside bins of several cells by `split_cells`.
CONSTRAINTS: Mapping[str, Callable[..., Any]] = {
    "node_count": place_loose,
    "partition": OptionBuilder.options,
    "features": split_cells,
    "exclude": split_cells,
    "nodelist": split_cells,
    "required_nodes": required_nodes,
    "available": OptionBuilder.options,
    "one_use": pack,
    "segment": place_small,
    "block_region": regions,
    "lower_level_blocks": limit_parts,
    "outside_blocks": regions,
    "whole_topology_floor": OptionBuilder.options,
    "spread_segments": spread_segments,
    "consolidate_segments": consolidate_segments,
    "exclusive_wanted": exclusive_wanted,
    "exclusive_held": OptionBuilder.held,
    "ring_arc": ring_arcs,
    "one_segment_per_ring": spread_segments,
    "torus_anchor": torus_anchors,
    "common_switch": regions,
    "leaf_switches": limit_parts,
    "contiguous": consecutive_runs,
    "license_amount": OptionBuilder.options,
    "mode_1": mode_1,
    "mode_2": mode_2,
    "mode_3": mode_3,
    "power": mode_3,
}
