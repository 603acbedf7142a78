"""What a check reports about a topology."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much a finding matters; larger is worse."""

    ADVICE = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing about a topology.

    Attributes
    ----------
    severity
        How much it matters.
    check
        Which check found it.
    place
        The topology, block or level it is about.
    message
        What was found, and what follows from it.
    """

    severity: Severity
    check: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity.name.lower()}: {self.place}: {self.message} [{self.check}]"


def span(first: int, last: int) -> str:
    """A range of sizes in words."""
    return str(last) if first >= last else f"{first} to {last}"
