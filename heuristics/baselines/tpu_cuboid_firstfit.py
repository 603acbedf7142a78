"""tpu-cuboid-firstfit: the first free position of the shape, scanned in order (RFold `firstfit`).

RFold tries every permutation of the shape at every position with wrap; here only configured
placements and anchors are legal, which are scanned toruses first, then shapes, then positions
(peers.md C.14). Its folding and reconfiguration would leave the anchors and are not done.
"""

from __future__ import annotations

from ...models.plan import PlanOptions
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Rule


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(Rule())


tpu_cuboid_firstfit = placer("tpu-cuboid-firstfit", _build, frozenset({"torus3d"}))
