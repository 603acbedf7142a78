"""Slurm's ways to write a time limit and an instant (man sbatch, ``--time`` and ``--begin``)."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

MINUTE = 60
HOUR = 3600
DAY = 86400

UNLIMITED_WORDS = frozenset({"UNLIMITED", "INFINITE", "-1"})
UNKNOWN_WORDS = frozenset({"", "UNKNOWN", "NONE", "N/A", "NOT_SET", "INVALID"})

LIMIT_FORMS = "minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED"
INSTANT_FORMS = "YYYY-MM-DD[THH:MM[:SS]], seconds since the epoch, HH:MM, now[+N[unit]] or Unknown"

# Slurm keeps limits as 32-bit minutes and instants as seconds; later than this is a typing error.
MAX_LIMIT_S = (2**32 - 3) * MINUTE
MAX_INSTANT_S = 253_402_300_799  # 9999-12-31T23:59:59Z

_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)
_LIMIT = re.compile(
    r"(?:(?P<days>[0-9]{1,7})-(?P<day_clock>[0-9]{1,9}(?::[0-9]{1,9}){0,2})"
    r"|(?P<clock>[0-9]{1,9}(?::[0-9]{1,9}){0,2}))",
    re.ASCII,
)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s*([AaPp][Mm])?", re.ASCII)
_RELATIVE = re.compile(r"now(?:\s*\+\s*([0-9]{1,9})\s*([a-z]*))?", re.ASCII)
_WORD_CLOCKS = {"midnight": 0, "elevenses": 11, "noon": 12, "fika": 15, "teatime": 16}
_UNITS = {
    "": 1,
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("m", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
}


def parse_limit(text: str) -> int | None:
    """Seconds of a time limit; None means that there is none.

    Parameters
    ----------
    text
        Bare numbers are minutes. Zero means no limit. Seconds are rounded up to whole minutes,
        as Slurm does (man sbatch, ``--time``).

    Raises
    ------
    ValueError
        For anything that Slurm would not read.
    """
    text = text.strip()
    if text.upper() in UNLIMITED_WORDS or text.upper() in UNKNOWN_WORDS - {""}:
        return None
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time limit")
    if match["days"] is not None:
        parts = [int(part) for part in match["day_clock"].split(":")] + [0, 0]
        seconds = int(match["days"]) * DAY + parts[0] * HOUR + parts[1] * MINUTE + parts[2]
    else:
        clock = [int(part) for part in match["clock"].split(":")]
        if len(clock) == 3:
            seconds = clock[0] * HOUR + clock[1] * MINUTE + clock[2]
        else:
            seconds = clock[0] * MINUTE + (clock[1] if len(clock) == 2 else 0)
    if seconds > MAX_LIMIT_S:
        raise ValueError(f"{text!r} is longer than Slurm can count")
    return -(-seconds // MINUTE) * MINUTE or None


def parse_instant(text: str, *, now_s: int | None = None) -> int | None:
    """Seconds since the epoch of an instant; None means that it is not known.

    Parameters
    ----------
    text
        Clock times and dates without a zone are local time, as everywhere in Slurm.
    now_s
        What ``now``, ``today`` and a clock time refer to; the present moment if None.

    Raises
    ------
    ValueError
        For anything that Slurm would not read.
    """
    text = text.strip()
    if text.upper() in UNKNOWN_WORDS:
        return None
    if _NUMBER.fullmatch(text):
        return _checked(int(text), text)
    if re.match(r"[0-9]{4}-", text, re.ASCII):
        return _checked(_iso(text), text)
    now = int(time.time()) if now_s is None else now_s
    word = text.lower()
    relative = _RELATIVE.fullmatch(word)
    if relative is not None:
        if relative[2] is not None and relative[2] not in _UNITS:
            raise ValueError(f"{text!r} has an unknown unit {relative[2]!r}")
        return _checked(now + int(relative[1] or 0) * _UNITS[relative[2] or ""], text)
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "tomorrow"):
        return int((midnight + timedelta(days=word == "tomorrow")).timestamp())
    # A clock time that is past today means tomorrow (man sbatch, --begin).
    instant = midnight + _clock(word)
    if int(instant.timestamp()) < now:
        instant += timedelta(days=1)
    return int(instant.timestamp())


def _checked(seconds: int, text: str) -> int:
    if not 0 <= seconds <= MAX_INSTANT_S:
        raise ValueError(f"{text!r} lies outside the years 1970 to 9999")
    return seconds


def _iso(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no date and time") from None


def _clock(word: str) -> timedelta:
    if word in _WORD_CLOCKS:
        return timedelta(hours=_WORD_CLOCKS[word])
    match = _CLOCK.fullmatch(word)
    if match is None:
        raise ValueError(f"{word!r} is no date and time")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{word!r} is no time of the day")
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{word!r} is no time of the day")
    return timedelta(hours=hour, minutes=minute, seconds=second)


def show_instant(seconds: int) -> str:
    """An instant as Slurm prints it, in local time."""
    if not 0 <= seconds <= MAX_INSTANT_S:
        return f"{seconds} s"
    return datetime.fromtimestamp(seconds).isoformat(timespec="seconds")
