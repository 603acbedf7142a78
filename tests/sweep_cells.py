"""Cells that other processes can import."""

from __future__ import annotations

import time
from typing import Any


def square(number: int) -> dict[str, Any]:
    """A row at once."""
    return {"cell": str(number), "value": number * number}


def slow_square(number: int) -> dict[str, Any]:
    """A row that takes a moment."""
    time.sleep(0.05)
    return square(number)
