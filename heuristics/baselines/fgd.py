"""fgd: the unit whose fragmentation grows least (Weng et al., ATC'23), for segments.

FGD's task types are the unit sizes of the queue with their frequencies; a block's fragmentation
for size s is ``count mod s``, or all of its count when that is below s (peers.md C.15).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...models.instance import Instance
from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Arc, Region, Rule, room_in


class _Fgd(Rule):
    def __init__(self, sizes: Counter[int]) -> None:
        self._sizes = sorted(sizes.items())

    def _fragmentation(self, count: int) -> int:
        return sum(weight * (count % size) for size, weight in self._sizes)

    def _growth(self, count: int, size: int) -> int:
        return self._fragmentation(count - min(size, count)) - self._fragmentation(count)

    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        return sorted(units, key=lambda unit: self._growth(attempt.room(unit), size))

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return sorted(regions, key=lambda region: self._growth(room_in(attempt, region), size))

    def arcs(self, attempt: Attempt, arcs: Sequence[Arc], size: int) -> Sequence[Arc]:
        return sorted(arcs, key=lambda arc: self._growth(arc.length, size))


def _unit_sizes(instance: Instance) -> Counter[int]:
    sizes: Counter[int] = Counter()
    for job in instance.jobs:
        units = instance.units(job, instance.partitions_of(job)[0])
        sizes[units.size] += units.count
    return sizes


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_Fgd(_unit_sizes(state.instance)))


fgd = placer("fgd", _build, frozenset({"block", "ring", "tree", "flat"}))
