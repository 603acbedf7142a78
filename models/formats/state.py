"""From an operator's files to an `Instance`: all sources combined (interfaces.md, State)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cluster import Cluster
from ..errors import Problem, ProblemLog
from ..instance import Instance
from ..node import KNOWN_STATES
from .collector import Collector
from .jobs_build import JobContext, JobEntry
from .jobs_file import read_jobs
from .jobs_keys import named, shown
from .jobs_licenses import LicenseResolver
from .profiles import NodeProfile
from .slurm_output_jobs import Queue, read_queue
from .slurm_output_licenses import LayerUse, read_licenses, used_by_layer
from .slurm_output_reservations import (
    Reservations,
    read_reservations,
    reserved_now,
    warn_future,
)
from .state_cluster import read_cluster
from .state_jobs import JobResolver, ResolvedJobs
from .state_nodes import MergedNodes, read_unavailable
from .state_partitions import assume_partitions
from .state_usage import used_by_running, warn_overdrawn, warn_unknown_draw
from .text import read_text


@dataclass(frozen=True)
class LoadedState:
    """What `load_state` returns.

    Attributes
    ----------
    instance
        The cluster, what runs on it, and the queue.
    warnings
        What somebody should know about the input, each with its place.
    sources
        Job id to the file and place where the job was read.
    """

    instance: Instance
    warnings: tuple[Problem, ...]
    sources: dict[str, str]


def load_state(
    *,
    topology: Path,
    resources: Sequence[Path] = (),
    nodes: Sequence[Path] = (),
    queue: Sequence[Path] = (),
    jobs: Sequence[Path] = (),
    unavailable: Sequence[str] = (),
    slurm_conf: Path | None = None,
    reservations: Path | None = None,
    licenses: Path | None = None,
    profile: NodeProfile | str | None = None,
    now_s: int | None = None,
) -> LoadedState:
    """The instance that all files together describe.

    Parameters
    ----------
    topology
        topology.yaml, topology.conf or ``scontrol show topology`` text.
    resources
        resources.yaml, and power.yaml with caps in watts.
    nodes
        ``scontrol show nodes --json``, ``sinfo --json`` or node CSV. Without any, all nodes of the
        topology are idle.
    queue
        ``squeue --json`` or ``scontrol show jobs --json``: running jobs occupy nodes, pending
        eligible ones are planned.
    jobs
        YAML, CSV or sbatch scripts.
    unavailable
        Hostlists, added to whatever the node files say is down.
    slurm_conf
        Nodes, partitions and TopologyParam.
    reservations
        ``scontrol show reservations --json``.
    licenses
        ``scontrol show licenses --json``: what Slurm counts as used; else it is computed from the
        running jobs.
    profile
        GPUs and watts of the nodes for which no file says them.
    now_s
        The instant of the state; by default what the newest of Slurm's files says.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    collector = Collector()
    state = read_cluster(topology, slurm_conf, nodes, resources, profile, collector)
    cluster, merged = state.cluster, state.merged
    resolver = LicenseResolver({resource.name: resource for resource in cluster.resources})
    context = JobContext(resolver, state.gpus_per_node, merged.now_s if now_s is None else now_s)
    entries: list[JobEntry] = []
    for path in queue:
        dump = collector.read(path, partial(_read_queue, path, context=context))
        if dump is not None:
            entries += dump.entries
            context.now_s = context.now_s or dump.now_s
    for path in jobs:
        entries += collector.read(path, partial(read_jobs, path, context=context)) or []
    reader = partial(read_unavailable, unavailable, cluster.index_of)
    down = collector.read("--unavailable", reader) or frozenset()
    reserved = (
        collector.read(reservations, partial(_read_reservations, reservations))
        if reservations
        else None
    )
    layers = collector.read(licenses, partial(_read_licenses, licenses)) if licenses else None
    log = ProblemLog("state")
    if not state.has_partitions:
        cluster = assume_partitions(cluster, entries, log)
    resolved = _resolve(cluster, state.closed_partitions, entries, collector)
    collector.raise_errors()
    _warn_jobs(context, entries, log)
    now = context.now_s
    if reserved is not None:
        now = reserved.now_s if now is None else now
        down |= _apply_reservations(reserved, cluster, resolved, now, log)
    held = frozenset[int]().union(*(running.nodes for running in resolved.running))
    busy, unusable = _node_states(cluster, merged, held, log)
    allocated = busy - held
    used = used_by_running(cluster, resolved.running, allocated)
    if layers is not None:
        used |= used_by_layer(layers, cluster, log)
    warn_overdrawn(cluster, used, log)
    if any(table.has_merged_features for table in merged.tables):
        _warn_features(resolved, log)
    warn_unknown_draw(cluster, [*resolved.pending, *(r.job for r in resolved.running)], log)
    collector.take(log)
    instance = Instance(
        cluster=cluster,
        jobs=tuple(resolved.pending),
        running=tuple(resolved.running),
        unavailable=(down | unusable) - held - allocated,
        allocated=allocated,
        blocked=frozenset(
            index for index, node in enumerate(cluster.nodes) if node.states and node.is_blocked
        ),
        used=used,
        ineligible=tuple(resolved.ineligible),
        now_s=now,
    )
    sources = {entry.job.job_id: f"{entry.source}, {entry.place}" for entry in entries}
    return LoadedState(instance, tuple(collector.warnings), sources)


