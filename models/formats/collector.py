"""Runs the readers of several files and keeps every problem, so that all are told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import InputError, Problem, ProblemLog

Value = TypeVar("Value")

MAX_ERRORS = 1000  # of one file: a file of a wrong kind has an error on every line


class Collector:
    """Errors and warnings of all sources, in the order of reading."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def read(self, source: object, reader: Callable[[ProblemLog], Value]) -> Value | None:
        """What `reader` returns; None when it found errors.

        Parameters
        ----------
        source
            The file or option, as it is to be named.
        reader
            Takes the log of this source; may raise InputError.
        """
        log = ProblemLog(str(source))
        value: Value | None = None
        try:
            value = reader(log)
        except InputError as error:
            known = set(log.errors)
            log.errors += [problem for problem in error.problems if problem not in known]
        hidden = len(log.errors) - MAX_ERRORS
        if hidden > 0:
            del log.errors[MAX_ERRORS:]
            log.error("", f"and {hidden} more errors", "another file, by the look of it")
        self.take(log)
        return None if log.errors else value

    def take(self, log: ProblemLog) -> None:
        """Keep what a log holds."""
        self.errors += log.errors
        self.warnings += log.warnings

    def raise_errors(self) -> None:
        """Raise InputError with everything that was wrong, if anything was."""
        if self.errors:
            raise InputError(self.errors)
