"""random: any unit that suffices, drawn with the seed of the options (FGD's `random`)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from ...models.plan import PlanOptions
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Anchor, Arc, Region, Rule

_T = TypeVar("_T")


class _RandomFit(Rule):
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def _shuffled(self, candidates: Sequence[_T]) -> list[_T]:
        return self._random.sample(candidates, len(candidates))

    def units(self, attempt: Attempt, units: Sequence[int], size: int) -> Sequence[int]:
        return self._shuffled(units)

    def regions(self, attempt: Attempt, regions: Sequence[Region], size: int) -> Sequence[Region]:
        return self._shuffled(regions)

    def arcs(self, attempt: Attempt, arcs: Sequence[Arc], size: int) -> Sequence[Arc]:
        return self._shuffled(arcs)

    def anchors(self, attempt: Attempt, anchors: Sequence[Anchor], size: int) -> Sequence[Anchor]:
        return self._shuffled(anchors)


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_RandomFit(options.seed))


random_fit = placer("random", _build)
