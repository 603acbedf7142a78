"""topology/torus3d: a unit is one anchor of a configured placement (slurm_semantics 3.3)."""

from __future__ import annotations

from ..topology import TorusTopology
from .start import Start


def torus_anchor(start: Start) -> str | None:
    """Every unit fills exactly one anchor of a placement of its volume."""
    topology = start.topology
    if not isinstance(topology, TorusTopology) or not start.is_ruled:
        return None
    for unit in start.placement.segments:
        toruses = {topology.torus_of.get(node) for node in unit}
        index = next(iter(toruses), None)
        if len(toruses) != 1 or index is None:
            return f"a unit of {len(unit)} nodes does not lie in one torus"
        torus = topology.toruses[index]
        if frozenset(unit) not in torus.anchor_sets:
            return f"a unit of {len(unit)} nodes fills no anchor of torus {torus.name}"
    return None
