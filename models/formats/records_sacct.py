"""``sacct -P``: which columns suffice, and what a row says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..errors import InputError, Problem
from .records import FileCount
from .records_clock import Clock
from .records_raw import RawEntry
from .records_rows import Row, read_rows
from .times import parse_limit

FORMAT = "sacct -P"
_NO_NODES = frozenset({"none assigned", "none", "(null)", "unknown", "n/a"})

# Each need is met by any one of its columns.
_NEEDED: tuple[tuple[str, ...], ...] = (
    ("jobid", "jobidraw"),
    ("start",),
    ("end", "elapsedraw", "elapsed"),
    ("nodelist",),
)
_USEFUL: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("segmentsize", "submitline"),
        "segments are not known: placement rules are not judged (SegmentSize or SubmitLine)",
    ),
    (
        ("submitline",),
        "spread and consolidated segments, node lists, excluded nodes and node ranges are not "
        "known and not judged (SubmitLine)",
    ),
    (("submit", "eligible"), "waits are not analysed (Submit or Eligible)"),
    (("timelimitraw", "timelimit"), "time limits are not checked (TimelimitRaw)"),
    (("exclusive", "submitline"), "exclusive jobs are not known (Exclusive or SubmitLine)"),
    (("partition",), "partitions are not checked (Partition)"),
    (("priority",), "priorities are not known: jobs are ordered by submission (Priority)"),
    (("licenses", "submitline"), "licences are not known: no layer is checked (Licenses)"),
    (("state",), "states are not known: requeued and resized jobs are not told apart (State)"),
)


def check_columns(columns: list[str], source: str) -> list[str]:
    """What the columns of a header do not allow, one line each.

    Raises
    ------
    InputError
        Naming every column without which nothing can be audited.
    """
    have = set(columns)
    lacking = [need for need in _NEEDED if not have.intersection(need)]
    if lacking:
        names = ", ".join(" or ".join(map(_pretty, need)) for need in lacking)
        wanted = "sacct -P -o JobID,Submit,Eligible,Start,End,State,NodeList,SubmitLine,..."
        raise InputError([Problem(source, "header", f"missing columns: {names}", wanted)])
    return [message for names, message in _USEFUL if not have.intersection(names)]


def read_sacct(
    lines: Sequence[str], count: FileCount, clock: Clock, facts: Counter[str], missing: set[str]
) -> Iterator[RawEntry]:
    """Entries of a ``sacct -P`` text; steps are counted, not read.

    Parameters
    ----------
    lines
        The text's lines.
    count
        Receives what becomes of every line.
    clock
        Zone of the instants.
    facts
        Receives how many steps, arrays ... were met.
    missing
        Receives what the columns do not allow.
    """

    def on_header(columns: list[str]) -> None:
        missing.update(check_columns(columns, count.source))

    for row in read_rows(lines, count, on_header):
        job_id = row.values.get("jobid") or row.values.get("jobidraw", "")
        if "." in job_id:
            count.skipped["step"] += 1
            facts["steps"] += 1
            continue
        try:
            entry = _entry(row, job_id, clock)
        except ValueError as error:
            count.fail(f"line {row.line}", str(error))
            continue
        entry.source, entry.line = count.source, row.line
        count.read += 1
        yield entry


def _entry(row: Row, job_id: str, clock: Clock) -> RawEntry:
    values = row.values

    def text(name: str) -> str:
        return values.get(name, "").strip()

    nodelist = text("nodelist")
    return RawEntry(
        job_id=job_id,
        raw_id=text("jobidraw"),
        sluid=text("sluid"),
        cluster=text("cluster"),
        user=text("user"),
        account=text("account"),
        name=text("jobname"),
        partition=text("partition"),
        state=text("state").split(" ")[0].rstrip("+").upper(),
        reason=text("reason"),
        submits=clock.readings(text("submit")),
        eligibles=clock.readings(text("eligible")),
        tells_eligible="eligible" in values,
        starts=clock.readings(text("start")),
        ends=clock.readings(text("end")),
        elapsed_s=_elapsed(text("elapsedraw"), text("elapsed")),
        suspended_s=_clock_seconds(text("suspended")) or 0,
        limit_s=_limit(text("timelimitraw"), text("timelimit")),
        nodelist="" if nodelist.lower() in _NO_NODES else nodelist,
        num_nodes=_number(text("nnodes") or text("allocnodes")),
        req_nodes=_number(text("reqnodes")),
        segment=_number(text("segmentsize")) if "segmentsize" in values else None,
        exclusive=text("exclusive").upper() if "exclusive" in values else None,
        submit_line=values.get("submitline"),
        priority=_number(text("priority")),
        constraints=text("constraints"),
        licenses=text("licenses"),
        reservation=text("reservation"),
        restarts=_number(text("restarts")) or 0,
        het_job="+" in job_id,
    )


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _limit(raw: str, pretty: str) -> int | None:
    """A limit in seconds; both columns may say UNLIMITED or Partition_Limit."""
    for text in (raw, pretty):
        if text and text.lower() != "partition_limit":
            return parse_limit(text)
    return None


def _elapsed(raw: str, pretty: str) -> int | None:
    if raw:
        return _number(raw)
    return _clock_seconds(pretty)


def _clock_seconds(text: str) -> int | None:
    """Seconds of ``[D-]HH:MM:SS``; parts of a second are dropped."""
    if not text or text.lower() in ("unknown", "invalid"):
        return None
    days, dash, clock = text.rpartition("-")
    parts = clock.split(".")[0].split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        raise ValueError(f"{text!r} is no duration")
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds + (int(days) * 86400 if dash else 0)


def _pretty(column: str) -> str:
    names = {"jobid": "JobID", "jobidraw": "JobIDRaw", "elapsedraw": "ElapsedRaw"}
    return names.get(column, "NodeList" if column == "nodelist" else column.capitalize())
