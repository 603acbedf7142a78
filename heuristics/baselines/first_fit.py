"""first-fit: free nodes in index order (RAPS `raps/resmgr/default.py`, AccaSim FF)."""

from __future__ import annotations

from ...models.plan import PlanOptions
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Rule


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(Rule())


first_fit = placer("first-fit", _build)
