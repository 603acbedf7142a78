"""Safe YAML: every value keeps its line, nothing is guessed, and no file can hurt the reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from ..errors import ProblemLog

MAX_YAML_BYTES = 1 << 26
MAX_DEPTH = 40

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAG = "tag:yaml.org,2002:str"
_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str")
)


@dataclass(frozen=True, slots=True)
class YamlScalar:
    """A scalar as it was written: ``0012`` stays ``0012`` until a reader asks for a number.

    Attributes
    ----------
    text
        Its text, quotes and escapes resolved.
    line
        1-based.
    is_quoted
        Whether quotes or a tag make it a string.
    """

    text: str
    line: int
    is_quoted: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it is an unquoted null, or nothing at all."""
        return not self.is_quoted and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class YamlList:
    """A sequence."""

    items: list[YamlValue]
    line: int


@dataclass(frozen=True, slots=True)
class YamlMapping:
    """A mapping; keys are texts, `key_lines` says where each stands."""

    entries: dict[str, YamlValue]
    line: int
    key_lines: dict[str, int] = field(default_factory=dict)


YamlValue = YamlScalar | YamlList | YamlMapping


def parse_yaml(text: str, log: ProblemLog) -> YamlValue | None:
    """The single document of a YAML text; None if it is empty.

    Parameters
    ----------
    text
        The file's content.
    log
        Receives every problem, with its line.

    Raises
    ------
    InputError
        On a syntax error, a duplicate key, an alias, a tag other than YAML's own, a key that is
        not a scalar, more than one document or 40 levels of nesting.

    Notes
    -----
    Aliases are refused because a few lines of them expand to gigabytes; Slurm's files have no use
    for them. The recursion-free walk over events keeps deep nesting harmless.
    """
    try:
        documents = _Documents(log)
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            documents.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem)))
        log.error(f"line {mark.line + 1}" if mark else "", f"not YAML: {what}", "")
    except yaml.YAMLError as error:
        log.error("", f"not YAML: {' '.join(str(error).split())}")
    except _TooDeepError as error:
        log.error(f"line {error.args[0]}", f"nested deeper than {MAX_DEPTH} levels")
    log.raise_errors()
    return documents.root


class _TooDeepError(Exception):
    """Nesting beyond MAX_DEPTH; carries the line."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen; `key` is the pending key of a mapping."""

    value: YamlList | YamlMapping
    key: str | None = None
    key_line: int = 0


class _Documents:
    """Builds the value of the first document from parser events."""

    def __init__(self, log: ProblemLog) -> None:
        self.log = log
        self.root: YamlValue | None = None
        self._open: list[_Open] = []
        self._num_documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the parser."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._add(self._open.pop().value)
        elif isinstance(event, yaml.AliasEvent):
            line = _line(event)
            self.log.error(f"line {line}", f"alias *{event.anchor}", "the value written out")
            self._add(YamlScalar("", line))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._num_documents += 1
            if self._num_documents == 2:
                line = _line(event)
                self.log.error(f"line {line}", "a second document", "one document in a file")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        tag = event.tag
        if tag is not None:
            self._check_tag(tag, line)
        is_quoted = tag == _TEXT_TAG if tag else not event.implicit[0]
        self._add(YamlScalar(event.value, line, is_quoted))

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        line = _line(event)
        if len(self._open) >= MAX_DEPTH:
            raise _TooDeepError(line)
        if event.tag is not None:
            self._check_tag(event.tag, line)
        if isinstance(event, yaml.SequenceStartEvent):
            self._open.append(_Open(YamlList([], line)))
        else:
            self._open.append(_Open(YamlMapping({}, line)))

    def _check_tag(self, tag: str, line: int) -> None:
        if tag not in _CORE_TAGS:
            self.log.error(f"line {line}", f"tag {tag}", "a plain value")

    def _add(self, value: YamlValue) -> None:
        """Put a finished value where it belongs."""
        if not self._open:
            if self._num_documents == 1:
                self.root = value
            return
        parent = self._open[-1]
        container = parent.value
        if isinstance(container, YamlList):
            container.items.append(value)
        elif parent.key is None:
            self._take_key(parent, value)
        else:
            if parent.key in container.entries:
                first = container.key_lines[parent.key]
                found = f"key {parent.key!r} a second time (first on line {first})"
                self.log.error(f"line {parent.key_line}", found, "each key once")
            else:
                container.entries[parent.key] = value
                container.key_lines[parent.key] = parent.key_line
            parent.key = None

    def _take_key(self, parent: _Open, key: YamlValue) -> None:
        parent.key_line = key.line
        if isinstance(key, YamlScalar):
            parent.key = key.text
        else:
            self.log.error(f"line {key.line}", "a key that is a collection", "a name")
            parent.key = f"(line {key.line})"


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def describe(value: YamlValue) -> str:
    """A value as a message names it: what kind it is, and its text if short."""
    if isinstance(value, YamlList):
        return "a list"
    if isinstance(value, YamlMapping):
        return "a mapping"
    if value.is_null:
        return "nothing"
    return repr(value.text if len(value.text) <= 60 else f"{value.text[:57]}...")
