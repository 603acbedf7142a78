"""worst-fit: always the emptiest unit, as load-balancing schedulers do."""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Anchor, Arc, Region, Rule, room_in


class _WorstFit(Rule):
    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        return sorted(units, key=lambda unit: -attempt.room(unit))

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return sorted(regions, key=lambda region: -room_in(attempt, region))

    def arcs(self, attempt: Attempt, arcs: Sequence[Arc], size: int) -> Sequence[Arc]:
        return sorted(arcs, key=lambda arc: -arc.length)

    def anchors(self, attempt: Attempt, anchors: Sequence[Anchor], size: int) -> Sequence[Anchor]:
        return sorted(anchors, key=lambda anchor: -attempt.room(anchor.torus))


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_WorstFit())


worst_fit = placer("worst-fit", _build)
