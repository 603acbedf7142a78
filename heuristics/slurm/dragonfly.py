"""topology/tree with TopologyParam=Dragonfly: one node per leaf and round (3.4)."""

from __future__ import annotations

import numpy as np

from .attempt import (
    Action,
    Code,
    Counts,
    Pool,
    Refusal,
    Request,
    Segments,
    pool_by_weight,
    start_mode3,
)
from .tree import top_with_required
from .tree_tables import Taking, TreeTables, insufficient


def select_dragonfly(
    tables: TreeTables, pool: Pool, request: Request, weights: Counts
) -> Segments | Refusal:
    """Fill one leaf if the whole request fits it, else go round the leaves."""
    top = _top_switch(tables, pool, request)
    if isinstance(top, Refusal):
        return top
    inside = np.zeros_like(pool)
    inside[tables.members[top]] = True
    inside &= pool
    candidates, forced = pool_by_weight(inside, weights, request.min_nodes, request.required)
    if np.count_nonzero(candidates) < request.min_nodes:
        step = "3.4 too few nodes below the top switch"
        return Refusal(Code.INSUFFICIENT_IN_UNIT, step, Action.DEFAULT)
    taking = Taking(request.target, start_mode3(request))
    for node in (*request.required, *forced):
        if taking.missing and not taking.take(node) and node in request.required:
            return Refusal(
                Code.REQUIRED_LACK_RESOURCES, "5.4 required node over a layer", Action.DEFAULT
            )
    left = candidates.copy()
    left[[*request.required, *forced]] = False
    _take_rest(tables, left, taking, request.target - request.min_nodes)
    if len(taking.nodes) < request.min_nodes:
        return insufficient(request, taking.nodes, "3.4 too few nodes below the top switch")
    leaf_of = tables.topology.leaf_of
    leaves = {leaf_of[node] for node in taking.nodes}
    if request.max_leaves == 1 and len(leaves) > 1:
        return Refusal(Code.GENERIC, "3.4 more leaf switches than --switches", Action.STOP)
    return (tuple(sorted(taking.nodes)),)


def _top_switch(tables: TreeTables, pool: Pool, request: Request) -> int | Refusal:
    """Highest level that has any candidate."""
    if request.required:
        return top_with_required(tables, request)
    inhabited = [switch for switch, members in enumerate(tables.members) if pool[members].any()]
    if not inhabited:
        return Refusal(Code.GENERIC, "3.4 no switch with a candidate", Action.DEFAULT)
    return min(inhabited, key=lambda switch: (-tables.levels[switch], switch))


def _take_rest(tables: TreeTables, left: Pool, taking: Taking, spare: int) -> None:
    """Fill the only touched leaf if it can hold the minimum; then one node per leaf and round."""
    leaf_of = tables.topology.leaf_of
    members = tables.members
    waiting = {leaf: members[leaf][left[members[leaf]]].tolist() for leaf in tables.leaves}
    touched = {leaf_of[node] for node in taking.nodes}
    if not touched:
        touched = {max(tables.leaves, key=lambda leaf: len(waiting[leaf]))}
    if len(touched) == 1:
        only = waiting[min(touched)]
        if len(only) >= taking.missing - spare:
            _take_up_to(taking, only, len(only))
    while taking.missing and any(waiting.values()):
        for leaf in tables.leaves:
            _take_up_to(taking, waiting[leaf], 1)


def _take_up_to(taking: Taking, waiting: list[int], limit: int) -> None:
    taken = 0
    while taking.missing and waiting and taken < limit:
        taken += taking.take(waiting.pop(0))
