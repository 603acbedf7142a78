"""One request on a general named hierarchy with capacities: block / rack / host, slices per level.

Other schedulers (Kueue, for one) speak of any number of named levels, a level that must hold all
members, and slices whose size every domain of a level must hold a multiple of. Counting is all it
takes; the answer is the fewest domains used, coarse levels first, with proof.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from .search import search

LeafPath = tuple[str, ...]


@dataclass(frozen=True)
class HierarchyAnswer:
    """A placement of all members.

    Attributes
    ----------
    assignment
        Members per leaf.
    domains_used
        Domains with a member per level, coarse to fine; proven lexicographically minimal.
    """

    assignment: dict[LeafPath, int]
    domains_used: tuple[int, ...]


def place_in_hierarchy(
    slots: Mapping[LeafPath, int],
    count: int,
    *,
    required: int | None = None,
    slices: Sequence[tuple[int, int]] = (),
) -> HierarchyAnswer | None:
    """Place `count` members with as few domains as possible; None if it is impossible.

    Parameters
    ----------
    slots
        Free members per leaf; a leaf is its path of names, one for every level.
    count
        Members to place.
    required
        Level (0 the coarsest) of which one domain must hold all members.
    slices
        ``(level, size)``, coarse to fine: every domain of the level, and of the levels down to the
        next one listed, holds a multiple of `size`.

    Notes
    -----
    One integer per leaf, one boolean per domain; a solve per level. A preferred level needs no
    argument: fewest domains first is what preferring means.
    """
    if sum(max(free, 0) for free in slots.values()) < count:
        return None
    depth = len(next(iter(slots), ()))
    cp = cp_model.CpModel()
    members = {path: cp.new_int_var(0, max(free, 0), "") for path, free in slots.items()}
    cp.add(sum(members.values()) == count)
    levels: list[list[cp_model.IntVar]] = []
    for level in range(depth):
        inside: dict[LeafPath, list[cp_model.IntVar]] = defaultdict(list)
        for path, number in members.items():
            inside[path[: level + 1]].append(number)
        used = []
        for numbers in inside.values():
            total = cp_model.LinearExpr.sum(numbers)
            is_used = cp.new_bool_var("")
            cp.add(total <= count * is_used)
            used.append(is_used)
            size = _slice_size(slices, level, depth)
            if size > 1:
                cp.add(total == size * cp.new_int_var(0, count // size, ""))
        if required == level:
            cp.add(cp_model.LinearExpr.sum(used) <= 1)
        levels.append(used)
    domains: list[int] = []
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    for used in levels:
        fewest = cp_model.LinearExpr.sum(used)
        cp.minimize(fewest)
        if search(solver, cp) != cp_model.OPTIMAL:
            return None
        domains.append(round(solver.objective_value))
        cp.add(fewest <= domains[-1])
    assignment = {path: solver.value(number) for path, number in members.items()}
    return HierarchyAnswer(
        {path: number for path, number in assignment.items() if number}, tuple(domains)
    )


def _slice_size(slices: Sequence[tuple[int, int]], level: int, depth: int) -> int:
    """Slice size that binds at `level`: of the next listed level at or below it, 1 below all."""
    for at, size in slices:
        if level <= at < depth:
            return size
    return 1
