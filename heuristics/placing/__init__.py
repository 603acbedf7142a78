"""Placing one job on what a `State` has free, by the rules of its topology's kind."""

from __future__ import annotations

from .dispatch import place_job
from .lookahead import Lookahead, lookahead_for, nominal_size

__all__ = ["Lookahead", "lookahead_for", "nominal_size", "place_job"]
