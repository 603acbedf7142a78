"""CSV tables with a header line: rows as mappings, every irregularity placed."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator

from ..errors import ProblemLog
from .jobs_keys import shown


def read_rows(
    text: str, log: ProblemLog, *, known: Collection[str], required: Collection[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and non-empty cells of every row; blank lines are skipped.

    Parameters
    ----------
    text
        The table; blanks around cells do not count.
    log
        Where problems go.
    known
        Columns that may occur.
    required
        Columns that must.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not cells or not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                if not _check_header(header, reader.line_num, log, known, required):
                    return
            elif len(cells) != len(header):
                found = f"{len(cells)} cells"
                log.error(f"line {reader.line_num}", found, f"{len(header)}, as in the header")
            else:
                named = zip(header, cells, strict=True)
                row = {name: cell.strip() for name, cell in named if cell and not cell.isspace()}
                yield reader.line_num, row
    except csv.Error as error:
        log.error(f"line {reader.line_num}", f"not CSV: {error}", "cells quoted as in RFC 4180")
        return
    if header is None:
        log.error("", "an empty file", f"a header line with {', '.join(required)}")


def _check_header(
    header: list[str],
    line: int,
    log: ProblemLog,
    known: Collection[str],
    required: Collection[str],
) -> bool:
    num_errors = len(log.errors)
    for index, name in enumerate(header):
        if name not in known:
            log.error(
                f"line {line}", f"unknown column {shown(name)}", f"one of {', '.join(known)}"
            )
        elif name in header[:index]:
            log.error(f"line {line}", f"column {name} a second time", "each column once")
    for name in required:
        if name not in header:
            log.error(f"line {line}", f"no column {name}", f"columns {', '.join(required)}")
    return len(log.errors) == num_errors
