"""Kueue's own table tests, and the shape of the answers where they have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright.heuristics.baselines.kueue_assign import Request, assign
from rackwright.heuristics.baselines.kueue_tree import Path as LeafPath
from rackwright.models.errors import UnsupportedError
from rackwright.models.formats.kueue_cases import counting_case, read_kueue_cases

TWO_RACKS: dict[LeafPath, int] = {("b", "r1", "h1"): 2, ("b", "r1", "h2"): 1, ("b", "r2", "h1"): 4}


def test_every_convertible_case_gives_the_expected_assignment(shared_data: Path) -> None:
    cases, refused = read_kueue_cases(shared_data / "cases" / "kueue_tas_cases.json")
    compared = 0
    for case in cases:
        slots: dict[LeafPath, int] = {(*leaf,): count for leaf, count in case.slots.items()}
        for request in case.requests:
            found = assign(
                slots,
                Request(request.count, request.required, request.preferred, request.slices),
                least_free=request.algorithm == "least_free_capacity",
                balanced=request.algorithm == "balanced",
            )
            assert found == request.expected, (case.case_id, case.name)
            for leaf, count in (found or {}).items():
                slots[leaf] -= count
            compared += 1
    assert compared >= 74
    assert len(cases) + len(refused) == 111
    assert all(refused.values())


def test_required_level_takes_the_tightest_domain() -> None:
    assert assign(TWO_RACKS, Request(3, required=1)) == {
        ("b", "r1", "h1"): 2,
        ("b", "r1", "h2"): 1,
    }
    assert assign(TWO_RACKS, Request(5, required=1)) is None


def test_preferred_level_goes_up_when_nothing_fits() -> None:
    found = assign(TWO_RACKS, Request(6, preferred=1))
    assert found is not None
    assert sum(found.values()) == 6


def test_slices_are_not_torn() -> None:
    found = assign(TWO_RACKS, Request(4, slices=((2, 2),)))
    assert found is not None
    assert all(count % 2 == 0 for count in found.values())


@pytest.mark.parametrize(
    "request_", [Request(5, slices=((2, 2),)), Request(4, required=2, slices=((1, 2),))]
)
def test_senseless_requests_are_refused(request_: Request) -> None:
    assert assign(TWO_RACKS, request_) is None


def test_what_is_more_than_counting_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="resize"):
        counting_case({"kind": "resize", "requests": []})
