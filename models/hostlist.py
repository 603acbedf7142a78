"""Slurm hostlists: ``rack[1-3]n[01-18,20]`` to names and back, and the natural order of names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product

MAX_RANGE = 1 << 16  # Slurm's MAX_RANGE (src/common/hostlist.h)
MAX_NAMES = 1 << 18  # of one whole hostlist; several brackets multiply
_MAX_DIGITS = 18  # Slurm reads a bound as an unsigned long

# Separated by commas or white space outside brackets; Slurm drops empty words.
_WORD = re.compile(r"(?:[^\s,\[]|\[[^\]]*\]?)+")
_NAME = re.compile(r"[\w.:+-]*", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_ANY_DIGIT = str.maketrans("123456789", "000000000")
_DIGIT_CHARACTERS = "0123456789"


class HostlistError(ValueError):
    """A malformed or far too long hostlist.

    Parameters
    ----------
    fragment
        The faulty part of the text.
    reason
        What is wrong with it.
    """

    def __init__(self, fragment: str, reason: str) -> None:
        self.fragment = fragment
        self.reason = reason
        super().__init__(f"{reason}: {fragment!r}")


def expand(text: str) -> list[str]:
    """Names of a hostlist, in the order written; duplicates are kept.

    Parameters
    ----------
    text
        Names and bracket expressions, separated by commas or white space. A range keeps the zero
        padding of its lower bound; several brackets in one name multiply, the last one fastest.

    Raises
    ------
    HostlistError
        If it is malformed, a range is longer than 65,536 or the whole longer than 262,144.

    Examples
    --------
    >>> expand("rack[1-2]n[08-10],login")[:4]
    ['rack1n08', 'rack1n09', 'rack1n10', 'rack2n08']
    """
    names: list[str] = []
    for word in _WORD.findall(text):
        if "[" not in word and "]" not in word:
            _check_literal(word, word)
            names.append(word)
        else:
            names.extend(_expand_word(word, MAX_NAMES - len(names)))
    return names


def fold(names: Iterable[str], *, keep_order: bool = False) -> str:
    """The hostlist that Slurm prints for a set of names.

    Only a number at the end of a name is folded, as in Slurm; a single name gets no brackets.

    Parameters
    ----------
    names
        Node names; duplicates are dropped unless the order is kept.
    keep_order
        Fold neighbours only, so that expanding gives exactly the sequence back (rings).

    Examples
    --------
    >>> fold(["n00007", "n00003", "n00001", "n00002"])
    'n[00001-00003,00007]'
    """
    ordered = list(names) if keep_order else natural_sorted(dict.fromkeys(names))
    groups: list[tuple[str, list[_Range]]] = []
    open_prefix: str | None = None
    for name in ordered:
        prefix = name.rstrip(_DIGIT_CHARACTERS)
        digits = name[len(prefix) :]
        if not 0 < len(digits) <= _MAX_DIGITS:
            groups.append((name, []))
            open_prefix = None
            continue
        number = int(digits)
        if prefix != open_prefix:
            groups.append((prefix, [_Range(digits, number)]))
            open_prefix = prefix
        elif not groups[-1][1][-1].takes(digits, number):
            groups[-1][1].append(_Range(digits, number))
    return ",".join(_fold_group(prefix, ranges) for prefix, ranges in groups)


class _Range:
    """A range being folded; its lower bound has the zero padding of all its numbers."""

    __slots__ = ("first", "high", "last", "low")

    def __init__(self, digits: str, number: int) -> None:
        self.low = self.high = digits
        self.first = self.last = number

    def takes(self, digits: str, number: int) -> bool:
        """Append the number if it is the next one, padded alike, and the range not too long."""
        if (
            number != self.last + 1
            or number - self.first >= MAX_RANGE
            or digits != str(number).zfill(len(self.low))
        ):
            return False
        self.high, self.last = digits, number
        return True

    def __str__(self) -> str:
        return self.low if self.first == self.last else f"{self.low}-{self.high}"


def natural_key(name: str) -> str:
    """Sort key of Slurm's node order (``strnatcmp``): runs of digits compare by value.

    Runs with a leading zero come before the others and compare digit by digit.

    Notes
    -----
    A run without a leading zero is preceded by its length, so that comparing characters compares
    values; a zero-led run is ended by the lowest character, so that the shorter one comes first.
    """
    return _DIGITS.sub(_key_of_run, name)


def natural_sorted(names: Iterable[str]) -> list[str]:
    """Names in Slurm's node order."""
    ordered = sorted(names)
    # Names that differ in their digits only, as in most clusters, sort naturally as plain text.
    patterns = "\n".join(ordered).translate(_ANY_DIGIT).split("\n")
    if len(set(patterns)) > 1 or len(patterns) > len(ordered):
        ordered.sort(key=natural_key)
    return ordered


