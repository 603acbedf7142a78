"""Which rule keeps a request from starting: the first whose absence would let it in."""

from __future__ import annotations

from dataclasses import replace

from ..resources import Mode
from .fit import fit
from .layers import RULE_OF_MODE
from .scene import Request, Scene

AVAILABLE = "available"

_TOPOLOGY_RULE = {
    "block": "block_region",
    "ring": "ring_arc",
    "torus3d": "torus_anchor",
    "tree": "common_switch",
    "flat": "contiguous",
}


def binding_rule(request: Request, scene: Scene) -> str:
    """Name of the rule that binds: too few free nodes first, then whatever can be lifted alone.

    Parameters
    ----------
    request
        Does not fit.
    scene
        The moment.
    """
    free = scene.free & request.eligible
    if len(free) < request.num_nodes:
        return AVAILABLE
    if request.required - free:
        return "required_nodes"
    for name, easier, easier_scene in _relaxed(request, scene):
        if fit(easier, easier_scene).nodes is not None:
            return name
    return _TOPOLOGY_RULE[request.topology.kind]


def _relaxed(request: Request, scene: Scene) -> list[tuple[str, Request, Scene]]:
    """The request and scene without one rule each."""
    cases: list[tuple[str, Request, Scene]] = []
    if scene.held:
        cases.append(("exclusive_held", request, scene.opened))
    if request.is_exclusive:
        cases.append(("exclusive_wanted", replace(request, is_exclusive=False), scene))
    for index, amount in request.needs:
        resource = scene.cluster.resources[index]
        rule = "power" if resource.is_power else RULE_OF_MODE[Mode(resource.mode)]
        others = tuple(need for need in request.needs if need != (index, amount))
        cases.append((rule, replace(request, needs=others), scene))
    units = request.units
    if units.spreads:
        relaxed = replace(request, units=replace(units, spreads=False))
        cases.append(("spread_segments", relaxed, scene))
    if units.consolidates:
        relaxed = replace(request, units=replace(units, consolidates=False))
        cases.append(("consolidate_segments", relaxed, scene))
    if request.leaf_limit is not None:
        cases.append(("leaf_switches", replace(request, leaf_limit=None), scene))
    if request.follows_26_11:
        names = {"block": "whole_topology_floor", "ring": "one_segment_per_ring"}
        if request.topology.kind in names:
            documented = replace(request, follows_26_11=False)
            cases.append((names[request.topology.kind], documented, scene))
    return cases
