"""What is free while a plan is built: views of the topologies, indexes, resources."""

from __future__ import annotations

from .counts import CountIndex, RegionIndex
from .ledger import Ledger
from .request import NO_REQUEST, Request
from .state import Pieces, Started, State
from .view import View
from .worth import WorthIndex, runs

__all__ = [
    "NO_REQUEST",
    "CountIndex",
    "Ledger",
    "Pieces",
    "RegionIndex",
    "Request",
    "Started",
    "State",
    "View",
    "WorthIndex",
    "runs",
]
