"""A general named hierarchy: by hand, and against the known optima of Kueue's table tests."""

from __future__ import annotations

import json
from pathlib import Path

from rackwright.models.formats.kueue_cases import read_kueue_cases
from rackwright.solver.hierarchy import place_in_hierarchy

SLOTS: dict[tuple[str, ...], int] = {("b1", "r1"): 3, ("b1", "r2"): 2, ("b2", "r1"): 4}


def test_one_domain_of_the_required_level_holds_all() -> None:
    answer = place_in_hierarchy(SLOTS, 5, required=0)
    assert answer is not None and answer.domains_used == (1, 2)
    assert set(answer.assignment) == {("b1", "r1"), ("b1", "r2")}
    assert place_in_hierarchy(SLOTS, 6, required=0) is None
    assert place_in_hierarchy(SLOTS, 5, required=1) is None


def test_fewest_domains_coarse_levels_first() -> None:
    answer = place_in_hierarchy(SLOTS, 4)
    assert answer is not None
    assert (answer.domains_used, answer.assignment) == ((1, 1), {("b2", "r1"): 4})


def test_slices_are_not_torn() -> None:
    answer = place_in_hierarchy(SLOTS, 6, slices=((1, 2),))
    assert answer is not None
    assert all(number % 2 == 0 for number in answer.assignment.values())
    assert place_in_hierarchy(SLOTS, 8, slices=((1, 4),)) is None


def test_kueue_feasibility_and_known_optima(shared_data: Path) -> None:
    path = shared_data / "cases" / "kueue_tas_cases.json"
    cases, refused = read_kueue_cases(path)
    exact = {
        case["id"]: case["verification"].get("exact") or []
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
    }
    compared = with_optimum = 0
    for case in cases:
        slots = dict(case.slots)
        for number, request in enumerate(case.requests):
            known = exact[case.case_id][number] if number < len(exact[case.case_id]) else None
            answer = place_in_hierarchy(
                slots, request.count, required=request.required, slices=request.slices
            )
            if known is not None:
                compared += 1
                assert (answer is not None) == known["exact_feasible"], (case.case_id, case.name)
                optimum = known.get("domains_used_optimal")
                if optimum is not None and answer is not None:
                    with_optimum += 1
                    assert list(answer.domains_used) == optimum, (case.case_id, case.name)
            # Earlier requests of a case stay at the assignment that the case expects.
            for leaf, taken in (request.expected or {}).items():
                slots[leaf] -= taken
    assert compared >= 74 and with_optimum >= 50
    assert refused
