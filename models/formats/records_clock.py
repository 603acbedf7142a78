"""Instants as sacct prints them: local time without a zone, two hours of one name every autumn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .times import MAX_INSTANT_S, UNKNOWN_WORDS

# NO_VAL and INFINITE as sacct --json prints them for "none" (seen as the start of cancelled jobs).
_SENTINELS = frozenset({4294967294, 4294967295})
HOUR = 3600


@dataclass(frozen=True)
class Clock:
    """Reads instants in the zone of the machine where sacct ran.

    Attributes
    ----------
    zone
        Its zone; None takes this machine's own, as Slurm's tools do.
    """

    zone: tzinfo | None = None

    @classmethod
    def named(cls, name: str | None) -> Clock:
        """The clock of a zone such as ``Europe/Berlin``.

        Raises
        ------
        ValueError
            If there is no such zone.
        """
        if name is None:
            return cls()
        if name.upper() in ("UTC", "Z"):
            return cls(UTC)
        try:
            return cls(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone such as Europe/Berlin") from None

    def readings(self, text: str) -> tuple[int, ...]:
        """Every instant that `text` may mean: none if unknown, two in a repeated hour.

        Raises
        ------
        ValueError
            If it is no instant.
        """
        return _readings(text, self.zone)


@lru_cache(maxsize=1 << 16)
def _readings(text: str, zone: tzinfo | None) -> tuple[int, ...]:
    word = text.strip()
    if word.upper() in UNKNOWN_WORDS or word.upper() in ("NONE", "UNKNOWN"):
        return ()
    if word.isascii() and word.isdigit():  # SLURM_TIME_FORMAT=%s
        return instant_of(int(word))
    try:
        moment = datetime.fromisoformat(word)
        if moment.tzinfo is not None:
            return (int(moment.timestamp()),)
        local = moment.replace(tzinfo=zone)
        first = int(local.replace(fold=0).timestamp())
        second = int(local.replace(fold=1).timestamp())
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no date and time") from None
    if second > first:
        return (first, second)
    # An hour that the spring change leaves out: either reading names the same moment wrongly.
    return (first,)


def instant_of(number: int) -> tuple[int, ...]:
    """The instant of a number of seconds; none for zero and Slurm's "not set" values."""
    if number <= 0 or number in _SENTINELS:
        return ()
    if number > MAX_INSTANT_S:
        raise ValueError(f"{number} lies beyond the year 9999")
    return (number,)


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of an allocation, made to agree with its recorded length.

    Attributes
    ----------
    start_s, end_s
        Instants; None if not known.
    is_uncertain
        Whether another reading would have fitted as well.
    was_corrected
        Whether the end was moved by an hour because the length demands it.
    """

    start_s: int | None
    end_s: int | None
    is_uncertain: bool = False
    was_corrected: bool = False


def resolve_span(starts: tuple[int, ...], ends: tuple[int, ...], length_s: int | None) -> Span:
    """Choose among the readings of start and end by the recorded length.

    Parameters
    ----------
    starts, ends
        Readings from `Clock.readings`.
    length_s
        Elapsed and suspended seconds together; None if not recorded.
    """
    if not starts:
        return Span(None, ends[0] if ends else None)
    if not ends:
        return Span(starts[0], None, is_uncertain=len(starts) > 1)
    pairs = [(start, end) for start in starts for end in ends]
    if length_s is None:
        ordered = [pair for pair in pairs if pair[1] >= pair[0]] or pairs
        return Span(*ordered[0], is_uncertain=len(pairs) > 1)
    fitting = [pair for pair in pairs if pair[1] - pair[0] == length_s]
    if fitting:
        return Span(*fitting[0], is_uncertain=len(fitting) > 1)
    start, end = min(pairs, key=lambda pair: abs(pair[1] - pair[0] - length_s))
    if abs(end - start - length_s) == HOUR:
        # The zone we read in knows no change here, but the length proves that the clock had one.
        return Span(start, start + length_s, was_corrected=True)
    return Span(start, end)
