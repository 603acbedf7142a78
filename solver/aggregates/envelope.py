"""The largest convex function below a table."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .tables import Floats

# Tables whose envelopes are kept: searches with the same cuts ask again.
MOST_KEPT = 1_000


def lower_envelope(values: Floats) -> Floats:
    """The largest convex function below `values` at 0, 1, 2, ...

    Notes
    -----
    A. M. Andrew, Another efficient algorithm for convex hulls in two dimensions (1979); O(n).
    """
    return _envelope(values.tobytes())


@lru_cache(MOST_KEPT)
def _envelope(table: bytes) -> Floats:
    values = np.frombuffer(table)
    corners: list[tuple[int, float]] = []
    for place, value in enumerate(values.tolist()):
        while len(corners) > 1 and _is_above(corners[-2], corners[-1], (place, value)):
            corners.pop()
        corners.append((place, value))
    places, heights = zip(*corners, strict=True)
    found: Floats = np.interp(np.arange(len(values)), places, heights)
    return found


def _is_above(one: tuple[int, float], middle: tuple[int, float], other: tuple[int, float]) -> bool:
    """Whether the middle point lies on or above the line through the others."""
    rise = (middle[1] - one[1]) * (other[0] - one[0])
    return rise >= (other[1] - one[1]) * (middle[0] - one[0])
