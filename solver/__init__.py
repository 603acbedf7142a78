"""The optimum by CP-SAT, with value, bound and proof per term."""

from __future__ import annotations

from .solve import optimal

__all__ = ["optimal"]
