"""A trace as every loader yields it, and what the loaders share: opening, GPUs to trays."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from ...models.errors import InputError, Problem

MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class TraceJob:
    """One job of a trace; None means that the source does not tell.

    Attributes
    ----------
    job_id
        As in the source.
    submit_s, start_s
        Seconds; the epoch is the source's own until `rebased`.
    runtime_s
        Seconds that it ran; 0 occurs in the sources.
    num_nodes
        Nodes that it asked for, GPUs converted to trays (see `trays`).
    gpus
        GPUs as in the source, 0 on machines without.
    time_limit_s
        Requested limit.
    nodelist
        Names of the nodes it ran on, if recorded.
    """

    job_id: str
    submit_s: int
    runtime_s: int
    num_nodes: int
    gpus: int = 0
    start_s: int | None = None
    time_limit_s: int | None = None
    user: str = ""
    partition: str = ""
    power_w: int | None = None
    state: str = ""
    nodelist: tuple[str, ...] = ()


@dataclass(slots=True)
class LoadOptions:
    """How sizes are read.

    Attributes
    ----------
    gpus_per_tray
        GPUs of one node of the target: 4 on NVL72.
    procs_per_node
        SWF only: processors of a node; None takes MaxProcs / MaxNodes of the header, or 1.
    """

    gpus_per_tray: int = 4
    procs_per_node: int | None = None


def trays(gpus: int, nodes: int, gpus_per_tray: int) -> int:
    """Nodes of the target that a job needs.

    A job with GPUs gets ``ceil(gpus / gpus_per_tray)`` whole trays, whatever nodes it had in the
    source: all sources have 1, 2 or 8 GPUs to a node, so their node counts mean nothing on NVL72.
    Jobs without GPUs keep their nodes. Nothing is cut or scaled: a job above 18 trays stays one
    job and has to cross base blocks.
    """
    return -(-gpus // gpus_per_tray) if gpus > 0 else nodes


@dataclass(slots=True)
class Rows:
    """Counts rows and collects what is wrong with them, at most `MAX_PROBLEMS` of it.

    Attributes
    ----------
    source
        The file's name.
    read, skipped
        Rows that became jobs, and rows left out by reason.
    """

    source: str
    read: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """A row that is no job to replay, which is normal in that source."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def error(self, line: int, found: str, wanted: str) -> None:
        """A row that cannot be understood; too many of them end the reading."""
        self.problems.append(Problem(self.source, f"line {line}", found, wanted))
        if len(self.problems) >= MAX_PROBLEMS:
            self.finish()

    def finish(self) -> None:
        """Raise what was collected."""
        if self.problems:
            raise InputError(self.problems)


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """A text file, gunzipped on the fly when its first bytes say so.

    Raises
    ------
    InputError
        If it cannot be opened, or is cut off or not UTF-8.
    """
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            binary = gzip.open(raw) if is_gzip else raw
            with io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
                yield text
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError([Problem(str(path), "", reason, "a readable trace")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(str(path), "", "not UTF-8 text", "a trace")]) from error


def csv_rows(
    text: TextIO, source: str, required: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a CSV with a header.

    Raises
    ------
    InputError
        If a required column is missing.
    """
    reader = csv.DictReader(text, restval="", restkey="")
    columns = [name.strip() for name in reader.fieldnames or ()]
    missing = [name for name in required if name not in columns]
    if missing:
        found = f"no column {', '.join(missing)}" if columns else "empty file"
        raise InputError([Problem(source, "header", found, ", ".join(required))])
    reader.fieldnames = columns
    for row in reader:
        yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}


def whole(text: str) -> int | None:
    """An integer, also when written as ``8.0``; None for a blank or nan."""
    if text in ("", "nan", "NaN", "None", "null"):
        return None
    value = float(text)
    if value != int(value):
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def instant(text: str) -> int | None:
    """Seconds since the epoch of ``2023-05-17 11:00:58[+00:00]``; UTC without a zone."""
    if text in ("", "nan", "NaN", "None", "null"):
        return None
    form = text.replace("/", "-") if "/" in text else text
    try:
        moment = datetime.fromisoformat(form)
    except ValueError:
        # Lingjun writes 2023/7/15 2:19, without padding.
        moment = datetime.strptime(form, "%Y-%m-%d %H:%M")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
