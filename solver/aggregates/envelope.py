"""The largest convex function below a table."""

from __future__ import annotations

from itertools import pairwise

from .tables import Floats


def lower_envelope(values: Floats) -> list[tuple[float, float]]:
    """Lines whose maximum is the largest convex function below `values` at 0, 1, 2, ...

    Returns
    -------
    list of (slope, value at 0)

    Notes
    -----
    A. M. Andrew, Another efficient algorithm for convex hulls in two dimensions (1979); O(n).
    """
    corners: list[tuple[int, float]] = []
    for place, value in enumerate(values.tolist()):
        while len(corners) > 1 and _is_above(corners[-2], corners[-1], (place, value)):
            corners.pop()
        corners.append((place, value))
    lines = []
    for (first, low), (last, high) in pairwise(corners):
        slope = (high - low) / (last - first)
        lines.append((slope, low - slope * first))
    return lines or [(0.0, value) for _, value in corners]


def _is_above(one: tuple[int, float], middle: tuple[int, float], other: tuple[int, float]) -> bool:
    """Whether the middle point lies on or above the line through the others."""
    rise = (middle[1] - one[1]) * (other[0] - one[0])
    return rise >= (other[1] - one[1]) * (middle[0] - one[0])
