"""Slurm's ``--constraint`` expressions over node features."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\s*([&|()]|[^\s&|()\[\]*]+)")


def check_features(expression: str) -> None:
    """Raise ValueError unless `expression` is built of names, ``&``, ``|`` and parentheses.

    Slurm's counts (``a*2``) and matching ORs (``[a|b]``) need several alternatives per job and are
    refused by name (man sbatch, ``--constraint``).
    """
    matches_features(expression, frozenset())


def matches_features(expression: str, features: frozenset[str]) -> bool:
    """Whether a node with `features` satisfies `expression`.

    ``&`` and ``|`` bind equally and are read from left to right, as Slurm does.
    """
    tokens = list(_tokens(expression))
    value, rest = _parse(tokens, features)
    if rest:
        raise ValueError(f"unexpected {rest[0]!r} in constraint {expression!r}")
    return value


def _tokens(expression: str) -> Iterator[str]:
    position = 0
    text = expression.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"unsupported {text[position]!r} in constraint {expression!r}")
        yield match.group(1)
        position = match.end()


def _parse(tokens: list[str], features: frozenset[str]) -> tuple[bool, list[str]]:
    value, rest = _operand(tokens, features)
    while rest and rest[0] in "&|":
        other, remaining = _operand(rest[1:], features)
        value = (value and other) if rest[0] == "&" else (value or other)
        rest = remaining
    return value, rest


def _operand(tokens: list[str], features: frozenset[str]) -> tuple[bool, list[str]]:
    if not tokens:
        raise ValueError("constraint ends too early")
    if tokens[0] == "(":
        value, rest = _parse(tokens[1:], features)
        if not rest or rest[0] != ")":
            raise ValueError("unbalanced parenthesis in constraint")
        return value, rest[1:]
    if tokens[0] in "&|)":
        raise ValueError(f"unexpected {tokens[0]!r} in constraint")
    return tokens[0] in features, tokens[1:]
