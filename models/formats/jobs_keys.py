"""Every key of a job file: its type, its range, and what a wrong value is told (interfaces.md).

One table for YAML, CSV and sbatch scripts. A parser takes a YAML scalar or a text and returns the
value, or raises ValueError with what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..errors import ProblemLog
from ..features import check_features
from ..hostlist import expand, fold
from ..job import Switches
from ..legality import Exclusive
from .jobs_licenses import LicenseRequest, parse_licenses
from .times import INSTANT_FORMS, LIMIT_FORMS, parse_instant, parse_limit

MAX_NODES = 10_000_000
MAX_GPUS = 100_000_000
MAX_SEGMENT = 0xFFFD  # 16 bits; the two highest values are Slurm's NO_VAL16 and INFINITE16
MAX_PRIORITY = 0xFFFF_FFFF
MAX_POWER_W = 10_000_000
MAX_TEXT = 4096

_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_COUNT = re.compile(r"([0-9]{1,12})([kKmM]?)", re.ASCII)
_SCALE = {"": 1, "k": 1024, "m": 1024 * 1024}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PARTITION = re.compile(r"[^\s,]+")

Parser = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class JobKey:
    """One key: how its value is read, and what to ask for when it cannot be read."""

    name: str
    parse: Parser
    wanted: str


def shown(value: object) -> str:
    """A value as it is quoted in a message: short, and on one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text_of(value: object) -> str:
    """The text of a scalar; YAML reads unquoted digits as a number."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(shown(value))


def _whole(low: int, high: int) -> Parser:
    def parse(value: object) -> int:
        text = _text_of(value)
        if _WHOLE.fullmatch(text) is None or not low <= int(text) <= high:
            raise ValueError(shown(value))
        return int(text)

    return parse


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _text_of(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(shown(value))


def _text(value: object) -> str:
    # Free texts are never interpreted, so any scalar will do.
    text = str(value) if isinstance(value, float | bool) else _text_of(value)
    if len(text) > MAX_TEXT or _CONTROL.search(text):
        raise ValueError(shown(value))
    return text


def _job_id(value: object) -> str:
    text = _text_of(value)
    if not text or len(text) > 256 or _CONTROL.search(text):
        raise ValueError(shown(value))
    return text


def _nodes(value: object) -> tuple[int, int]:
    """``4``, ``2-4`` and Slurm's suffixes k and m; a range plans its lower end (0.1)."""
    low_text, dash, high_text = _text_of(value).partition("-")
    low = _count(low_text, value)
    high = _count(high_text, value) if dash else low
    if high < low:
        raise ValueError(shown(value))
    return low, high


def _count(text: str, value: object) -> int:
    match = _COUNT.fullmatch(text.strip())
    number = int(match[1]) * _SCALE[match[2].lower()] if match else 0
    if not 1 <= number <= MAX_NODES:
        raise ValueError(shown(value))
    return number


def _exclusive(value: object) -> Exclusive | None:
    word = _text_of(value).lower()
    if word in ("topo", "block"):  # `block` is what other schedulers call it
        return Exclusive.TOPO
    if word == "node":
        return Exclusive.NODE
    if word in ("null", "none", "no"):
        return None
    raise ValueError(shown(value))


def _switches(value: object) -> Switches:
    count_text, at, wait_text = _text_of(value).partition("@")
    if (
        not count_text.isascii()
        or not count_text.isdigit()
        or not 1 <= int(count_text) <= MAX_NODES
    ):
        raise ValueError(shown(value))
    if not at:
        return Switches(int(count_text))
    wait = parse_limit(wait_text)
    # Without a limit the count binds for as long as the job waits.
    return Switches(int(count_text), MAX_PRIORITY if wait is None else wait)


def _partitions(value: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _text_of(value).split(","))
    if not all(_PARTITION.fullmatch(name) for name in names):
        raise ValueError(shown(value))
    return tuple(dict.fromkeys(names))


