"""Reading records: files of any supported format, plain or gzipped, put together."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import InputError, Problem
from . import records_sacct, records_trace
from .jobs_licenses import LicenseResolver
from .records import FileCount, Record, RecordSet
from .records_clock import Clock
from .records_json import read_json_jobs, snapshot_instant
from .records_merge import merge_entries
from .records_raw import RawEntry
from .records_request import RequestReader
from .records_rows import is_header
from .records_snapshots import Snapshot, close_snapshots

Progress = Callable[[str], None]
_GZIP_MAGIC = b"\x1f\x8b"


def read_records(
    paths: Sequence[Path],
    *,
    clock: Clock | None = None,
    licenses: LicenseResolver | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> RecordSet:
    """Everything that the files tell, each allocation once.

    Parameters
    ----------
    paths
        ``sacct -P`` texts, ``sacct --json``, ``squeue --json``, CSV traces; gzipped or not.
    clock
        Zone of the instants in texts.
    licenses
        Resolver over the cluster's resources.
    cluster
        Keep only records of this cluster.
    progress
        Told which file is read.

    Raises
    ------
    InputError
        If a file cannot be read at all: unknown format, broken JSON, missing columns.
    """
    clock = clock or Clock()
    facts: Counter[str] = Counter()
    missing: set[str] = set()
    entries: list[RawEntry] = []
    snapshots: list[Snapshot] = []
    counts: dict[str, FileCount] = {}
    for path in paths:
        if progress is not None:
            progress(f"reading {path}")
        source = str(path)
        if source in counts:
            raise InputError([Problem(source, "", "given twice", "each file once")])
        text = _text(path, facts)
        count, found, snapshot = _read_one(source, text, clock, facts, missing)
        counts[source] = count
        if snapshot is None:
            entries.extend(found)
        else:
            snapshots.append(snapshot)
    entries.extend(close_snapshots(snapshots, counts, facts))
    entries = _of_cluster(entries, cluster, counts)
    merged = merge_entries(entries, counts, facts)
    _count_kinds(merged, facts)
    reader = RequestReader(licenses or LicenseResolver({}), facts)
    records = _build(merged, reader, counts)
    for name, number in reader.licenses.ignored.items():
        facts[f"requests for licence {name}, which is no resource of the cluster"] += number
    records.sort(key=_order)
    kept = Counter({name: number for name, number in facts.items() if number})
    return RecordSet(tuple(records), tuple(counts.values()), kept, tuple(sorted(missing)))


def _read_one(
    source: str, text: str, clock: Clock, facts: Counter[str], missing: set[str]
) -> tuple[FileCount, list[RawEntry], Snapshot | None]:
    """Entries of one file, in the format that its content shows."""
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(source, text, facts)
    # Not splitlines(): free texts may hold form feeds and Unicode line separators.
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    headers = (line for line in lines if is_header(line) or records_trace.is_header(line))
    header = next(headers, None)
    if header is None:
        wanted = "sacct -P with its header, sacct --json, squeue --json or a CSV trace"
        raise InputError([Problem(source, "", "no line names any columns", wanted)])
    if is_header(header):
        count = FileCount(source, records_sacct.FORMAT)
        found = list(records_sacct.read_sacct(lines, count, clock, facts, missing))
    else:
        count = FileCount(source, records_trace.FORMAT)
        found = list(records_trace.read_trace(lines, count, facts, missing))
    return count, found, None


def _read_json(
    source: str, text: str, facts: Counter[str]
) -> tuple[FileCount, list[RawEntry], Snapshot | None]:
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        found = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        problem = Problem(source, place, f"broken JSON: {found}", "a complete document")
        raise InputError([problem]) from None
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if not isinstance(jobs, list):
        problem = Problem(source, "", "no list of jobs", "sacct --json or squeue --json")
        raise InputError([problem])
    taken = snapshot_instant(document, jobs)
    count = FileCount(source, "sacct --json" if taken is None else "squeue --json")
    entries = list(read_json_jobs(jobs, count, facts, snapshot_s=taken))
    if taken is None:
        return count, entries, None
    return count, [], Snapshot(source, taken, entries)


def _text(path: Path, facts: Counter[str]) -> str:
    """Content of a file; bytes that are no UTF-8 (old job names) are replaced and counted."""
    try:
        data = path.read_bytes()
        if data[:2] == _GZIP_MAGIC:
            data = gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        problem = Problem(str(path), "", f"broken gzip data ({error})", "a complete file")
        raise InputError([problem]) from None
    except OSError as error:
        problem = Problem(str(path), "", f"cannot be read: {error.strerror}", "")
        raise InputError([problem]) from None
    text = data.decode("utf-8-sig", errors="replace")
    facts["files with bytes that are no UTF-8"] += "\ufffd" in text
    return text


def _of_cluster(
    entries: list[RawEntry], cluster: str | None, counts: dict[str, FileCount]
) -> list[RawEntry]:
    """Entries of one cluster: several may use the same names of nodes and ids of jobs."""
    if cluster is None:
        found = {entry.cluster for entry in entries if entry.cluster}
        if len(found) > 1:
            told = f"records of {len(found)} clusters: {', '.join(sorted(found))}"
            raise InputError([Problem("RECORDS", "", told, "--cluster with one of them")])
        return entries
    kept = []
    for entry in entries:
        if entry.cluster in ("", cluster):
            kept.append(entry)
        else:
            counts[entry.source].read -= 1
            counts[entry.source].skipped["other cluster"] += 1
    return kept


def _count_kinds(merged: list[tuple[RawEntry, bool]], facts: Counter[str]) -> None:
    for entry, _ in merged:
        facts["array tasks"] += "_" in entry.job_id
        facts["heterogeneous components"] += entry.het_job
        facts["jobs without an end"] += bool(entry.starts) and not entry.ends
        facts["instants unknown"] += not entry.submits


def _build(
    merged: list[tuple[RawEntry, bool]], reader: RequestReader, counts: dict[str, FileCount]
) -> list[Record]:
    records = []
    for entry, is_continuation in merged:
        try:
            records.append(reader.record(entry, is_continuation=is_continuation))
        except ValueError as error:
            count = counts[entry.source]
            count.read -= 1
            count.fail(f"line {entry.line}", str(error))
    return records


def _order(record: Record) -> tuple[int, int, str, int]:
    submit = record.job.submit_s if record.job.submit_s is not None else 0
    start = record.start_s if record.start_s is not None else submit
    return (start, submit, record.job.job_id, record.line)
