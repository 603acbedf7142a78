"""best-fit: the fullest unit that still suffices, else the emptiest first (AccaSim BF)."""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Arc, Region, Rule, room_in


class _BestFit(Rule):
    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        room = {unit: attempt.room(unit) for unit in units}
        fitting = sorted((unit for unit in units if room[unit] >= size), key=room.__getitem__)
        short = sorted((unit for unit in units if room[unit] < size), key=lambda u: -room[u])
        return fitting + short

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return sorted(regions, key=lambda region: room_in(attempt, region))

    def arcs(self, attempt: Attempt, arcs: Sequence[Arc], size: int) -> Sequence[Arc]:
        return sorted(arcs, key=lambda arc: arc.length)


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_BestFit())


best_fit = placer("best-fit", _build)
