"""The JSON of Slurm's commands: read by elements, in the spelling of any data_parser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NoReturn, TypeVar

from ..errors import InputError, ProblemLog
from .jobs_keys import shown

_BLANKS = re.compile(r"[ \t\r\n]*")


def iterate_json(
    text: str, log: ProblemLog, arrays: Collection[str]
) -> Iterator[tuple[str, str, object]]:
    """Place, key and value of everything in the root object.

    Parameters
    ----------
    text
        A JSON object.
    log
        Where problems go.
    arrays
        Keys whose lists are given element by element: dumps of large clusters then need no more
        memory than their text. An empty list is given as it is.

    Raises
    ------
    InputError
        At the first place that is not JSON, such as the end of a truncated file.
    """
    yield from _Walk(text, log).items(arrays)


class _Walk:
    """A position in a JSON text, and the ways to go on from it."""

    def __init__(self, text: str, log: ProblemLog) -> None:
        self.text = text
        self.log = log
        self.position = 0
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)

    def items(self, arrays: Collection[str]) -> Iterator[tuple[str, str, object]]:
        self._take("{", "an object")
        is_first = True
        while self._peek() != "}":
            if not is_first:
                self._take(",", "a comma or }")
            is_first = False
            key = self._value()
            if not isinstance(key, str):
                self._fail("a key that is no text")
            self._take(":", "a colon")
            if key in arrays and self._peek() == "[":
                index = -1
                for index, value in enumerate(self._elements()):
                    yield f"{key}[{index}]", key, value
                if index < 0:
                    yield key, key, []
            else:
                yield key, key, self._value()
        self._take("}", "}")
        if self._peek():
            self._fail("something after the end")

    def _elements(self) -> Iterator[object]:
        self._take("[", "[")
        is_first = True
        while self._peek() != "]":
            if not is_first:
                self._take(",", "a comma or ]")
            is_first = False
            yield self._value()
        self._take("]", "]")

    def _peek(self) -> str:
        match = _BLANKS.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
        return self.text[self.position : self.position + 1]

    def _take(self, character: str, wanted: str) -> None:
        if self._peek() != character:
            self._fail(f"expecting {wanted}")
        self.position += 1

    def _value(self) -> object:
        self._peek()
        try:
            value, self.position = self._decoder.raw_decode(self.text, self.position)
        except json.JSONDecodeError as error:
            self.position = error.pos
            self._fail((error.msg[:1].lower() + error.msg[1:]).removesuffix(" starting at"))
        except RecursionError:
            self._fail("nested too deeply")
        except ValueError as error:
            self._fail(str(error)[:80])
        return value

    def _fail(self, found: str) -> NoReturn:
        """Raise with the place; a file that ends too early is told so."""
        line = self.text.count("\n", 0, self.position) + 1
        column = self.position - self.text.rfind("\n", 0, self.position)
        size = len(self.text[: self.position].encode("utf-8", "surrogatepass"))
        rest = self.text[self.position :].strip()
        is_cut = not rest or found.startswith("unterminated string")
        problem = "the file is empty" if not self.text.strip() else f"not JSON: {found}"
        if is_cut and self.text.strip():
            problem = f"the file ends too early ({found})"
        self.log.error(
            f"line {line}, column {column} (byte {size})", problem, "a complete JSON file"
        )
        raise InputError(self.log.errors)


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON number")


def number(value: object, *, infinite: int | None = None) -> int | None:
    """A number in any spelling: plain, text, or ``{set, infinite, number}``; None if not set.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(value, Mapping):
        if value.get("infinite"):
            return infinite
        if not value.get("set", True):
            return None
        value = value.get("number")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(shown(value))
    if isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]{1,18}", value.strip(), re.ASCII):
            raise ValueError(shown(value))
        return int(value)
    if not abs(value) < 2**63:  # also refuses inf and nan
        raise ValueError(shown(value))
    return int(value)


def words(value: object) -> tuple[str, ...]:
    """A list of words in any spelling: a list, or a text joined by commas or plus signs.

    Raises
    ------
    ValueError
        For anything else.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return tuple(word for word in re.split(r"[,+]", value) if word)
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise ValueError(shown(value))


def text_of(value: object) -> str:
    """A text; empty for null.

    Raises
    ------
    ValueError
        For anything else.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise ValueError(shown(value))


Value = TypeVar("Value")


class BadField(Exception):
    """A field that cannot be read: its name, what was found, what was wanted."""

    def __init__(self, name: str, found: str, wanted: str) -> None:
        self.name, self.found, self.wanted = name, found, wanted
        super().__init__(name)


def field_of(
    record: Mapping[str, object], name: str, read: Callable[[object], Value], wanted: str
) -> Value:
    """A field read by one of the functions above; an absent one reads as null.

    Raises
    ------
    BadField
        When `read` refuses it.
    """
    try:
        return read(record.get(name))
    except ValueError as error:
        raise BadField(name, str(error), wanted) from None
