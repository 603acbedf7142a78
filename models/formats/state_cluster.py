"""The cluster from its files: topology, slurm.conf, node files, resources and hardware profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cluster import Cluster, Partition
from ..errors import ProblemLog
from ..resources import Resource
from .collector import Collector
from .jobs_keys import shown
from .profiles import NodeProfile, profile_named
from .resources_file import read_resources
from .slurm_config import SlurmConfig, read_slurm_conf
from .state_nodes import MergedNodes, known_names, node_table, read_nodes
from .state_partitions import partitions_of_nodes
from .topology_bind import bind_topologies
from .topology_file import read_topology
from .topology_spec import TopologyFile


@dataclass(frozen=True)
class ClusterState:
    """The cluster, and what its files say beyond it.

    Attributes
    ----------
    cluster
        The machine.
    merged
        The node files.
    closed_partitions
        Partitions in which nothing starts.
    has_partitions
        Whether any file names partitions; otherwise there is one of all nodes.
    gpus_per_node
        GPUs of a node, by the profile or the node files.
    """

    cluster: Cluster
    merged: MergedNodes
    closed_partitions: frozenset[str]
    has_partitions: bool
    gpus_per_node: int | None


def read_cluster(
    topology: Path,
    slurm_conf: Path | None,
    nodes: Sequence[Path],
    resources: Sequence[Path],
    profile: NodeProfile | str | None,
    collector: Collector,
) -> ClusterState:
    """Read and combine the files that describe the machine.

    Raises
    ------
    InputError
        When one of them is wrong: jobs cannot be checked against a broken cluster.
    """
    hardware = collector.read("--profile", partial(_profile, profile))
    file = collector.read(topology, partial(_topology, topology))
    config, merged = SlurmConfig(), MergedNodes()
    if slurm_conf is not None:
        config = collector.read(slurm_conf, partial(_config, slurm_conf)) or config
        merged.add_config(config.node_table, has_live_states=bool(nodes))
    for path in nodes:
        table = collector.read(path, partial(read_nodes, path))
        if table is not None:
            merged.add(table)
    collector.raise_errors()
    assert file is not None
    names, topologies, warnings = bind_topologies(
        file,
        known_names(file, merged, collector),
        is_dragonfly=config.is_dragonfly,
        ranks_by_topology=config.ranks_by_topology,
    )
    collector.warnings += warnings
    by_index = node_table(names, merged, hardware)
    described = [detail for known in merged.tables for detail in known.partitions.values()]
    partitions = partitions_of_nodes(by_index, described)
    _check_partition_topologies(partitions, [entry.name for entry in topologies], collector)
    read = _resources(resources, names, [entry.name for entry in topologies], collector)
    collector.raise_errors()
    return ClusterState(
        cluster=Cluster(by_index, topologies, partitions, read),
        merged=merged,
        closed_partitions=config.closed_partitions,
        has_partitions=bool(partitions),
        gpus_per_node=hardware.gpus_per_node if hardware else merged.gpus_per_node,
    )


def _topology(path: Path, log: ProblemLog) -> TopologyFile:
    return read_topology(path, log=log)


def _config(path: Path, log: ProblemLog) -> SlurmConfig:
    config = read_slurm_conf(path, log=log)
    if not config.nodes:
        log.error("", "no NodeName lines", "a slurm.conf with its nodes and partitions")
    return config


def _profile(profile: NodeProfile | str | None, log: ProblemLog) -> NodeProfile | None:
    if not isinstance(profile, str):
        return profile
    try:
        return profile_named(profile)
    except ValueError as error:
        log.error("", str(error))
        return None


def _check_partition_topologies(
    partitions: Sequence[Partition], topologies: Sequence[str], collector: Collector
) -> None:
    """Slurm does not start with a partition on an unknown topology (1.1)."""
    log = ProblemLog("partitions")
    for partition in partitions:
        if partition.topology is not None and partition.topology not in topologies:
            found = f"unknown topology {shown(partition.topology)}"
            log.error(f"partition {partition.name}", found, f"one of {', '.join(topologies)}")
    collector.take(log)


def _resources(
    paths: Sequence[Path],
    names: Sequence[str],
    topologies: Sequence[str],
    collector: Collector,
) -> tuple[Resource, ...]:
    """Resources of all files; a name may be used once."""
    resources: list[Resource] = []
    seen: dict[str, Path] = {}
    for path in paths:
        reader = partial(_resource_file, path, names, topologies)
        log = ProblemLog(str(path))
        for resource in collector.read(path, reader) or ():
            first = seen.setdefault(resource.name, path)
            if first != path:
                found = f"resource {shown(resource.name)} a second time (first in {first})"
                log.error("", found, "each name once")
            resources.append(resource)
        collector.take(log)
    return tuple(resources)


def _resource_file(
    path: Path, names: Sequence[str], topologies: Sequence[str], log: ProblemLog
) -> tuple[Resource, ...]:
    return read_resources(path, names, topology_names=topologies, log=log)
