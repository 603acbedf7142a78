"""The recorded past on a cluster: allocations, waits, outages, cut where the topology changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..cluster import Cluster, Partition
from ..formats.jobs_keys import expand_cached
from ..formats.outages import Outage
from ..formats.records import Record, RecordSet
from .findings import Finding


@dataclass(frozen=True, slots=True)
class Allocation:
    """Nodes held by one job for one interval, ``start_s`` included, ``end_s`` not.

    Attributes
    ----------
    record
        What was recorded.
    nodes
        Node indices, ascending; nodes that the cluster does not have are missing.
    num_unknown
        How many are missing.
    start_s, end_s
        Within the window of its era.
    partition
        Name of a partition of the era's cluster.
    is_start
        Whether the job started at `start_s` (rather than changed size, or outlived a topology).
    """

    record: Record
    nodes: tuple[int, ...]
    num_unknown: int
    start_s: int
    end_s: int
    partition: str
    is_start: bool

    @property
    def job_id(self) -> str:
        """Id of its job."""
        return self.record.job.job_id

    @property
    def is_whole(self) -> bool:
        """Whether it is known to hold its nodes alone."""
        return self.record.whole_nodes is True


@dataclass(frozen=True, slots=True)
class Wait:
    """A job that could run and did not, from `start_s` until it started or was given up."""

    record: Record
    start_s: int
    end_s: int
    partition: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Nodes that are down, or set aside for a reservation."""

    nodes: frozenset[int]
    start_s: int
    end_s: int
    outage: Outage


@dataclass(frozen=True)
class Era:
    """A stretch of time with one topology.

    Attributes
    ----------
    cluster
        The machine of that time; it has every partition that the records name.
    start_s, end_s
        Its window.
    allocations
        By start.
    waits
        By start.
    absences
        Outages and reservations.
    """

    cluster: Cluster
    start_s: int
    end_s: int
    allocations: tuple[Allocation, ...]
    waits: tuple[Wait, ...]
    absences: tuple[Absence, ...] = ()

    @cached_property
    def everything(self) -> frozenset[int]:
        """All node indices."""
        return frozenset(range(len(self.cluster.nodes)))


@dataclass(frozen=True)
class History:
    """All eras, and what could not be placed in them."""

    eras: tuple[Era, ...]
    facts: Counter[str] = field(default_factory=Counter)

    def era_at(self, instant_s: int) -> Era:
        """The era of an instant; the nearest one outside of all."""
        for era in self.eras:
            if instant_s < era.end_s:
                return era
        return self.eras[-1]

    def names(self, finding: Finding) -> list[str]:
        """Names of the nodes of a finding."""
        return self.era_at(finding.start_s).cluster.names(finding.nodes)


def build_history(
    record_set: RecordSet,
    clusters: Sequence[tuple[int | None, Cluster]],
    *,
    outages: Sequence[Outage] = (),
    now_s: int | None = None,
) -> History:
    """Place records on the clusters of their times.

    Parameters
    ----------
    record_set
        As read.
    clusters
        ``(valid from, cluster)``; the first is valid from the beginning whatever its date.
    outages
        Nodes down or reserved, by name.
    now_s
        Until when jobs without an end run and wait; None takes the last instant on record.
    """
    facts: Counter[str] = Counter()
    first_s = record_set.first_s or 0
    last_s = max(record_set.last_s or 0, first_s)
    horizon_s = max(now_s, first_s) if now_s is not None else last_s
    dated = sorted(clusters, key=lambda pair: pair[0] if pair[0] is not None else first_s)
    bounds = [max(start or first_s, first_s) for start, _ in dated]
    bounds[0] = first_s
    eras = []
    for number, (_, cluster) in enumerate(dated):
        is_last = number + 1 == len(dated)
        # The window of the last era includes its last instant.
        end_s = max(horizon_s, last_s) + 1 if is_last else bounds[number + 1]
        if end_s > bounds[number]:
            window = (bounds[number], end_s)
            eras.append(_era(record_set.records, cluster, outages, window, horizon_s, facts))
    return History(tuple(eras), +facts)


