"""Statistics of a comparison: gaps, their quantiles and intervals, profiles and sign tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, comb
from random import Random
from statistics import median

BOOTSTRAP_ROUNDS = 2000


def relative_gap(value: int, best: int) -> float:
    """How far `value` stays below the largest possible value `best`, as a share of it.

    A value above `best` gives a negative gap; nothing to gain gives none.
    """
    return 0.0 if best == value else (best - value) / best if best else float(-value)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank).

    Raises
    ------
    ValueError
        Of no values.
    """
    if not values:
        raise ValueError("quantile of no values")
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered) - 1e-9) - 1)]


def bootstrap_interval(
    values: Sequence[float],
    *,
    statistic: Callable[[Sequence[float]], float] = median,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a statistic.

    Notes
    -----
    2,000 resamples from a seeded stream: the same values give the same interval.
    """
    if len(values) < 2:
        only = statistic(values)
        return only, only
    random = Random(f"bootstrap {seed}")
    estimates = [statistic(random.choices(values, k=len(values))) for _ in range(BOOTSTRAP_ROUNDS)]
    tail = (1 - confidence) / 2
    return quantile(estimates, tail), quantile(estimates, 1 - tail)


def performance_profile(
    gaps: Mapping[str, Sequence[float]],
) -> dict[str, list[tuple[float, float]]]:
    """Per engine, steps ``(gap, share of instances solved within it)`` (Dolan and Moré 2002).

    The usual ratio to the best engine is replaced by the gap to the optimum, which is known here.
    """
    profiles = {}
    for engine, values in gaps.items():
        ordered = sorted(values)
        steps = [(0.0, sum(value <= 0 for value in ordered) / len(ordered))] if ordered else []
        for index, value in enumerate(ordered, start=1):
            if value > 0:
                steps.append((value, index / len(ordered)))
        profiles[engine] = steps
    return profiles


def sign_test(first: Sequence[float], second: Sequence[float]) -> tuple[int, int, float]:
    """Wins of the first, wins of the second, and the two-sided p-value of an exact sign test.

    Parameters
    ----------
    first, second
        Paired gaps, lower is better; ties are left out.
    """
    wins = sum(a < b for a, b in zip(first, second, strict=True))
    losses = sum(a > b for a, b in zip(first, second, strict=True))
    count = wins + losses
    if count == 0:
        return 0, 0, 1.0
    tail = sum(comb(count, k) for k in range(min(wins, losses) + 1)) / 2**count
    return wins, losses, min(1.0, 2 * tail)
