"""From an operator's files to an `Instance`: all sources combined (interfaces.md, State)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cluster import Cluster
from ..errors import Problem, ProblemLog
from ..instance import Instance
from .collector import Collector
from .jobs_build import JobContext, JobEntry
from .jobs_file import read_jobs
from .jobs_keys import named
from .jobs_licenses import LicenseResolver
from .profiles import NodeProfile, profile_named
from .state_jobs import JobResolver, ResolvedJobs
from .state_nodes import MergedNodes, known_names, node_table, read_nodes, read_unavailable
from .state_partitions import partitions_of_nodes
from .topology_bind import bind_topologies
from .topology_file import read_topology


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
    nodes: Sequence[Path] = (),
    jobs: Sequence[Path] = (),
    unavailable: Sequence[str] = (),
    profile: NodeProfile | str | None = None,
    now_s: int | None = None,
) -> LoadedState:
    """The instance that all files together describe.

    Parameters
    ----------
    topology
        topology.yaml, topology.conf or ``scontrol show topology`` text.
    nodes
        ``scontrol show nodes --json``, ``sinfo --json`` or node CSV. Without any, all nodes of the
        topology are idle.
    jobs
        YAML, CSV or sbatch scripts.
    unavailable
        Hostlists, added to whatever the node files say is down.
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
    hardware = collector.read("--profile", lambda log: _profile(profile, log))
    file = collector.read(topology, lambda log: read_topology(topology, log=log))
    merged = MergedNodes()
    for path in nodes:
        table = collector.read(path, partial(read_nodes, path))
        if table is not None:
            merged.add(table)
    collector.raise_errors()
    assert file is not None

    names, topologies, warnings = bind_topologies(file, known_names(file, merged, collector))
    collector.warnings += warnings
    nodes_in_order = node_table(names, merged, hardware)
    described = [detail for known in merged.tables for detail in known.partitions.values()]
    partitions = partitions_of_nodes(nodes_in_order, described)
    cluster = Cluster(nodes_in_order, topologies, partitions)
    now = merged.now_s if now_s is None else now_s

    gpus_per_node = hardware.gpus_per_node if hardware else merged.gpus_per_node
    resolver = LicenseResolver({resource.name: resource for resource in cluster.resources})
    context = JobContext(resolver, gpus_per_node, now)
    entries: list[JobEntry] = []
    for path in jobs:
        entries += collector.read(path, partial(read_jobs, path, context=context)) or []
    down = collector.read(
        "--unavailable", lambda log: read_unavailable(unavailable, cluster.index_of, log)
    )
    resolved = _resolve(cluster, entries, collector)
    collector.raise_errors()
    _warn_jobs(context, collector)
    instance = _instance(cluster, resolved, down or frozenset(), merged, now, collector)
    sources = {entry.job.job_id: f"{entry.source}, {entry.place}" for entry in entries}
    return LoadedState(instance, tuple(collector.warnings), sources)


def _profile(profile: NodeProfile | str | None, log: ProblemLog) -> NodeProfile | None:
    if not isinstance(profile, str):
        return profile
    try:
        return profile_named(profile)
    except ValueError as error:
        log.error("", str(error))
        return None


def _resolve(cluster: Cluster, entries: Sequence[JobEntry], collector: Collector) -> ResolvedJobs:
    log = ProblemLog("state")
    resolver = JobResolver(cluster, log)
    resolved = resolver.resolve(entries)
    for found in (*resolver.logs, log):
        collector.take(found)
    return resolved


def _warn_jobs(context: JobContext, collector: Collector) -> None:
    """What concerns many jobs alike is said once."""
    log = ProblemLog("jobs")
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
    collector.take(log)


def _some(job_ids: Sequence[str]) -> str:
    shown = ", ".join(job_ids[:5])
    return f"job {shown}" + (f" and {len(job_ids) - 5} more" if len(job_ids) > 5 else "")


def _instance(
    cluster: Cluster,
    resolved: ResolvedJobs,
    down: frozenset[int],
    merged: MergedNodes,
    now_s: int | None,
    collector: Collector,
) -> Instance:
    """Nodes held, down and blocked, from what jobs and node files say (interfaces.md, State)."""
    held = frozenset[int]().union(*(running.nodes for running in resolved.running))
    states = {index: node for index, node in enumerate(cluster.nodes) if node.states}
    busy = {index for index, node in states.items() if node.is_busy}
    unusable = {index for index, node in states.items() if not node.is_usable}
    if merged.is_complete:
        unusable |= {i for i, node in enumerate(cluster.nodes) if node.name not in merged.nodes}
    idle_but_held = frozenset(index for index in held if index in states and index not in busy)
    if idle_but_held:
        log = ProblemLog("state")
        listed = named(cluster.names(idle_but_held))
        found = f"{len(idle_but_held)} nodes are held by running jobs but not allocated: {listed}"
        log.warn("", f"{found}; they count as occupied")
        collector.take(log)
    allocated = frozenset(busy) - held
    return Instance(
        cluster=cluster,
        jobs=tuple(resolved.pending),
        running=tuple(resolved.running),
        unavailable=(down | unusable) - held - allocated,
        allocated=allocated,
        blocked=frozenset(index for index, node in states.items() if node.is_blocked),
        ineligible=tuple(resolved.ineligible),
        now_s=now_s,
    )
