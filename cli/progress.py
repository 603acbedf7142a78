"""What a long run tells on stderr while it works."""

from __future__ import annotations

import sys
import time

from .text import escape_control

QUIET_S = 2.0


class StderrProgress:
    """Prints an engine's progress lines with the seconds since the start.

    Verbose runs print every line; others stay silent for two seconds, and always unless a person
    is watching.
    """

    def __init__(self, *, is_verbose: bool) -> None:
        self._is_verbose = is_verbose
        self._is_watched = sys.stderr.isatty()
        self._start_s = time.monotonic()

    def __call__(self, message: str) -> None:
        elapsed_s = time.monotonic() - self._start_s
        if self._is_verbose or (self._is_watched and elapsed_s >= QUIET_S):
            print(f"{elapsed_s:7.2f} s  {escape_control(message)}", file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """One warning line on stderr."""
    print(f"rackwright: warning: {escape_control(message)}", file=sys.stderr)
