"""The choices of ``rackwright replay`` as words, apart from the simulation for a quick --help."""

from __future__ import annotations

from enum import StrEnum


class AdmissionChoice(StrEnum):
    """Who may start before a higher job that has to wait."""

    JOINT = "joint"
    STRICT = "strict"
    EASY = "easy"
    CONSERVATIVE = "conservative"


class RequeueChoice(StrEnum):
    """What becomes of a job whose node fails."""

    EXPEDITE = "expedite"
    NORMAL = "normal"
    FAIL = "fail"


class Backend(StrEnum):
    """Where the cells run."""

    LOKY = "loky"
    DASK = "dask"


class TraceFormat(StrEnum):
    """Formats of traces."""

    CSV = "csv"
    SWF = "swf"
    LINGJUN = "lingjun"
    HELIOS = "helios"
    PHILLY = "philly"
    ACME = "acme"
    OPENB = "openb"
