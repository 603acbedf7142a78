"""A YAML mapping read key by key: types checked, unknown keys refused, every problem placed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import ProblemLog
from ..hostlist import HostlistError, expand
from .yaml_file import YamlList, YamlMapping, YamlScalar, YamlValue, describe

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


@dataclass(slots=True)
class Fields:
    """A mapping and where it stands; ask for each key, then call `refuse_unknown`.

    Attributes
    ----------
    mapping
        The YAML mapping.
    path
        How people would name it: ``blocks[2]``; empty for the root.
    log
        Receives every problem.
    """

    mapping: YamlMapping
    path: str
    log: ProblemLog
    _asked: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: YamlValue, path: str, log: ProblemLog) -> Fields | None:
        """Fields of a value that must be a mapping; otherwise an error and None."""
        if isinstance(value, YamlMapping):
            return cls(value, path, log)
        log.error(place(value.line, path), describe(value), "a mapping")
        return None

    @property
    def here(self) -> str:
        """Place of the mapping itself."""
        return place(self.mapping.line, self.path)

    def at(self, key: str) -> str:
        """Place of a key, or of the mapping when the key is absent."""
        line = self.mapping.key_lines.get(key, self.mapping.line)
        return place(line, f"{self.path}.{key}" if self.path else key)

    def has(self, key: str) -> bool:
        """Whether the key is there with something behind it."""
        return self.get(key) is not None

    def get(self, key: str) -> YamlValue | None:
        """The raw value; None when absent or null."""
        self._asked.add(key)
        value = self.mapping.entries.get(key)
        if isinstance(value, YamlScalar) and value.is_null:
            return None
        return value

    def text(self, key: str, *, wanted: str = "a text", required: bool = False) -> str | None:
        """A scalar's text."""
        value = self.get(key)
        if isinstance(value, YamlScalar) and (value.text or not required):
            return value.text
        if value is None or isinstance(value, YamlScalar):
            if required:
                self.log.error(self.here, f"no {key!r}", wanted)
            return None
        self.log.error(self.at(key), f"{key} is {describe(value)}", wanted)
        return None

    def integer(
        self,
        key: str,
        *,
        low: int | None = None,
        high: int | None = None,
        required: bool = False,
    ) -> int | None:
        """A whole number within its bounds."""
        value = self.get(key)
        wanted = _wanted_integer(low, high)
        if value is None:
            if required:
                self.log.error(self.here, f"no {key!r}", wanted)
            return None
        return integer_of(value, self.at(key), key, self.log, low=low, high=high)

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """True or false, in YAML's words."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, YamlScalar) and value.text.lower() in _TRUE | _FALSE:
            return value.text.lower() in _TRUE
        self.log.error(self.at(key), f"{key} is {describe(value)}", "true or false")
        return default

    def hostlist(self, key: str) -> tuple[str, ...]:
        """Names of a hostlist; a YAML list is refused as Slurm does (errors.jsonl, err-037)."""
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, YamlScalar):
            self.log.error(self.at(key), f"{key} is {describe(value)}", "a hostlist in one text")
            return ()
        return hostlist_of(value.text, self.at(key), self.log)

    def items(self, key: str) -> Iterator[tuple[YamlValue, str]]:
        """Items of a list, with the path of each; a single mapping is a list of one (1.1)."""
        value = self.get(key)
        path = f"{self.path}.{key}" if self.path else key
        if isinstance(value, YamlList):
            for index, item in enumerate(value.items):
                yield item, f"{path}[{index}]"
        elif isinstance(value, YamlMapping):
            yield value, path
        elif value is not None:
            self.log.error(self.at(key), f"{key} is {describe(value)}", "a list")

    def children(self, key: str) -> Iterator[Fields]:
        """The mappings of a list of mappings."""
        for item, path in self.items(key):
            child = Fields.of(item, path, self.log)
            if child is not None:
                yield child

    def refuse_unknown(self) -> None:
        """An error for every key that nobody asked for; Slurm ignores them silently (1.1)."""
        for key in self.mapping.entries:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.log.error(self.at(key), f"unknown key {key!r}", f"one of {known}")


def place(line: int, path: str) -> str:
    """Where something is, for people and for editors."""
    return f"line {line} ({path})" if path else f"line {line}"


def integer_of(
    value: YamlValue,
    where: str,
    what: str,
    log: ProblemLog,
    *,
    low: int | None = None,
    high: int | None = None,
) -> int | None:
    """A whole number within its bounds, else an error and None."""
    text = value.text if isinstance(value, YamlScalar) else ""
    number = int(text) if _INTEGER.fullmatch(text) else None
    if (
        number is None
        or (low is not None and number < low)
        or (high is not None and number > high)
    ):
        log.error(where, f"{what} is {describe(value)}", _wanted_integer(low, high))
        return None
    return number


def hostlist_of(text: str, where: str, log: ProblemLog) -> tuple[str, ...]:
    """Names of a hostlist, else an error and nothing."""
    try:
        return tuple(expand(text))
    except HostlistError as error:
        log.error(where, str(error), "a hostlist such as n[001-018]")
        return ()


def _wanted_integer(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"a whole number from {low} to {high}"
    if low is not None:
        return f"a whole number of at least {low}"
    return "a whole number"
