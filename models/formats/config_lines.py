"""Lines of ``Key=Value`` pairs: Slurm's configuration files and scontrol's one-line output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ProblemLog

# The expression of Slurm's own parser (src/common/parse_config.c): blanks around "=" are fine,
# a value is quoted or has no blanks, and is never empty.
_PAIR = re.compile(r'\s*([\w.]+)\s*([-*+/]?)=\s*(?:"([^"]*)"|([^\s]+))(?=\s|$)', re.ASCII)
_COMMENT = re.compile(r"(?<!\\)#.*")
_INCLUDE = re.compile(r"\s*include\s+(\S+)\s*", re.IGNORECASE)
_CONTINUED = re.compile(r"\\\s*$")


@dataclass(frozen=True, slots=True)
class ConfigLine:
    """One logical line.

    Attributes
    ----------
    number
        1-based, of its first physical line.
    pairs
        Lower-case key to value; the first pair comes first.
    """

    number: int
    pairs: dict[str, str]

    @property
    def first_key(self) -> str:
        """The key that says what the line defines, in lower case."""
        return next(iter(self.pairs))

    def place(self, label: str) -> str:
        """Where it stands, with what it defines."""
        return f"line {self.number} ({label}={self.pairs[label.lower()]})"


def config_lines(text: str, log: ProblemLog) -> Iterator[ConfigLine]:
    """Logical lines of a Slurm configuration file; comments, blank and continued lines resolved.

    A line that Slurm cannot parse is an error; a key twice on one line as well. ``Include file``
    comes as a pair, for the caller to refuse or to warn about.
    """
    for number, line in _joined(text):
        include = _INCLUDE.fullmatch(line)
        if include:
            yield ConfigLine(number, {"include": include[1]})
            continue
        pairs: dict[str, str] = {}
        position = 0
        while line[position:].strip():
            match = _PAIR.match(line, position)
            if match is None:
                rest = line[position:].strip()
                log.error(f"line {number}", f"{rest[:60]!r} cannot be read", "Key=Value")
                break
            position = match.end()
            _add(pairs, match[1], match[3] if match[3] is not None else match[4], number, log)
        else:
            if pairs:
                yield ConfigLine(number, pairs)


def output_lines(text: str) -> Iterator[ConfigLine]:
    """Lines of ``scontrol show ...`` in one-line form; empty values are kept."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = (word.partition("=") for word in line.split())
        pairs = {key.lower(): value for key, equals, value in words if equals}
        if pairs:
            yield ConfigLine(number, pairs)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Physical lines without comments, a trailing backslash joined with what follows."""
    pending = ""
    start = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _COMMENT.sub("", raw)
        start = start or number
        continued = _CONTINUED.search(line)
        if continued:
            pending += line[: continued.start()]
            continue
        yield start, pending + line
        pending, start = "", 0
    if pending:
        yield start, pending


def _add(pairs: dict[str, str], key: str, value: str, number: int, log: ProblemLog) -> None:
    if key.lower() in pairs:
        log.error(f"line {number}", f"{key}= a second time on one line", "each key once")
    pairs.setdefault(key.lower(), value)
