"""The optimum by CP-SAT, with value, bound and proof per term."""

from __future__ import annotations

from .hierarchy import HierarchyAnswer, place_in_hierarchy
from .solve import optimal

__all__ = ["HierarchyAnswer", "optimal", "place_in_hierarchy"]
