"""Idle nodes that are sold: the bound at any prices against every way to sell them."""

from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest

from rackwright.solver.aggregates.idle import Idle
from rackwright.solver.aggregates.idle_rows import IdleRows
from rackwright.solver.aggregates.simplex import linear_program, solved

NUM_SLOTS = 4
NUM_BLOCKS = 3


def idle(rng: np.random.Generator) -> Idle:
    mix = tuple((size, int(rng.integers(1, 5))) for size in (1, 2, 3))
    worth = tuple(
        sum(weight * size * (nodes // size) for size, weight in mix)
        for nodes in range(1, NUM_SLOTS + 1)
    )
    most = ((4, int(rng.integers(0, 3))),) if rng.random() < 0.5 else ()
    return Idle(tuple(range(NUM_SLOTS)), worth, most, mix)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_sold_for_more_than_the_bound_at_any_prices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sold = idle(rng)
    solver = linear_program()
    solver.Objective().SetMaximization()
    offered = rng.integers(0, NUM_BLOCKS + 1, NUM_SLOTS)
    slots = [solver.Constraint(-solver.infinity(), float(number)) for number in offered]
    rows = IdleRows(solver, sold, slots, NUM_BLOCKS)
    ways = list(product(*(range(number + 1) for number in offered)))
    ranges: dict[int, tuple[float, float]] = {}
    for _ in range(4):
        rows.limit(ranges)
        best = max(
            (
                sum(worth * number for worth, number in zip(sold.worth, way, strict=True))
                for way in ways
                if all(
                    ranges.get(size, (0, inf))[0]
                    <= units(way, size)
                    <= min(most, ranges.get(size, (0, inf))[1])
                    for size, most in sold.limits
                )
            ),
            default=-inf,
        )
        for _ in range(20):
            of_slots = rng.uniform(0, 10, NUM_SLOTS)
            of_sizes = rng.uniform(-10, 10, len(sold.limits))
            assert offered @ of_slots + rows.bound(of_slots, of_sizes) >= best - 1e-9
        if not solved(solver):
            assert best == -inf
            break
        # At the prices of an optimum, the bound is the optimum.
        of_slots = np.array([row.dual_value() for row in slots])
        bound = offered @ of_slots + rows.bound(of_slots, rows.prices)
        assert bound == pytest.approx(solver.Objective().Value())
        assert rows.worth == pytest.approx(bound)
        size = int(rng.choice([size for size, _ in sold.limits]))
        number = int(rows.fits[size])
        ranges[size] = (0, number) if rng.random() < 0.5 else (number + 1, inf)


def units(way: tuple[int, ...], size: int) -> int:
    return sum(number * (nodes // size) for nodes, number in enumerate(way, 1))
