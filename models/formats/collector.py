"""Runs the readers of several files and keeps every problem, so that all are told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import InputError, Problem, ProblemLog

Value = TypeVar("Value")


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
