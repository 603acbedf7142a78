"""Audit of a recorded schedule: was it legal, what did it waste, what was possible."""

from __future__ import annotations

from .findings import Finding, Kind, Severity
from .history import Allocation, Era, History, Wait, build_history
from .legality import legality_findings

__all__ = [
    "Allocation",
    "Era",
    "Finding",
    "History",
    "Kind",
    "Severity",
    "Wait",
    "build_history",
    "legality_findings",
]
