"""Partitions of the cluster: from slurm.conf, else from the node files, else one of all nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..cluster import Cluster, Partition
from ..errors import ProblemLog
from ..node import Node
from .jobs_build import JobEntry
from .slurm_output_nodes import SinfoPartition


def assume_partitions(cluster: Cluster, entries: Iterable[JobEntry], log: ProblemLog) -> Cluster:
    """A cluster without described partitions, with those that a live queue names.

    A job file that names a partition nobody knows is wrong; a queue that does so comes from a
    cluster whose partitions were not given.
    """
    live = (entry for entry in entries if entry.is_live)
    names = list(dict.fromkeys(name for entry in live for name in entry.job.partitions))
    if not names:
        return cluster
    found = f"no file describes the partitions {', '.join(names)}: each is taken to hold all nodes"
    log.warn("", found, "--slurm-conf or --nodes")
    everything = frozenset(range(len(cluster.nodes)))
    assumed = tuple(Partition(name, everything) for name in names)
    return replace(cluster, partitions=cluster.partitions + assumed)


def partitions_of_nodes(
    nodes: Sequence[Node], described: Iterable[SinfoPartition]
) -> tuple[Partition, ...]:
    """Partitions that the nodes name, the default one first, else in the order of mention.

    Parameters
    ----------
    nodes
        In index order.
    described
        What sinfo says of partitions: tier, topology, exclusivity, which is the default.
    """
    details = {partition.name: partition for partition in described}
    members: dict[str, list[int]] = {name: [] for name in details}
    for index, node in enumerate(nodes):
        for name in node.partitions:
            members.setdefault(name, []).append(index)
    partitions = []
    for name, indices in members.items():
        detail = details.get(name)
        partitions.append(
            Partition(
                name,
                frozenset(indices),
                topology=detail.topology if detail else None,
                is_exclusive_topo=detail.is_exclusive_topo if detail else False,
                priority_tier=detail.priority_tier if detail else 1,
            )
        )
    defaults = {name for name, detail in details.items() if detail.is_default}
    return tuple(sorted(partitions, key=lambda partition: partition.name not in defaults))
