"""Several ``squeue --json`` snapshots: a job is there in some and gone in the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .records import FileCount
from .records_raw import RawEntry


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its file, when it was taken, its jobs."""

    source: str
    taken_s: int
    entries: list[RawEntry]


def close_snapshots(
    snapshots: list[Snapshot], counts: dict[str, FileCount], facts: Counter[str]
) -> Iterator[RawEntry]:
    """Each job once, as last seen.

    Notes
    -----
    A job that a later snapshot no longer shows ended somewhere in between. It is taken to end when
    it was last seen: it may have held its nodes longer, so that nothing is reported wrongly.
    """
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.taken_s)
    last_seen: dict[tuple[object, ...], tuple[int, RawEntry]] = {}
    for snapshot in ordered:
        for entry in snapshot.entries:
            key = (*entry.identity, entry.starts)
            waiting = (*entry.identity, ())
            known = last_seen.pop(key, None) or last_seen.pop(waiting, None)
            if known is not None:
                _repeat(known[1], counts)
            last_seen[key] = (snapshot.taken_s, entry)
    latest_s = ordered[-1].taken_s if ordered else 0
    for taken_s, entry in last_seen.values():
        if taken_s < latest_s and not entry.ends:
            entry.ends = (max(taken_s, *entry.starts) if entry.starts else taken_s,)
            facts["ends known only between two snapshots"] += 1
        yield entry


def _repeat(entry: RawEntry, counts: dict[str, FileCount]) -> None:
    counts[entry.source].read -= 1
    counts[entry.source].skipped["seen in a later snapshot"] += 1
