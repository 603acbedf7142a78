"""topology/tree: below one common switch, leaf after leaf (slurm_semantics 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

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
from .tree_tables import Taking, TreeTables, insufficient


def select_tree(
    tables: TreeTables, pool: Pool, request: Request, weights: Counts
) -> Segments | Refusal:
    """One attempt, with the target lowered while ``--switches`` is exceeded."""
    top = _top_switch(tables, pool, request, weights)
    if isinstance(top, Refusal):
        return top
    inside = np.zeros_like(pool)
    inside[tables.members[top]] = True
    inside &= pool
    target = request.target
    while True:
        outcome = _select_below(tables, inside, request, weights, target)
        if isinstance(outcome, Refusal) or request.max_leaves is None:
            return outcome
        leaf_of = tables.topology.leaf_of
        if len({leaf_of[node] for node in outcome[0]}) <= request.max_leaves:
            return outcome
        if target <= request.min_nodes:
            return Refusal(Code.GENERIC, "3.4 more leaf switches than --switches", Action.STOP)
        target -= 1


def _top_switch(
    tables: TreeTables, pool: Pool, request: Request, weights: Counts
) -> int | Refusal:
    """Highest switch with enough nodes; ties: lightest node present, then last index."""
    if request.required:
        return top_with_required(tables, request)
    best: tuple[int, int, int] | None = None
    for switch, members in enumerate(tables.members):
        nodes = members[pool[members]]
        if len(nodes) >= request.min_nodes:
            key = (tables.levels[switch], -int(weights[nodes].min()), switch)
            best = key if best is None else max(best, key)
    if best is None:
        return Refusal(
            Code.INSUFFICIENT_IN_UNIT, "3.4 no switch with enough nodes", Action.DEFAULT
        )
    return best[2]


def top_with_required(tables: TreeTables, request: Request) -> int | Refusal:
    """First switch of the highest level that holds a required node; it must hold all."""
    required = frozenset(request.required)
    members = tables.topology.members
    overlapping = [
        switch for switch, nodes in enumerate(members) if not required.isdisjoint(nodes)
    ]
    if overlapping:
        top = min(overlapping, key=lambda switch: (-tables.levels[switch], switch))
        if required <= members[top]:
            return top
    return Refusal(
        Code.TOPOLOGY_UNAVAILABLE, "3.4 required nodes under no common switch", Action.PERMANENT
    )


def _select_below(
    tables: TreeTables, inside: Pool, request: Request, weights: Counts, target: int
) -> Segments | Refusal:
    pool, forced = pool_by_weight(inside, weights, target, request.required)
    if np.count_nonzero(pool) < request.min_nodes:
        dropped = frozenset(np.flatnonzero(inside).tolist())
        return Refusal(Code.GENERIC, "3.4 too few under the top switch", Action.DROP_SET, dropped)
    taking = Taking(target, start_mode3(request))
    for node in request.required:
        if not taking.take(node):
            return Refusal(
                Code.REQUIRED_LACK_RESOURCES, "5.4 required node over a layer", Action.DEFAULT
            )
    for node in forced:
        if taking.missing:
            taking.take(node)
    _fill_leaves(tables, pool, [*request.required, *forced], taking)
    if len(taking.nodes) >= request.min_nodes:
        return (tuple(sorted(taking.nodes)),)
    return insufficient(request, taking.nodes, "3.4 too few nodes below the top switch")


def _fill_leaves(tables: TreeTables, pool: Pool, fixed: Sequence[int], taking: Taking) -> None:
    """First the leaves of the nodes in `fixed`, then leaf after leaf by distance and fit."""
    counts = [int(np.count_nonzero(pool[members])) for members in tables.members]
    left = pool.copy()
    left[list(fixed)] = False
    members, listed = tables.topology.members, frozenset(fixed)
    required = [switch for switch, nodes in enumerate(members) if not nodes.isdisjoint(listed)]
    taken = 0
    for leaf in required:
        if tables.levels[leaf]:
            continue
        # Slurm never sets this number back: each leaf takes what the ones before took, too,
        # out of the counts above it.
        taken += _take_leaf(tables, leaf, left, taking)
        _lower_counts(tables, leaf, counts, taken)
    # The distances from the switches above required nodes count as much as from their leaves.
    distances = dict.fromkeys(tables.leaves, 0)
    for switch in required:
        _add_distances(tables, distances, switch)
    while taking.missing:
        open_leaves = [leaf for leaf in tables.leaves if counts[leaf] and leaf not in required]
        if not open_leaves:
            return
        best = _best_leaf(tables, open_leaves, counts, distances, taking.missing)
        _take_leaf(tables, best, left, taking)
        _lower_counts(tables, best, counts, counts[best])
        _add_distances(tables, distances, best)


def _add_distances(tables: TreeTables, distances: dict[int, int], used: int) -> None:
    for leaf in distances:
        distances[leaf] += tables.distance(used, leaf)


def _lower_counts(tables: TreeTables, leaf: int, counts: list[int], taken: int) -> None:
    for switch in tables.ancestors[leaf]:
        counts[switch] = max(counts[switch] - taken, 0)


def _take_leaf(tables: TreeTables, leaf: int, left: Pool, taking: Taking) -> int:
    """Take a leaf's nodes by index; how many were taken."""
    before = len(taking.nodes)
    members = tables.members[leaf]
    for node in members[left[members]].tolist():
        if not taking.missing:
            break
        if taking.take(node):
            left[node] = False
    return len(taking.nodes) - before


def _best_leaf(
    tables: TreeTables,
    leaves: list[int],
    counts: list[int],
    distances: dict[int, int],
    missing: int,
) -> int:
    best = leaves[0]
    for leaf in leaves[1:]:
        order, fits = _compare(tables, leaf, best, counts, missing)
        is_nearer = distances[leaf] < distances[best] and fits
        if is_nearer or (distances[leaf] == distances[best] and order > 0):
            best = leaf
    return best


def _compare(
    tables: TreeTables, one: int, other: int, counts: list[int], missing: int
) -> tuple[int, bool]:
    """Which of two leaves to prefer (positive: `one`), and whether `one` fits where that was seen.

    Climbs from both in parallel until either fits the rest or the parents coincide.
    """
    while True:
        one_fits, other_fits = counts[one] >= missing, counts[other] >= missing
        if one_fits and other_fits:
            if counts[one] != counts[other]:
                return (1 if counts[one] < counts[other] else -1), True
            break
        if one_fits or other_fits:
            return (1 if one_fits else -1), one_fits
        if tables.parents[one] == tables.parents[other]:
            break
        one, other = tables.parents[one], tables.parents[other]
    if counts[one] != counts[other]:
        return (1 if counts[one] > counts[other] else -1), one_fits
    return tables.levels[other] - tables.levels[one], one_fits