def _hostlist(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        value = ",".join(_text_of(item) for item in value)
    names = expand_cached(_text_of(value))
    if not names:
        raise ValueError(shown(value))
    return names


@lru_cache(maxsize=4096, typed=True)
def expand_cached(text: str) -> tuple[str, ...]:
    """Names of a hostlist, each once: job files repeat the same lists over and over."""
    return tuple(dict.fromkeys(expand(text)))


@lru_cache(maxsize=4096, typed=True)
def _features(value: object) -> str:
    text = _text_of(value)
    check_features(text)
    return text


@lru_cache(maxsize=4096, typed=True)
def _licenses(value: object) -> LicenseRequest:
    return parse_licenses(_text_of(value))


@lru_cache(maxsize=4096, typed=True)
def _limit(value: object) -> int | None:
    return parse_limit(_text_of(value))


def _instant(value: object) -> int | None:
    return parse_instant(_text_of(value))


def _state(value: object) -> str:
    word = _text_of(value).lower()
    if word not in ("pending", "running"):
        raise ValueError(shown(value))
    return word


_TEXT = f"a text of at most {MAX_TEXT} characters without control characters"
_FLAG = "true, false, 1, 0, yes or no"
_HOSTLIST = "a hostlist such as n[01-18]"

_TABLE = (
    JobKey("job_id", _job_id, "a text or number of at most 256 characters"),
    JobKey("nodes", _nodes, f"a count from 1 to {MAX_NODES} or a range a-b"),
    JobKey("gpus", _whole(1, MAX_GPUS), f"a whole number from 1 to {MAX_GPUS}"),
    JobKey("gpus_per_node", _whole(1, 1024), "a whole number from 1 to 1024"),
    JobKey("segment", _whole(0, MAX_SEGMENT), f"a whole number from 0 (none) to {MAX_SEGMENT}"),
    JobKey("spread_segments", _flag, _FLAG),
    JobKey("consolidate_segments", _flag, _FLAG),
    JobKey("exclusive", _exclusive, "topo, node or null"),
    JobKey("switches", _switches, "a count or count@time, such as 2@00:10:00"),
    JobKey("contiguous", _flag, _FLAG),
    JobKey("partition", _partitions, "a partition name, or several separated by commas"),
    JobKey("nodelist", _hostlist, _HOSTLIST),
    JobKey("exclude", _hostlist, _HOSTLIST),
    JobKey("features", _features, "feature names joined by & and |, with parentheses"),
    JobKey("licenses", _licenses, "name:count[,name:count...]"),
    JobKey("power_w", _whole(0, MAX_POWER_W), f"whole watts per node from 0 to {MAX_POWER_W}"),
    JobKey("time_limit", _limit, LIMIT_FORMS),
    JobKey("submit", _instant, INSTANT_FORMS),
    JobKey("start", _instant, INSTANT_FORMS),
    JobKey("priority", _whole(0, MAX_PRIORITY), f"a whole number from 0 to {MAX_PRIORITY}"),
    JobKey("weight", _whole(0, MAX_PRIORITY), f"a whole number from 0 to {MAX_PRIORITY}"),
    JobKey("user", _text, _TEXT),
    JobKey("account", _text, _TEXT),
    JobKey("name", _text, _TEXT),
    JobKey("comment", _text, _TEXT),
    JobKey("state", _state, "pending or running"),
)

JOB_KEYS: Mapping[str, JobKey] = {key.name: key for key in _TABLE}


def parse_values(
    raw: Mapping[str, object],
    log: ProblemLog,
    place: str,
    places: Mapping[str, str] | None = None,
) -> dict[str, object] | None:
    """Typed values of one job's keys; None if any of them is wrong (all are reported).

    Parameters
    ----------
    raw
        Key to YAML scalar or text. None and empty texts count as absent.
    log
        Where problems go.
    place
        The job's place in its source.
    places
        Places of single keys, where they are known.
    """
    values: dict[str, object] = {}
    is_good = True
    for name, value in raw.items():
        if value is None or value == "":
            continue
        key = JOB_KEYS.get(name)
        if key is None:
            log.error(place, f"unknown key {shown(name)}", f"one of {', '.join(JOB_KEYS)}")
            is_good = False
            continue
        try:
            values[name] = key.parse(value)
        except (ValueError, TypeError) as error:
            # A TypeError is an unhashable value (a list or mapping) given to a cached parser.
            found = shown(value) if isinstance(error, TypeError) else str(error)
            log.error((places or {}).get(name, f"{place}, {name}"), found, key.wanted)
            is_good = False
    return values if is_good else None


def named(nodes: tuple[str, ...] | list[str]) -> str:
    """Node names folded for a message, cut when long."""
    folded = fold(nodes)
    return folded if len(folded) <= 80 else f"{folded[:77]}..."
