"""hived-buddy: split the smallest free cell that suffices (HiveD, OSDI'20, buddy allocation).

Cells are aligned groups of base blocks (switches on a tree); a cell is free while none of its
candidates is taken. Units of a used cell come before any free cell is split (peers.md C.16).
HiveD's virtual clusters have no counterpart here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Region, Rule, room_in


class _Buddy(Rule):
    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        room = {unit: attempt.room(unit) for unit in units}

        def cost(unit: int) -> tuple[bool, int, int]:
            # Units that cannot hold the rest are taken whole, largest first.
            is_short = room[unit] < size
            return is_short, _free_cell(attempt, unit), -room[unit] if is_short else room[unit]

        return sorted(units, key=cost)

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return sorted(
            regions,
            key=lambda region: (
                _free_cell(attempt, region[0]) if _is_free(attempt, region) else 0,
                room_in(attempt, region),
            ),
        )


def _is_free(attempt: Attempt, units: Sequence[int]) -> bool:
    return not any(attempt.view.busy[unit] for unit in units)


def _free_cell(attempt: Attempt, unit: int) -> int:
    """Units of the largest free cell around `unit`, 0 if it hosts a job itself."""
    outside = attempt.view.outside
    size = 0
    span = 1
    while span <= 2 * outside:
        first = unit // span * span
        if not _is_free(attempt, range(first, min(first + span, outside))):
            break
        size = span
        span *= 2
    return size


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_Buddy())


hived_buddy = placer("hived-buddy", _build, frozenset({"block", "tree"}))
