"""Brute force = CP-SAT = rules, on thousands of tiny instances with all options and all terms."""

from __future__ import annotations

import random

import pytest
from oracle import best_score
from strategies import KINDS, random_instance, random_options

from rackwright.models.plan import Plan
from rackwright.models.rules import verify
from rackwright.solver import optimal, solve

# Lanes are merged into flows from one bin on, as in production, or never.
MERGE_THRESHOLDS = (1, 4, 1 << 30)


def compare(kind: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(f"{kind} {number}")
    instance, options = random_instance(rng, kind), random_options(rng)
    monkeypatch.setattr(solve, "MERGE_THRESHOLD", MERGE_THRESHOLDS[number % 3])
    result = optimal(instance, options)
    assert verify(instance, result.plan, options.legality) == ()
    found = tuple((term.term, term.value) for term in result.objective)
    assert found == tuple(best_score(instance, options)), f"{kind} {number}"
    assert result.status == "optimal", f"{kind} {number}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", range(4))
def test_equals_brute_force(kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(chunk * 60, (chunk + 1) * 60):
        compare(kind, number, monkeypatch)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", range(40))
def test_equals_brute_force_at_length(
    kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1000 + chunk * 100, 1100 + chunk * 100):
        compare(kind, number, monkeypatch)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hint_changes_nothing_about_the_optimum(kind: str) -> None:
    for number in range(25):
        rng = random.Random(f"hint {kind} {number}")
        instance, options = random_instance(rng, kind), random_options(rng)
        cold = optimal(instance, options)
        warm = optimal(instance, options, hint=cold.plan)
        empty = optimal(instance, options, hint=Plan())
        values = [term.value for term in cold.objective]
        assert [term.value for term in warm.objective] == values
        assert [term.value for term in empty.objective] == values


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_plan(kind: str) -> None:
    for number in range(10):
        rng = random.Random(f"seed {kind} {number}")
        instance, options = random_instance(rng, kind), random_options(rng)
        assert optimal(instance, options).plan == optimal(instance, options).plan
