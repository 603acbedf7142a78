"""``scontrol show reservations --json``: nodes promised to somebody else, now or later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..cluster import Cluster
from ..errors import ProblemLog
from ..hostlist import expand
from ..job import Job
from .jobs_keys import named, shown
from .slurm_json import BadField, field_of, iterate_json, number, text_of
from .times import show_instant


@dataclass(frozen=True, slots=True)
class Reservation:
    """Nodes reserved from `start_s` to `end_s` (None: without end)."""

    name: str
    nodes: tuple[str, ...]
    start_s: int
    end_s: int | None


@dataclass(frozen=True, slots=True)
class Reservations:
    """Reservations that hold nodes, and when they were listed."""

    entries: tuple[Reservation, ...]
    now_s: int | None


def read_reservations(text: str, log: ProblemLog) -> Reservations:
    """Reservations of the command's output.

    Raises
    ------
    InputError
        When it is not JSON.
    """
    found: list[Reservation] = []
    now_s: int | None = None
    is_known = False
    for place, key, value in iterate_json(text, log, ("reservations",)):
        try:
            if key == "last_update":
                now_s = number(value) or None
            elif key == "reservations":
                is_known = True
                if isinstance(value, Mapping):
                    found.append(_reservation(value))
                elif value != []:
                    log.error(place, shown(value), "an object")
        except BadField as error:
            log.error(f"{place}.{error.name}", error.found, error.wanted)
        except ValueError as error:
            log.error(place, str(error), "a whole number")
    if not is_known:
        log.error("", "no reservations", "the output of scontrol show reservations --json")
    return Reservations(tuple(entry for entry in found if entry.nodes), now_s)


def _reservation(record: Mapping[str, object]) -> Reservation:
    return Reservation(
        name=field_of(record, "name", text_of, "a text"),
        nodes=field_of(record, "node_list", _names, "a hostlist"),
        start_s=field_of(record, "start_time", number, "a whole number") or 0,
        end_s=field_of(record, "end_time", number, "a whole number"),
    )


def _names(value: object) -> tuple[str, ...]:
    text = text_of(value)
    return () if text == "(null)" else tuple(expand(text))


def reserved_now(
    reservations: Iterable[Reservation], cluster: Cluster, now_s: int, log: ProblemLog
) -> frozenset[int]:
    """Node indices of the reservations that are active at `now_s`."""
    nodes: set[int] = set()
    for reservation in reservations:
        if reservation.start_s <= now_s and (
            reservation.end_s is None or now_s < reservation.end_s
        ):
            indices = {
                cluster.index_of[name] for name in reservation.nodes if name in cluster.index_of
            }
            nodes |= indices
            found = f"reservation {shown(reservation.name)} holds {named(reservation.nodes)}"
            log.warn("", f"{found}: unavailable to all jobs planned here")
    return frozenset(nodes)


def warn_future(
    reservations: Iterable[Reservation], jobs: Sequence[Job], now_s: int, log: ProblemLog
) -> None:
    """A future reservation keeps jobs off its nodes whose time limit reaches into it."""
    for reservation in reservations:
        if reservation.start_s <= now_s:
            continue
        room_s = reservation.start_s - now_s
        label = shown(reservation.name)
        late = [job for job in jobs if job.time_limit_s is None or job.time_limit_s > room_s]
        if late:
            start = show_instant(reservation.start_s)
            log.warn(
                "",
                f"reservation {label} takes {named(reservation.nodes)} from {start}: "
                f"Slurm starts none of the {len(late)} jobs there whose time limit ends later",
                "--unavailable for these nodes, or shorter limits",
            )
