"""One record per allocation from entries that repeat, supersede and continue each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from .records import FileCount
from .records_raw import RawEntry

_PENDING = frozenset({"PENDING", "REQUEUE_HOLD", "REQUEUED_HOLD", "SPECIAL_EXIT"})


def merge_entries(
    entries: Iterable[RawEntry], counts: dict[str, FileCount], facts: Counter[str]
) -> list[tuple[RawEntry, bool]]:
    """Unique entries, each with whether it continues a resized job.

    Parameters
    ----------
    entries
        From all files, in reading order.
    counts
        Counts by source; a repeated entry moves from read to skipped.
    facts
        Receives how many were requeued, resized ...

    Notes
    -----
    A dump of January and one of February both hold a job that ran over midnight, once without its
    end; ``sacct -D`` gives one row per run of a requeued job and per size of a resized one. The
    same identity (`RawEntry.identity`) with another start is another run.
    """
    groups: dict[tuple[str, ...], list[RawEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.identity, []).append(entry)
    unique: list[RawEntry] = []
    for group in groups.values():
        unique.extend(group if len(group) == 1 else _unique_runs(group, counts, facts))
    return _mark_continuations(unique, facts)


def _unique_runs(
    group: list[RawEntry], counts: dict[str, FileCount], facts: Counter[str]
) -> list[RawEntry]:
    runs: dict[tuple[int, ...], RawEntry] = {}
    for entry in group:
        known = runs.get(entry.starts)
        if known is None:
            runs[entry.starts] = entry
            continue
        better, worse = (entry, known) if _is_newer(entry, known) else (known, entry)
        runs[entry.starts] = better
        _drop(worse, "duplicate" if _says_the_same(better, worse) else "superseded", counts)
        if better.ends and worse.ends and better.ends != worse.ends:
            facts["contradicting duplicates"] += 1
    # An entry without a start was superseded by the one that tells when it started.
    if len(runs) > 1 and () in runs:
        _drop(runs.pop(()), "superseded", counts)
    return list(runs.values())


def _is_newer(entry: RawEntry, known: RawEntry) -> bool:
    """Whether `entry` knows more: ended beats running beats pending; later reading breaks ties."""

    def rank(candidate: RawEntry) -> tuple[bool, bool]:
        return (bool(candidate.ends), candidate.state not in _PENDING)

    return rank(entry) >= rank(known)


def _says_the_same(one: RawEntry, other: RawEntry) -> bool:
    return (one.ends, one.nodelist, one.state) == (other.ends, other.nodelist, other.state)


def _drop(entry: RawEntry, reason: str, counts: dict[str, FileCount]) -> None:
    count = counts[entry.source]
    count.read -= 1
    count.skipped[reason] += 1


def _mark_continuations(
    entries: list[RawEntry], facts: Counter[str]
) -> list[tuple[RawEntry, bool]]:
    """Tell a resized job's later pieces from the runs of a requeued one."""
    by_job: dict[tuple[str, str], list[RawEntry]] = {}
    for entry in entries:
        by_job.setdefault((entry.cluster, entry.job_id), []).append(entry)
    continuing: set[int] = set()
    for runs in by_job.values():
        if len(runs) == 1:
            continue
        runs.sort(key=lambda entry: entry.starts[:1] or (1 << 62,))
        for before, after in pairwise(runs):
            if before.state == "RESIZING" and before.ends and before.ends == after.starts:
                continuing.add(id(after))
                facts["resized"] += 1
            elif before.state in ("REQUEUED", "NODE_FAIL", "PREEMPTED"):
                facts["requeued"] += 1
            else:
                facts["reused job ids"] += 1
    return [(entry, id(entry) in continuing) for entry in entries]
