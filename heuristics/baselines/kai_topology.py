"""kai-topology: the tightest domain of the lowest level, fullest leaves last; by description.

KAI orders the domains that fit by ``request / free``, tightest first, and prefers the sub-domains
with more free nodes inside the one it takes (peers.md C.7). Segments are its subgroups.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Region, Rule, room_in


class _Tightest(Rule):
    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        room = {unit: attempt.room(unit) for unit in units}
        if any(count >= size for count in room.values()):
            return sorted(units, key=lambda unit: (room[unit] < size, room[unit]))
        return sorted(units, key=lambda unit: -room[unit])

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return sorted(regions, key=lambda region: (len(region), room_in(attempt, region)))


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_Tightest())


kai_topology = placer("kai-topology", _build, frozenset({"block", "tree"}))
