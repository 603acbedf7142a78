"""Slurm's time formats (man sbatch, --time and --begin)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.models.formats.times import parse_instant, parse_limit, show_instant

NOON = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())  # a Sunday


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30 * 60),
        ("90:30", 91 * 60),  # rounded up to minutes
        ("1:30:00", 5400),
        ("00:00:01", 60),
        ("2-0", 2 * 86400),
        ("1-12", 86400 + 12 * 3600),
        ("1-12:30", 86400 + 12 * 3600 + 30 * 60),
        ("7-00:00:00", 7 * 86400),
        ("100:00:00", 360000),
        ("0", None),
        ("UNLIMITED", None),
        ("infinite", None),
        ("-1", None),
        ("NOT_SET", None),
    ],
)
def test_limits(text: str, seconds: int | None) -> None:
    assert parse_limit(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1-", "-5", "1:2:3:4", "1h", "٣", "1.5", "1-2-3", ":30", "9" * 40, "1e3"]
)
def test_limits_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_limit(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1795318851", 1795318851),
        ("2026-11-22T12:00:00", NOON),
        ("2026-11-22T12:00", NOON),
        ("2026-11-22T13:00:00+01:00", NOON),
        ("2026-11-22", NOON - 12 * 3600),
        ("now", NOON),
        ("now+1hour", NOON + 3600),
        ("now+60", NOON + 60),
        ("now + 2 weeks", NOON + 14 * 86400),
        ("tomorrow", NOON + 12 * 3600),
        ("today", NOON - 12 * 3600),
        ("13:30", NOON + 5400),
        ("11:00", NOON + 23 * 3600),  # past today, so tomorrow
        ("teatime", NOON + 4 * 3600),
        ("4:05:06pm", NOON + 4 * 3600 + 306),
        ("12:00 AM", NOON + 12 * 3600),
        ("Unknown", None),
        ("None", None),
        ("N/A", None),
    ],
)
def test_instants(text: str, instant: int | None) -> None:
    assert parse_instant(text, now_s=NOON) == instant


@pytest.mark.parametrize(
    "text", ["yesterday", "now+1fortnight", "25:00", "13:00pm", "2026-02-30", "9" * 13, "now-1"]
)
def test_instants_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text, now_s=NOON)


def test_local_time_follows_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Zurich")
    time.tzset()
    assert parse_instant("2026-11-22T13:00:00") == NOON
    assert show_instant(NOON) == "2026-11-22T13:00:00"


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_limit, parse_instant):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert value is None or value >= 0


@given(st.integers(0, 10**6), st.integers(0, 23), st.integers(0, 59))
def test_days_hours_minutes(days: int, hours: int, minutes: int) -> None:
    total = days * 86400 + hours * 3600 + minutes * 60
    assert parse_limit(f"{days}-{hours:02d}:{minutes:02d}:00") == (total or None)
