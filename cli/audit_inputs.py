"""What an audit is given besides the records: topologies and their dates, outages, slots."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..models.cluster import Cluster
from ..models.errors import InputError, Problem, ProblemLog
from ..models.formats.jobs_keys import expand_cached
from ..models.formats.jobs_licenses import LicenseResolver
from ..models.formats.outages import Outage, read_outages
from ..models.formats.records import RecordSet
from ..models.formats.records_clock import Clock
from ..models.formats.records_read import read_records
from ..models.formats.text import read_text
from ..models.hostlist import natural_sorted
from ..models.node import Node
from .progress import warn
from .state_options import load

# Warnings of a day's dump can be thousands; the report counts all of them.
MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class DatedTopology:
    """A topology file, and from when on it was in force (None: from the beginning)."""

    since_s: int | None
    path: Path


@dataclass(frozen=True)
class AuditInputs:
    """All that was read."""

    records: RecordSet
    clusters: list[tuple[int | None, Cluster]]
    outages: list[Outage]
    clock: Clock

    def instant(self, text: str | None) -> int | None:
        """The value of ``--now``.

        Raises
        ------
        InputError
            If it is no instant.
        """
        if text is None:
            return None
        found = _instant(text, self.clock)
        if found is None:
            raise InputError([Problem("--now", "", repr(text), "a date and time, or seconds")])
        return found


def read_inputs(
    records: Sequence[Path],
    topologies: Sequence[str],
    *,
    resources: list[Path] | None,
    nodes: list[Path] | None,
    slurm_conf: Path | None,
    outages: Sequence[Path],
    timezone: str | None,
    cluster: str | None,
    progress: Callable[[str], None] | None,
) -> AuditInputs:
    """Read everything; warnings go to stderr.

    Raises
    ------
    InputError
        For whatever cannot be read at all.
    """
    try:
        clock = Clock.named(timezone)
    except ValueError as error:
        raise InputError([Problem("--timezone", "", str(error), "")]) from None
    clusters = load_clusters(
        parse_topologies(topologies, clock),
        resources=resources,
        nodes=nodes,
        slurm_conf=slurm_conf,
    )
    known = clusters[-1][1].resources if clusters else ()
    record_set = read_records(
        records,
        clock=clock,
        licenses=LicenseResolver({resource.name: resource for resource in known}),
        cluster=cluster,
        progress=progress,
    )
    for count in record_set.files:
        warn_some(count.problems)
    if not clusters:
        warn("no --topology: only rules that need none are checked, on the nodes of the records")
        clusters = [(None, cluster_of_records(record_set))]
    return AuditInputs(record_set, clusters, read_all_outages(outages, clock), clock)


def parse_topologies(values: Sequence[str], clock: Clock) -> list[DatedTopology]:
    """Values of ``--topology``: ``FILE`` or ``DATE=FILE``.

    Raises
    ------
    InputError
        For a file that does not exist, or two topologies without a date.
    """
    found = []
    for value in values:
        date, equals, rest = value.partition("=")
        since_s = _instant(date, clock) if equals else None
        path = Path(rest if since_s is not None else value)
        if not path.is_file():
            problem = Problem("--topology", "", f"no file {str(path)!r}", "FILE or DATE=FILE")
            raise InputError([problem])
        found.append(DatedTopology(since_s, path))
    if sum(topology.since_s is None for topology in found) > 1:
        wanted = "DATE=FILE for all but the first"
        raise InputError([Problem("--topology", "", "several files without a date", wanted)])
    return found


def _instant(text: str, clock: Clock) -> int | None:
    try:
        readings = clock.readings(text)
    except ValueError:
        return None
    return readings[0] if readings else None


def load_clusters(
    topologies: Sequence[DatedTopology],
    *,
    resources: list[Path] | None,
    nodes: list[Path] | None,
    slurm_conf: Path | None,
) -> list[tuple[int | None, Cluster]]:
    """The cluster of every topology; what the node files say of states now is not used."""
    return [
        (
            topology.since_s,
            load(
                topology.path, resources=resources, nodes=nodes, slurm_conf=slurm_conf
            ).instance.cluster,
        )
        for topology in topologies
    ]


def cluster_of_records(record_set: RecordSet) -> Cluster:
    """A flat cluster of the nodes that the records name: all there is without a topology file.

    Raises
    ------
    InputError
        If no record names a node.
    """
    lists = {record.nodelist for record in record_set.records if record.nodelist}
    names = {name for nodelist in lists for name in expand_cached(nodelist)}
    if not names:
        found = "no record names a node, and there is no topology"
        raise InputError([Problem("RECORDS", "", found, "--topology, or records with node lists")])
    return Cluster(tuple(Node(name) for name in natural_sorted(names)))


def read_all_outages(paths: Sequence[Path], clock: Clock) -> list[Outage]:
    """Outages and reservations of all files; warnings go to stderr."""
    outages: list[Outage] = []
    for path in paths:
        found, log = read_outages(path, clock)
        outages += found
        warn_some(log.warnings)
    return outages


def warn_some(problems: Sequence[Problem]) -> None:
    """Warn of the first problems, and of how many more there are."""
    for problem in problems[:MAX_WARNINGS]:
        warn(str(problem))
    if len(problems) > MAX_WARNINGS:
        warn(f"... and {len(problems) - MAX_WARNINGS} more of this kind")


def read_slots(path: Path) -> dict[str, int]:
    """CPU slots per node from a CSV with the columns ``node`` and ``cpus`` (or ``slots``).

    Raises
    ------
    InputError
        With every line that cannot be read.
    """
    log = ProblemLog(str(path))
    rows = csv.DictReader(read_text(path).splitlines())
    columns = rows.fieldnames or []
    key = next((name for name in ("cpus", "slots") if name in columns), None)
    if key is None or "node" not in columns:
        log.error("line 1", f"columns {', '.join(columns) or 'none'}", "node,cpus")
        log.raise_errors()
    assert key is not None
    slots: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        text = (row[key] or "").strip()
        if not (text.isascii() and text.isdigit()):
            log.error(f"line {number}", f"{key} {text!r}", "a whole number")
            continue
        slots[(row["node"] or "").strip()] = int(text)
    log.raise_errors()
    return slots
