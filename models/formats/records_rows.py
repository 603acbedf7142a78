"""Rows of ``sacct -P``: fields between bars, also where a free text holds bars or line ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .records import FileCount

# Columns in which a user's text may hold a bar; the most talkative first.
_FREE_TEXT = (
    "submitline",
    "comment",
    "jobname",
    "extra",
    "admincomment",
    "systemcomment",
    "workdir",
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*|\d{9,11}|Unknown|None|N/A|", re.ASCII)
_NUMBER = re.compile(r"\d*", re.ASCII)
_STATE = re.compile(r"([A-Z_]+( by .*|\+)?)?", re.ASCII)
_JOB_ID = re.compile(r"\d+([_+.\[].*)?", re.ASCII)
_NODELIST = re.compile(r"None assigned|[^|=\s]*", re.ASCII)

_SHAPES: dict[str, re.Pattern[str]] = {
    "jobid": _JOB_ID,
    "jobidraw": re.compile(r"\d+(\..*)?", re.ASCII),
    "submit": _INSTANT,
    "eligible": _INSTANT,
    "start": _INSTANT,
    "end": _INSTANT,
    "elapsedraw": _NUMBER,
    "segmentsize": _NUMBER,
    "nnodes": _NUMBER,
    "priority": _NUMBER,
    "state": _STATE,
    "nodelist": _NODELIST,
    "exclusive": re.compile(r"[A-Z,]*", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line number and its values by lower-case column name."""

    line: int
    values: dict[str, str]


def is_header(line: str) -> bool:
    """Whether a line names the columns of sacct."""
    names = [name.strip().lower() for name in line.split("|")]
    return ("jobid" in names or "jobidraw" in names) and len(names) > 1


def read_rows(
    lines: Sequence[str], count: FileCount, on_header: Callable[[list[str]], None]
) -> Iterator[Row]:
    """Rows of one file; every line ends up in `count` as read, skipped or failed by the caller.

    Parameters
    ----------
    lines
        Lines without their ends.
    count
        Receives the number of lines, and what was skipped or failed here.
    on_header
        Called with the lower-case names of each header met (files pasted together have several).
    """
    # A shuffled file has its header anywhere; rows before it mean the same.
    columns = _columns(next((line for line in lines if is_header(line)), ""))
    pending: list[str] = []  # pieces of a row that a line end in a text has cut
    first = 0
    for number, line in enumerate(lines, start=1):
        count.lines += 1
        if is_header(line):
            _give_up(pending, first, columns, count)
            columns = _columns(line)
            count.skipped["header"] += 1
            on_header([name for name in columns if name])
            continue
        if not line.strip() and not pending:
            count.skipped["blank"] += 1
            continue
        if pending and _starts_row(line, columns):
            _give_up(pending, first, columns, count)
        if not pending:
            first = number
        pending.append(line)
        fields = "\n".join(pending).split("|")
        if len(fields) < len(columns):
            continue
        values = _fit(fields, columns)
        if values is None:
            _give_up(pending, first, columns, count)
            continue
        if len(pending) > 1:
            count.skipped["continued line"] += len(pending) - 1
        pending.clear()
        yield Row(first, values)
    _give_up(pending, first, columns, count)


def _columns(header: str) -> list[str]:
    return [name.strip().lower() for name in header.split("|")]


def _starts_row(line: str, columns: list[str]) -> bool:
    """Whether a line is a whole row of its own rather than the rest of the one before."""
    fields = line.split("|")
    return len(fields) >= len(columns) and _fit(fields, columns) is not None


def _give_up(pending: list[str], first: int, columns: list[str], count: FileCount) -> None:
    """Count the lines of a row that never became whole."""
    for offset, text in enumerate(pending):
        found, wanted = f"{text.count('|') + 1} fields", f"{len(columns)} that fit the header"
        count.fail(f"line {first + offset}", found, wanted)
    pending.clear()


def _fit(fields: list[str], columns: list[str]) -> dict[str, str] | None:
    """Assign fields to columns; surplus bars belong to the free text that makes the rest fit."""
    surplus = len(fields) - len(columns)
    if surplus == 0:
        values = _named(fields, columns)
        return values if _is_plausible(values) else None
    for name in _FREE_TEXT:
        if name not in columns:
            continue
        at = columns.index(name)
        end = at + surplus + 1
        values = _named([*fields[:at], "|".join(fields[at:end]), *fields[end:]], columns)
        if _is_plausible(values):
            return values
    return None


def _named(fields: list[str], columns: list[str]) -> dict[str, str]:
    return {name: value for name, value in zip(columns, fields, strict=True) if name}


def _is_plausible(values: dict[str, str]) -> bool:
    """Whether typed columns hold what they should (a shifted row does not)."""
    return all(
        pattern.fullmatch(values[name].strip()) is not None
        for name, pattern in _SHAPES.items()
        if name in values
    )
