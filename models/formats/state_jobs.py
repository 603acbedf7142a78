"""Jobs of all files on the cluster: names resolved, duplicates refused, the queue in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..cluster import Cluster
from ..errors import ProblemLog
from ..hostlist import natural_key
from ..instance import IneligibleJob, RunningJob
from ..job import Job
from .jobs_build import JobEntry, JobState
from .jobs_keys import named, shown


@dataclass(slots=True)
class ResolvedJobs:
    """The jobs of an instance.

    Attributes
    ----------
    pending
        In the order in which they are planned.
    running
        In file order.
    ineligible
        In the order in which they would be planned.
    """

    pending: list[Job] = field(default_factory=list)
    running: list[RunningJob] = field(default_factory=list)
    ineligible: list[IneligibleJob] = field(default_factory=list)


class JobResolver:
    """Checks entries one by one, and collects what is wrong with them.

    Parameters
    ----------
    cluster
        The machine.
    closed
        Partitions in which nothing starts.
    log
        Receives warnings that concern several jobs.
    """

    def __init__(self, cluster: Cluster, closed: frozenset[str], log: ProblemLog) -> None:
        self._cluster = cluster
        self._closed = closed
        self._log = log
        self._logs: dict[str, ProblemLog] = {}
        self._foreign_nodes: set[str] = set()

    @property
    def logs(self) -> Iterable[ProblemLog]:
        """What was found, by source."""
        return self._logs.values()

    def resolve(self, entries: Sequence[JobEntry]) -> ResolvedJobs:
        """Jobs of all files; problems are in `logs` afterwards."""
        self._refuse_duplicates(entries)
        resolved = ResolvedJobs()
        waiting: list[JobEntry] = []
        for entry in entries:
            if entry.state is JobState.RUNNING:
                running = self._running(entry)
                if running is not None:
                    resolved.running.append(running)
            else:
                waiting.append(self._checked(entry))
        for entry in sorted(waiting, key=self._order):
            if entry.state is JobState.PENDING:
                resolved.pending.append(entry.job)
            else:
                resolved.ineligible.append(IneligibleJob(entry.job, entry.reason))
        if self._foreign_nodes:
            found = f"running jobs hold {len(self._foreign_nodes)} unknown nodes"
            self._log.warn("", f"{found}: {named(list(self._foreign_nodes))}; they are left out")
        self._warn_shared(resolved.running)
        return resolved

    def _log_of(self, entry: JobEntry) -> ProblemLog:
        return self._logs.setdefault(entry.source, ProblemLog(entry.source))

    def _refuse_duplicates(self, entries: Iterable[JobEntry]) -> None:
        first: dict[str, JobEntry] = {}
        for entry in entries:
            earlier = first.setdefault(entry.job.job_id, entry)
            if earlier is not entry:
                at = f"{earlier.source}, {earlier.place}"
                found = f"job {entry.job.job_id} a second time (first in {at})"
                self._log_of(entry).error(entry.place, found, "each job once")

    def _running(self, entry: JobEntry) -> RunningJob | None:
        index_of = self._cluster.index_of
        unknown = [name for name in entry.nodes if name not in index_of]
        if unknown and not entry.is_live:
            self._log_of(entry).error(
                f"{entry.place}, nodelist",
                f"unknown nodes {named(unknown)}",
                "nodes of the cluster",
            )
            return None
        self._foreign_nodes.update(unknown)
        nodes = frozenset(index_of[name] for name in entry.nodes if name in index_of)
        if not nodes:
            return None
        partitions = entry.job.partitions
        partition = partitions[0] if partitions else None
        if partition is not None and partition not in self._cluster.partition_named:
            if not entry.is_live:
                self._unknown_partitions(entry, [partition])
            partition = None
        job = entry.job
        if partition is None and job.partitions:
            job = replace(job, partitions=())
        return RunningJob(job, nodes, partition)

    def _checked(self, entry: JobEntry) -> JobEntry:
        """The entry; a live job that names what is not here is only listed."""
        problems = []
        entry = self._open(entry)
        unknown = [
            name for name in entry.job.partitions if name not in self._cluster.partition_named
        ]
        if unknown:
            if not entry.is_live:
                self._unknown_partitions(entry, unknown)
            problems.append(f"partition {', '.join(unknown)} is not among the known ones")
        index_of = self._cluster.index_of
        for key, names in (("nodelist", entry.job.nodelist), ("exclude", entry.job.exclude)):
            missing = [name for name in names or () if name not in index_of]
            if not missing:
                continue
            if not entry.is_live:
                found = f"unknown nodes {named(missing)}"
                self._log_of(entry).error(f"{entry.place}, {key}", found, "nodes of the cluster")
            elif key == "nodelist":
                problems.append(f"nodelist names unknown nodes {named(missing)}")
        if not problems or not entry.is_live:
            return entry
        reason = entry.reason or "; ".join(problems)
        job = replace(
            entry.job,
            partitions=tuple(name for name in entry.job.partitions if name not in unknown),
        )
        return replace(entry, job=job, state=JobState.INELIGIBLE, reason=reason)

    def _open(self, entry: JobEntry) -> JobEntry:
        """The entry without partitions that are down; with no other, the job is only listed."""
        named_ones = entry.job.partitions or (self._cluster.partitions[0].name,)
        left = tuple(name for name in named_ones if name not in self._closed)
        if len(left) == len(named_ones):
            return entry
        if left:
            return replace(entry, job=replace(entry.job, partitions=left))
        reason = entry.reason or "PartitionDown"
        return replace(entry, state=JobState.INELIGIBLE, reason=reason)

    def _unknown_partitions(self, entry: JobEntry, names: Sequence[str]) -> None:
        known = ", ".join(self._cluster.partition_named)
        found = f"unknown partition {', '.join(map(shown, names))}"
        self._log_of(entry).error(f"{entry.place}, partition", found, f"one of {known}")

    def _order(self, entry: JobEntry) -> tuple[bool, int, int, bool, int, str]:
        """Expedited, partition tier, priority, submit time, id (design 6, 10)."""
        job = entry.job
        partitions = [
            self._cluster.partition_named[name]
            for name in job.partitions
            if name in self._cluster.partition_named
        ]
        tier = max(
            (partition.priority_tier for partition in partitions),
            default=self._cluster.partitions[0].priority_tier,
        )
        submit = job.submit_s
        return (
            not entry.is_expedited,
            -tier,
            -(job.priority or 0),
            submit is None,
            submit or 0,
            natural_key(job.job_id),
        )

    def _warn_shared(self, running: Sequence[RunningJob]) -> None:
        """Nodes held by several jobs: whole nodes are placed, so they count as occupied once."""
        everything = frozenset[int]().union(*(held.nodes for held in running))
        if len(everything) == sum(len(held.nodes) for held in running):
            return
        holder: dict[int, str] = {}
        shared: set[int] = set()
        for held in running:
            for node in held.nodes:
                if holder.setdefault(node, held.job.job_id) != held.job.job_id:
                    shared.add(node)
        if shared:
            names = self._cluster.names(frozenset(shared))
            found = f"{len(shared)} nodes are held by more than one running job: {named(names)}"
            self._log.warn("", found)
