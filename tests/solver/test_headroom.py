"""States of nodes and headroom: what a bin may still take."""

from __future__ import annotations

from itertools import product

import pytest

from rackwright.solver.headroom import UNCAPPED, Item, State, cap_of, reachable


def packings(state: State, items: list[Item]) -> set[tuple[int, ...]]:
    """Every number of each item that fits a bin in the state, by trying them all."""
    nodes, headroom = state
    most = [range(nodes // size + 1) for size, _ in items]
    return {
        counts
        for counts in product(*most)
        if sum(n * size for n, (size, _) in zip(counts, items, strict=True)) <= nodes
        and sum(n * size * q for n, (size, q) in zip(counts, items, strict=True)) <= headroom
    }


@pytest.mark.parametrize(
    "items", [[(1, 5), (2, 6), (3, 7)], [(2, 4), (3, 4)], [(2, 0), (1, 3)], [(4, 6), (3, 9)]]
)
def test_rounding_a_headroom_loses_no_packing(items: list[Item]) -> None:
    cap = cap_of(0, items, 7)
    units = [(size, charge // cap.unit) for size, charge in items]
    for nodes, headroom in product(range(1, 8), range(70)):
        state = cap.state(nodes, headroom // cap.unit)
        assert packings(state, units) == packings((nodes, headroom), items)
        for item, unit in zip(items, units, strict=True):
            size, charge = item
            fitting = min(nodes // size, headroom // (size * charge) if charge else nodes)
            assert cap.most(state, unit) == fitting


def test_headroom_to_spare_is_one_state() -> None:
    cap = cap_of(0, [(2, 4), (1, 6)], 5)
    assert cap.unit == 2
    assert cap.state(5, 15) == cap.state(5, 10**9) == (5, 15)
    # Four nodes charged 3 and one charged 2 would need half a unit of two nodes.
    assert cap.state(5, 14) == (5, 13)
    # Two nodes are charged at most 3 each.
    assert cap.after((5, 15), (3, 2)) == (2, 6)
    assert cap.after((5, 15), (6, 1)) is None
    assert cap.after((5, 3), (2, 2)) is None


def test_only_states_that_sources_lead_to_exist() -> None:
    cap = cap_of(0, [(2, 1), (2, 2)], 4)
    assert reachable(cap, [(4, 4)], [(2, 1), (2, 2)]) == [(0, 0), (2, 0), (2, 2), (4, 4)]
    assert reachable(cap, [(4, 4)], [(2, 1), (2, 2)], most_arcs=1) is None


def test_without_a_cap_states_are_free_counts() -> None:
    assert reachable(UNCAPPED, [(5, 0)], [(2, 0), (3, 0)]) == [
        (0, 0), (1, 0), (2, 0), (3, 0), (5, 0),
    ]  # fmt: skip
