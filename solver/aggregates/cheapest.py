"""The cheapest way to take so many nodes of few aggregates."""

from __future__ import annotations

import numpy as np

from .tables import Floats

# Deterministic seconds per way to give nodes, aggregate and number of aggregates.
WORK = 2e-9


def work_of(costs: Floats, size: int, most: int | None) -> float:
    """Deterministic seconds of `cheapest`."""
    num, width = costs.shape
    between = max(0, (num if most is None else most) - 2)
    return float(num * (width + size) + between * num * size * width) * WORK


def cheapest(costs: Floats, size: int, most: int | None) -> tuple[float, dict[int, int]] | None:
    """The cheapest way to take `size` nodes of at most `most` aggregates; None if there is none.

    Parameters
    ----------
    costs
        Per aggregate and nodes taken of it; infinite where that is not possible. None is free.

    Returns
    -------
    float, dict
        What it costs, and nodes per aggregate.

    Notes
    -----
    A knapsack over aggregates: O(n m s) for n aggregates with m nodes and s nodes in all, for
    each number of aggregates but the first and the last, which take O(n s) and O(n m).
    """
    num, width = costs.shape
    most = num if most is None else min(most, num)
    if not most:
        return None
    # Per number of aggregates and nodes the least cost so far; what the last one of them gives.
    best = np.full((most + 1, size + 1), np.inf)
    best[0, 0] = 0
    given = np.zeros((num, most + 1, size + 1), dtype=np.int64)
    width = min(width, size + 1)
    for index in range(num):
        own = costs[index, :width]
        for count in range(min(most, index + 1), 0, -1):
            below = best[count - 1]
            if count == most and most > 1:
                # The last one must end at `size`.
                offers = own + below[size - width + 1 : size + 1][::-1]
                nodes = int(offers.argmin())
                if offers[nodes] < best[count, size]:
                    best[count, size], given[index, count, size] = offers[nodes], nodes
            elif count == 1:
                is_better = own < best[1, :width]
                best[1, :width][is_better] = own[is_better]
                given[index, 1, :width][is_better] = np.arange(width)[is_better]
            else:
                padded = np.concatenate([np.full(width - 1, np.inf), below])
                windows = np.lib.stride_tricks.sliding_window_view(padded, width)[:, ::-1]
                offers = windows + own
                nodes_of = offers.argmin(axis=1)
                found = offers[np.arange(size + 1), nodes_of]
                is_better = found < best[count]
                best[count][is_better] = found[is_better]
                given[index, count][is_better] = nodes_of[is_better]
    count = int(best[:, size].argmin())
    if not np.isfinite(best[count, size]):
        return None
    taken: dict[int, int] = {}
    left, number = size, count
    for index in range(num - 1, -1, -1):
        if number and given[index, number, left]:
            nodes = int(given[index, number, left])
            taken[index] = nodes
            left, number = left - nodes, number - 1
    return float(best[count, size]), taken
