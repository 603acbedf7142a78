"""The terminal that results are printed on."""

from __future__ import annotations

import os
import sys

from rich.console import Console

# Width where there is no terminal to ask: a pipe, a file, a CI log.
PIPE_WIDTH = 120


def stdout_console() -> Console:
    """A console on stdout that takes text literally; COLUMNS and NO_COLOR are respected."""
    width = None
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = PIPE_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def is_plain(console: Console) -> bool:
    """Whether the terminal may be unable to show anything but ASCII."""
    return not console.encoding.lower().startswith("utf")
