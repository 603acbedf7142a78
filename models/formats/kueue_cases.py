"""Kueue's table tests, converted to counts: leaves with free slots, requests, expected answers.

The file is described in its own ``schema``; a case that is more than counting is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UnsupportedError

LeafPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountingRequest:
    """One pod set in counts; levels are indices, 0 the coarsest.

    Attributes
    ----------
    count
        Pods.
    required, preferred
        Level that must, or should, hold them in one domain.
    slices
        ``(level, size)``, coarse to fine.
    algorithm
        ``best_fit``, ``least_free_capacity`` or ``balanced``: what Kueue used.
    expected
        Pods per leaf; None where Kueue finds no assignment.
    """

    count: int
    required: int | None
    preferred: int | None
    slices: tuple[tuple[int, int], ...]
    algorithm: str
    expected: dict[LeafPath, int] | None


@dataclass(frozen=True, slots=True)
class CountingCase:
    """A case that only needs counting.

    Attributes
    ----------
    case_id, name
        As in the file.
    depth
        Number of levels.
    slots
        Free slots per leaf before the first request.
    requests
        In order; each uses up slots for the next.
    """

    case_id: str
    name: str
    depth: int
    slots: dict[LeafPath, int]
    requests: tuple[CountingRequest, ...]


def read_kueue_cases(path: Path) -> tuple[list[CountingCase], dict[str, str]]:
    """All convertible cases, and for the others why not, by id."""
    cases: list[CountingCase] = []
    refused: dict[str, str] = {}
    for raw in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        try:
            cases.append(counting_case(raw))
        except UnsupportedError as error:
            refused[raw["id"]] = str(error)
    return cases, refused


def counting_case(raw: Mapping[str, Any]) -> CountingCase:
    """Convert one case.

    Raises
    ------
    UnsupportedError
        Naming what makes it more than counting: replacement, resize, leader groups, node
        affinity, requests of different pods on shared leaves.
    """
    requests = raw["requests"]
    if raw["kind"] in ("replacement", "resize"):
        raise UnsupportedError(f"{raw['kind']} of a placed job")
    if any(request["colocate_group"] for request in requests):
        raise UnsupportedError("leader and workers in one group")
    if any(request.get("node_affinity") for request in requests):
        raise UnsupportedError("preferred node affinity")
    if len(requests) > 1 and any(_needs(request) != _needs(requests[0]) for request in requests):
        raise UnsupportedError("requests of different pods")
    levels = raw["topology"]["levels"]
    return CountingCase(
        case_id=raw["id"],
        name=raw["name"],
        depth=len(levels),
        slots=_slots(raw),
        requests=tuple(_request(request, levels) for request in requests),
    )


def _needs(request: Mapping[str, Any]) -> tuple[object, object, object]:
    return request["per_member"], request.get("node_selector"), request.get("tolerations")


def _slots(raw: Mapping[str, Any]) -> dict[LeafPath, int]:
    """Pods of the (one kind of) request that fit each leaf; the file's own count where given."""
    if raw.get("slot_view"):
        leaves = raw["slot_view"]["leaf_slots"]
        return {tuple(leaf["path"]): int(leaf["slots"]) for leaf in leaves}
    first = raw["requests"][0]
    if any(_needs(first)[1:]):
        raise UnsupportedError("node filters without a slot view")
    needs = {"pods": 1, **first["per_member"]}
    return {
        tuple(leaf["path"]): max(
            0, min(leaf["free"].get(name, 0) // need for name, need in needs.items() if need)
        )
        for leaf in raw["topology"]["leaf_domains"]
    }


def _request(raw: Mapping[str, Any], levels: list[str]) -> CountingRequest:
    def level(name: str | None) -> int | None:
        if name is None:
            return None
        if name not in levels:
            raise UnsupportedError(f"unknown level {name}")
        return levels.index(name)

    slices = []
    for layer in raw["slices"]:
        at = level(layer["level"])
        if at is not None:
            slices.append((at, int(layer["size"])))
    expected = raw["expected"]
    return CountingRequest(
        count=int(raw["count"]),
        required=level(raw["required_level"]),
        preferred=level(raw["preferred_level"]),
        slices=tuple(slices),
        algorithm=raw["algorithm"],
        expected=(
            {tuple(at["path"]): int(at["count"]) for at in expected["assignment"]}
            if expected["feasible"]
            else None
        ),
    )
