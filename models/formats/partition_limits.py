"""``MaxTime`` of the partitions of slurm.conf: a longer job waits there for ever."""

from __future__ import annotations

from pathlib import Path

from ..errors import ProblemLog
from .config_lines import config_lines
from .text import read_text
from .times import parse_limit


def read_partition_limits(path: Path) -> dict[str, int]:
    """Longest time limit in seconds by partition; those without one are left out.

    What else is wrong with the file is told by whoever reads it for its nodes and partitions.
    """
    limits: dict[str, int] = {}
    default: str | None = None
    for line in config_lines(read_text(path), ProblemLog(str(path))):
        name = line.pairs.get("partitionname")
        if name is None:
            continue
        text = line.pairs.get("maxtime", default)
        if name.upper() == "DEFAULT":
            default = text
            continue
        try:
            limit = parse_limit(text) if text else None
        except ValueError:
            continue
        if limit is not None:
            limits[name] = limit
    return limits