def _key_of_run(match: re.Match[str]) -> str:
    run = match[0]
    return f"{run}\0" if run[0] == "0" else f"1{chr(0x100 + len(run))}{run}"


def _expand_word(word: str, limit: int) -> list[str]:
    """Expand one name with brackets into at most `limit` names."""
    literals, brackets = _split_brackets(word)
    choices: list[Sequence[str]] = []
    total = 1
    for bracket in brackets:
        numbers = [number for part in bracket.split(",") for number in _expand_range(part, word)]
        choices.append(numbers)
        total *= len(numbers)
        if total > limit:
            raise HostlistError(word[:80], f"more than {MAX_NAMES} names")
    if len(choices) == 1:
        head, tail = literals
        return [f"{head}{number}{tail}" for number in choices[0]]
    head, *tails = literals
    return [
        head + "".join(map("".join, zip(numbers, tails, strict=True)))
        for numbers in product(*choices)
    ]


def _split_brackets(word: str) -> tuple[list[str], list[str]]:
    """Literal texts around the brackets, and what the brackets hold."""
    literals: list[str] = []
    brackets: list[str] = []
    rest = word
    while "[" in rest:
        literal, rest = rest.split("[", 1)
        bracket, closed, rest = rest.partition("]")
        if not closed:
            raise HostlistError(word[:80], "unclosed bracket")
        if "[" in bracket:
            raise HostlistError(word[:80], "nested brackets")
        literals.append(literal)
        brackets.append(bracket)
    literals.append(rest)
    for literal in literals:
        _check_literal(literal, word)
    return literals, brackets


def _expand_range(part: str, word: str) -> Sequence[str]:
    """Expand ``7`` or ``08-11``; the width of the lower bound is kept."""
    low, dash, high = part.partition("-")
    if _DIGITS.fullmatch(low) is None or (dash and _DIGITS.fullmatch(high) is None):
        raise HostlistError(word[:80], f"not a number or range {part[:40]!r} in the brackets of")
    if max(len(low), len(high)) > _MAX_DIGITS:
        raise HostlistError(word[:80], "number too long in the brackets of")
    if not dash:
        return (low,)
    first, last = int(low), int(high)
    if last < first:
        raise HostlistError(part, "reversed range")
    if last - first >= MAX_RANGE:
        raise HostlistError(part, f"range longer than {MAX_RANGE}")
    return _numbers(first, last, len(low))


# Files of a cluster repeat the same few ranges; one of MAX_RANGE numbers takes 4 MB.
@lru_cache(maxsize=16)
def _numbers(first: int, last: int, width: int) -> tuple[str, ...]:
    return tuple(str(number).zfill(width) for number in range(first, last + 1))


def _check_literal(literal: str, word: str) -> None:
    if _NAME.fullmatch(literal) is None:
        reason = "bracket without its beginning" if "]" in literal else "not a node name"
        raise HostlistError(word[:80], reason)


def _fold_group(prefix: str, ranges: Sequence[_Range]) -> str:
    if not ranges:
        return prefix
    folded = ",".join(map(str, ranges))
    is_one_name = len(ranges) == 1 and ranges[0].first == ranges[0].last
    return f"{prefix}{folded}" if is_one_name else f"{prefix}[{folded}]"
