"""The exception tree, and how problems in a user's files are collected.

::

    RackwrightError
    ├── InputError        bad input: every problem of a file, each with its place
    ├── UnsupportedError  an engine lacks a constraint that a job asks for
    └── SolverError       the solver contradicted the rules: a bug of ours
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


def _on_one_line(text: str) -> str:
    """Text with everything escaped that could move a terminal's cursor: files may be hostile."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input.

    Attributes
    ----------
    source
        The file (or option) it was read from.
    place
        Where in it: ``line 3``, ``blocks[2].nodes``, ``job 17``.
    found, wanted
        What was there, and what would have been right.
    """

    source: str
    place: str
    found: str
    wanted: str

    def __str__(self) -> str:
        where = f"{self.source}: {self.place}" if self.place else self.source
        wanted = f"; wanted {self.wanted}" if self.wanted else ""
        return _on_one_line(f"{where}: {self.found}{wanted}")


class RackwrightError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(RackwrightError):
    """The input is wrong; carries every problem that was found.

    Parameters
    ----------
    problems
        At least one; the message is one line for each.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnsupportedError(RackwrightError):
    """An engine does not implement a constraint of the instance and refuses it."""


class SolverError(RackwrightError):
    """A solver's answer broke a rule or its own objective: an internal error."""


@dataclass(slots=True)
class ProblemLog:
    """Collects errors and warnings of one source, so that all are told at once.

    Attributes
    ----------
    source
        Name of the file or option; prefixed to every message.
    errors, warnings
        What was found so far.
    """

    source: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, place: str, found: str, wanted: str = "") -> None:
        """Record an error."""
        self.errors.append(Problem(self.source, place, found, wanted))

    def warn(self, place: str, found: str, wanted: str = "") -> None:
        """Record a warning: the input is usable, but somebody should know."""
        self.warnings.append(Problem(self.source, place, found, wanted))

    def raise_errors(self) -> None:
        """Raise `InputError` with every error recorded so far, if any."""
        if self.errors:
            raise InputError(self.errors)