def _era(
    records: Iterable[Record],
    cluster: Cluster,
    outages: Iterable[Outage],
    window: tuple[int, int],
    horizon_s: int,
    facts: Counter[str],
) -> Era:
    cluster = _with_partitions(cluster, records)
    resolver = _Resolver(cluster.index_of)
    allocations: list[Allocation] = []
    waits: list[Wait] = []
    for record in records:
        allocation = _allocation(record, cluster, resolver, window, horizon_s)
        if allocation is not None:
            allocations.append(allocation)
            facts["allocations on nodes that the topology lacks"] += bool(allocation.num_unknown)
        wait = _wait(record, cluster, window, horizon_s)
        if wait is not None:
            waits.append(wait)
    allocations.sort(key=_turn)
    waits.sort(key=lambda wait: wait.start_s)
    absences = tuple(_absences(outages, cluster.index_of, window, horizon_s))
    facts["nodes that the topology lacks"] += len(resolver.unknown)
    return Era(cluster, *window, tuple(allocations), tuple(waits), absences)


def _with_partitions(cluster: Cluster, records: Iterable[Record]) -> Cluster:
    """The cluster with every partition that records name; unknown ones have all nodes."""
    named = {name: None for record in records for name in record.job.partitions}
    everything = frozenset(range(len(cluster.nodes)))
    added = [Partition(name, everything) for name in named if name not in cluster.partition_named]
    return replace(cluster, partitions=(*cluster.partitions, *added)) if added else cluster


class _Resolver:
    """Node indices of hostlists, each list resolved once."""

    def __init__(self, index_of: Mapping[str, int]) -> None:
        self.index_of = index_of
        self.unknown: set[str] = set()
        self._known: dict[str, tuple[tuple[int, ...], int]] = {}

    def resolve(self, nodelist: str) -> tuple[tuple[int, ...], int]:
        """Ascending indices, and the number of names without one."""
        found = self._known.get(nodelist)
        if found is None:
            names = expand_cached(nodelist)
            nodes = tuple(sorted(self.index_of[name] for name in names if name in self.index_of))
            self.unknown.update(name for name in names if name not in self.index_of)
            found = self._known[nodelist] = (nodes, len(names) - len(nodes))
        return found


def _allocation(
    record: Record,
    cluster: Cluster,
    resolver: _Resolver,
    window: tuple[int, int],
    horizon_s: int,
) -> Allocation | None:
    if record.start_s is None or not record.nodelist:
        return None
    end_s = record.end_s if record.end_s is not None else max(horizon_s, record.start_s) + 1
    start_s, stop_s = max(record.start_s, window[0]), min(end_s, window[1])
    starts_here = window[0] <= record.start_s < window[1]
    if stop_s <= start_s and not starts_here:
        return None
    nodes, num_unknown = resolver.resolve(record.nodelist)
    partition = record.job.partitions[0] if record.job.partitions else cluster.partitions[0].name
    is_start = starts_here and not record.is_continuation
    return Allocation(
        record, nodes, num_unknown, start_s, max(stop_s, start_s), partition, is_start
    )


def _turn(allocation: Allocation) -> tuple[int, int, int]:
    """Order of starts; in one second the higher priority and the earlier submission go first."""
    job = allocation.record.job
    return (allocation.start_s, -(job.priority or 0), job.submit_s or 0)


def _wait(
    record: Record, cluster: Cluster, window: tuple[int, int], horizon_s: int
) -> Wait | None:
    since_s = record.waits_from_s
    if since_s is None or record.is_continuation:
        return None
    until_s = record.start_s if record.start_s is not None else record.end_s
    if until_s is None:
        until_s = horizon_s + 1
    start_s, end_s = max(since_s, window[0]), min(until_s, window[1])
    if end_s <= start_s:
        return None
    partition = record.job.partitions[0] if record.job.partitions else cluster.partitions[0].name
    return Wait(record, start_s, end_s, partition)


def _absences(
    outages: Iterable[Outage],
    index_of: Mapping[str, int],
    window: tuple[int, int],
    horizon_s: int,
) -> Iterable[Absence]:
    for outage in outages:
        end_s = outage.end_s if outage.end_s is not None else horizon_s + 1
        start_s, end_s = max(outage.start_s, window[0]), min(end_s, window[1])
        names = expand_cached(outage.nodelist)
        nodes = frozenset(index_of[name] for name in names if name in index_of)
        if nodes and end_s > start_s:
            yield Absence(nodes, start_s, end_s, outage)
