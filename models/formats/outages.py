"""Nodes that were down or reserved: ``sacctmgr show event -P`` text, or a CSV of our own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProblemLog
from ..hostlist import HostlistError
from ..node import UNUSABLE_STATES, parse_states
from .jobs_keys import expand_cached
from .records_clock import Clock
from .text import read_text

OUTAGE = "outage"
RESERVATION = "reservation"

_CSV_COLUMNS = ("nodes", "start", "end")


@dataclass(frozen=True, slots=True)
class Outage:
    """Some nodes that could not be used, from `start_s` on and until `end_s` (None: still so).

    Attributes
    ----------
    nodelist
        Hostlist of the nodes.
    start_s, end_s
        Instants.
    kind
        ``outage``, or ``reservation``: then jobs of that reservation may use them.
    name
        Name of the reservation.
    reason
        As recorded.
    is_off
        Whether the nodes draw no power: down rather than drained or reserved.
    """

    nodelist: str
    start_s: int
    end_s: int | None
    kind: str = OUTAGE
    name: str = ""
    reason: str = ""
    is_off: bool = True


def read_outages(path: Path, clock: Clock) -> tuple[list[Outage], ProblemLog]:
    """Outages of one file, and the warnings about its lines.

    Parameters
    ----------
    path
        ``sacctmgr show event -P`` (bars), or CSV with columns nodes,start,end[,kind,name,reason];
        instants as sacct prints them or in seconds since the epoch.
    clock
        Zone of the instants.

    Raises
    ------
    InputError
        If the columns are not there, or a line cannot be read.
    """
    log = ProblemLog(str(path))
    lines = [line for line in read_text(path).split("\n") if line.strip()]
    header = lines[0].rstrip("\r") if lines else ""
    separator = "|" if "|" in header else ","
    columns = [name.strip().lower() for name in header.split(separator)]
    is_event = separator == "|"
    wanted = ("nodename", "timestart", "timeend") if is_event else _CSV_COLUMNS
    missing = [name for name in wanted if name not in columns]
    if missing:
        log.error("line 1", f"missing columns: {', '.join(missing)}", ", ".join(wanted))
        log.raise_errors()
    outages = []
    for number, line in enumerate(lines[1:], start=2):
        fields = _split(line.rstrip("\r"), separator, len(columns))
        if fields is None:
            log.error(f"line {number}", "another number of fields", f"{len(columns)}")
            continue
        values = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
        outage = _outage(values, is_event, clock, log, f"line {number}")
        if outage is not None:
            outages.append(outage)
    log.raise_errors()
    return outages, log


def _split(line: str, separator: str, wanted: int) -> list[str] | None:
    fields = line.split("|") if separator == "|" else next(csv.reader([line]))
    return fields if len(fields) == wanted else None


def _outage(
    values: dict[str, str], is_event: bool, clock: Clock, log: ProblemLog, place: str
) -> Outage | None:
    nodelist = values["nodename" if is_event else "nodes"]
    if is_event and (not nodelist or not _takes_nodes_away(values.get("state", ""))):
        log.warn(
            place, f"no outage of a node (state {values.get('state') or 'unknown'}): left out"
        )
        return None
    start_key, end_key = ("timestart", "timeend") if is_event else ("start", "end")
    try:
        expand_cached(nodelist)
        starts, ends = clock.readings(values[start_key]), clock.readings(values[end_key])
    except HostlistError as error:
        log.error(place, str(error), "a hostlist")
        return None
    except ValueError as error:
        log.error(place, str(error), "an instant, or Unknown")
        return None
    if not starts:
        log.error(place, f"start {values[start_key]!r}", "an instant")
        return None
    kind = values.get("kind", "") or OUTAGE
    if kind not in (OUTAGE, RESERVATION):
        log.error(place, f"kind {kind!r}", f"{OUTAGE} or {RESERVATION}")
        return None
    end_s = ends[-1] if ends else None
    if end_s is not None and end_s < starts[0]:
        log.error(place, "ends before it starts", "")
        return None
    name, reason = values.get("name", ""), values.get("reason", "")
    states = parse_states([values.get("state", "")])
    is_off = kind == OUTAGE and (not states or "DOWN" in states)
    return Outage(nodelist, starts[0], end_s, kind, name, reason, is_off)


def _takes_nodes_away(state: str) -> bool:
    """Whether a node event keeps new jobs off (POWERED_DOWN nodes are started on demand)."""
    states = parse_states([state])
    return not states or bool(states & UNUSABLE_STATES)
