"""Text of users made safe for a terminal, a table and a spreadsheet."""

from __future__ import annotations

import unicodedata

# A spreadsheet evaluates a cell that begins with one of these (OWASP, "CSV injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escape_control(text: str) -> str:
    r"""`text` with control, format and surrogate characters shown as ``\x1b`` or ``\u202e``.

    Job names and comments come from users: a terminal must not obey them, and right-to-left
    overrides must not reorder a line.
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode("ascii")


def guard_formula(value: object) -> str:
    """A CSV cell that no spreadsheet evaluates: an apostrophe goes before ``= + - @``."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
