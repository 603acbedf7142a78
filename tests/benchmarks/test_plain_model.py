"""The yardstick measures the same thing: its optimum equals the exact engine's first term."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plain_model import Limits, is_plain, solve_plain

from rackwright.datasets.colossus import colossus
from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver import optimal

LIMITS = Limits(seconds=20)


@pytest.mark.parametrize("objective", [Objective.WEIGHTED, Objective.THROUGHPUT, Objective.JOBS])
@pytest.mark.parametrize("seed", range(4))
def test_same_optimum_as_the_exact_engine(objective: Objective, seed: int) -> None:
    instance = colossus(num_blocks=4, num_jobs=8, seed=seed, occupied=0.5, down=0.05)
    exact = optimal(instance, PlanOptions(objective=objective))
    plain = solve_plain(instance, objective, LIMITS)
    assert exact.objective[0].proven
    assert plain.proven
    assert plain.value == exact.objective[0].value


def test_a_hint_changes_nothing_about_the_optimum() -> None:
    instance = colossus(num_blocks=4, num_jobs=8, seed=5)
    exact = optimal(instance, PlanOptions(objective=Objective.WEIGHTED))
    plain = solve_plain(instance, Objective.WEIGHTED, LIMITS, hint=exact.plan)
    assert plain.proven
    assert plain.incumbents[0][1] == plain.value == exact.objective[0].value


def test_what_it_cannot_express_is_refused() -> None:
    with_options = colossus(num_blocks=8, num_jobs=20, mix="all")
    assert not is_plain(with_options)
    with pytest.raises(ValueError, match="no options"):
        solve_plain(with_options, Objective.WEIGHTED, LIMITS)
    assert not is_plain(colossus(num_blocks=8, num_jobs=20, power=True))
    plain = colossus(num_blocks=8, num_jobs=20)
    assert is_plain(plain)
    assert not is_plain(replace(plain, blocked=frozenset({0})))
    with pytest.raises(ValueError, match="lexicographic"):
        solve_plain(plain, Objective.PRIORITY, LIMITS)
