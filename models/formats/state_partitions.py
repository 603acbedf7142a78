"""Partitions of the cluster: from slurm.conf, else from the node files, else one of all nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cluster import Partition
from ..node import Node
from .slurm_output_nodes import SinfoPartition


def partitions_of_nodes(
    nodes: Sequence[Node], described: Iterable[SinfoPartition]
) -> tuple[Partition, ...]:
    """Partitions that the nodes name, the default one first, else in order of first mention.

    Parameters
    ----------
    nodes
        In index order.
    described
        What sinfo says of partitions: tier, topology, exclusivity, which is the default.
    """
    members: dict[str, list[int]] = {}
    for index, node in enumerate(nodes):
        for name in node.partitions:
            members.setdefault(name, []).append(index)
    details = {partition.name: partition for partition in described}
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
