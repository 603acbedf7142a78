"""Hand-made instances: every legality rule alone, once kept and once broken."""

from __future__ import annotations

from .block import CASES as _BLOCK
from .case import Case
from .exclusive import CASES as _EXCLUSIVE
from .geometry import CASES as _GEOMETRY
from .request import CASES as _REQUEST
from .resources import CASES as _RESOURCES

CASES: tuple[Case, ...] = (*_REQUEST, *_BLOCK, *_EXCLUSIVE, *_GEOMETRY, *_RESOURCES)

__all__ = ["CASES", "Case"]
