"""volcano-gradient: lowest tier first, there the hypernode that fills up most; by description.

Volcano's binpack score is ``(used + requested) / allocatable``; tiers are the units, then the
regions that the rules allow (peers.md C.6). Soft mode and eviction are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Region, Rule, room_in


class _Binpack(Rule):
    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        def score(unit: int) -> float:
            allocatable = max(sum(node >= 0 for node in attempt.view.units[unit]), 1)
            used = allocatable - attempt.view.free[unit].bit_count()
            return (used + min(size, attempt.room(unit))) / allocatable

        return sorted(units, key=lambda unit: -score(unit))

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        def score(region: Region) -> float:
            allocatable = sum(len(attempt.view.units[unit]) for unit in region)
            return (allocatable - room_in(attempt, region) + size) / max(allocatable, 1)

        return sorted(regions, key=lambda region: (len(region), -score(region)))


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_Binpack())


volcano_gradient = placer("volcano-gradient", _build, frozenset({"block", "tree"}))
