"""Statistics of the benchmark by hand-computed examples and known distributions."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from rackwright.heuristics.bench_statistics import (
    bootstrap_interval,
    performance_profile,
    quantile,
    relative_gap,
    sign_test,
)


def test_gaps() -> None:
    assert relative_gap(80, 100) == pytest.approx(0.2)
    assert relative_gap(0, 0) == 0
    assert relative_gap(100, 100) == 0
    assert relative_gap(110, 100) == pytest.approx(-0.1)


def test_quantiles_are_nearest_ranks() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [quantile(values, share) for share in (0, 0.2, 0.21, 0.5, 0.95, 1)] == [
        1,
        1,
        2,
        3,
        5,
        5,
    ]
    assert quantile(list(range(1, 101)), 0.95) == 95
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    random = Random(1)
    covered = 0
    for trial in range(100):
        sample = [random.expovariate(1.0) for _ in range(60)]
        low, high = bootstrap_interval(sample, statistic=fmean, seed=trial)
        covered += low <= 1.0 <= high
    assert 86 <= covered <= 99


def test_bootstrap_is_deterministic_and_narrow_for_equal_values() -> None:
    assert bootstrap_interval([1.0, 2.0, 5.0]) == bootstrap_interval([1.0, 2.0, 5.0])
    assert bootstrap_interval([3.0] * 9) == (3.0, 3.0)
    assert bootstrap_interval([4.0]) == (4.0, 4.0)


def test_profiles_are_cumulative() -> None:
    profiles = performance_profile({"a": [0.0, 0.0, 0.1, 0.3], "b": [0.0] * 4})
    assert profiles["a"] == [(0.0, 0.5), (0.1, 0.75), (0.3, 1.0)]
    assert profiles["b"] == [(0.0, 1.0)]


def test_sign_test_by_hand() -> None:
    assert sign_test([0, 0, 0, 0, 0], [1, 1, 1, 1, 1]) == (5, 0, 2 / 32)
    assert sign_test([0, 1, 2], [0, 1, 2]) == (0, 0, 1.0)
    wins, losses, p_value = sign_test([0] * 9 + [1], [1] * 9 + [0])
    assert (wins, losses) == (9, 1)
    assert p_value == pytest.approx(2 * 11 / 1024)