def _read_queue(path: Path, log: ProblemLog, context: JobContext) -> Queue:
    return read_queue(read_text(path), log, context)


def _read_reservations(path: Path, log: ProblemLog) -> Reservations:
    return read_reservations(read_text(path), log)


def _read_licenses(path: Path, log: ProblemLog) -> list[LayerUse]:
    return read_licenses(read_text(path), log)


def _resolve(
    cluster: Cluster,
    closed: frozenset[str],
    entries: Sequence[JobEntry],
    collector: Collector,
) -> ResolvedJobs:
    log = ProblemLog("state")
    resolver = JobResolver(cluster, closed, log)
    resolved = resolver.resolve(entries)
    for found in (*resolver.logs, log):
        collector.take(found)
    return resolved


def _apply_reservations(
    reserved: Reservations,
    cluster: Cluster,
    resolved: ResolvedJobs,
    now_s: int | None,
    log: ProblemLog,
) -> frozenset[int]:
    """Nodes reserved now; a warning for jobs that would run into a later reservation."""
    if now_s is None:
        log.warn("", "reservations are ignored: nothing says what time it is")
        return frozenset()
    warn_future(reserved.entries, resolved.pending, now_s, log)
    return reserved_now(reserved.entries, cluster, now_s, log)


def _node_states(
    cluster: Cluster, merged: MergedNodes, held: frozenset[int], log: ProblemLog
) -> tuple[frozenset[int], frozenset[int]]:
    """Nodes that some job holds by their state, and nodes that are no use now."""
    busy, unusable, idle_but_held, unknown = set(), set(), set(), set[str]()
    if merged.is_complete:
        listed_ones = merged.nodes
        unusable = {i for i, node in enumerate(cluster.nodes) if node.name not in listed_ones}
    for index, node in enumerate(cluster.nodes):
        if not node.states:  # idle: of large clusters without a node file all nodes are
            continue
        if node.is_busy:
            busy.add(index)
        elif index in held:
            idle_but_held.add(index)
        strange = node.states - KNOWN_STATES
        if strange or not node.is_usable:
            unusable.add(index)
        unknown |= strange
    if unknown:
        found = f"unknown node states {', '.join(map(shown, sorted(unknown)))}"
        log.warn("", f"{found}: such nodes are unavailable")
    if idle_but_held:
        listed = named(cluster.names(frozenset(idle_but_held)))
        found = f"{len(idle_but_held)} nodes are held by running jobs but not allocated: {listed}"
        log.warn("", f"{found}; they count as occupied")
    return frozenset(busy), frozenset(unusable)


def _warn_jobs(context: JobContext, entries: Iterable[JobEntry], log: ProblemLog) -> None:
    """What concerns many jobs alike is said once."""
    if context.gpus_only:
        log.warn(
            _some(context.gpus_only),
            "gpus without nodes: Slurm would confine the job to one block; planned as whole nodes "
            "wherever the topology allows",
            "nodes beside gpus",
        )
    for name, count in sorted(context.licenses.ignored.items()):
        found = f"licence {name!r} of {count} jobs is no hierarchical resource: ignored"
        log.warn("", found, "--resources, if it is one")


def _warn_features(resolved: ResolvedJobs, log: ProblemLog) -> None:
    """sinfo prints one node's features for a whole line of nodes: they cannot be used."""
    count = sum(1 for job in resolved.pending if job.features)
    if count:
        found = f"sinfo does not tell the features of single nodes, which {count} jobs ask for"
        log.warn("", found, "scontrol show nodes --json")


def _some(job_ids: Sequence[str]) -> str:
    listed = ", ".join(job_ids[:5])
    return f"job {listed}" + (f" and {len(job_ids) - 5} more" if len(job_ids) > 5 else "")
