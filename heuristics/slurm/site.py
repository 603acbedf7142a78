"""What never changes about a cluster, prepared once for many decisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...models.cluster import Cluster, Partition
from ...models.instance import Instance
from ...models.job import Job
from ...models.legality import Legality
from ...models.resources import Mode, Resource
from ...models.rules.exclusive import is_enforced
from ...models.topology import Topology, unit_owner
from .attempt import Counts, Pool
from .dispatch import Selector
from .hres import UNLIMITED
from .layer_totals import slurm_capacities

_REMEMBERED = 4


class Site:
    """Selectors, exclusive units and node flags of one cluster.

    Attributes
    ----------
    cluster
        The cluster.
    legality
        Decides where ``--exclusive=topo`` is enforced and what the layers of MODE_3 hold.
    capacities
        Amount for jobs of every layer by resource, `UNLIMITED` for infinite ones.
    """

    def __init__(self, cluster: Cluster, legality: Legality) -> None:
        self.cluster = cluster
        self.legality = legality
        self.num_nodes = len(cluster.nodes)
        self._selectors: dict[str, Selector] = {}
        self._units: dict[str, Counts] = {}
        self._eligible: dict[frozenset[int], Pool] = {}
        self.capacities = _capacities(cluster, legality)
        self.enforces_anywhere = any(
            is_enforced(topology, legality) for topology in cluster.topologies
        )

    def selector(self, partition: Partition) -> Selector:
        """Slurm's choice of nodes on the topology of `partition`."""
        topology = self.cluster.topology_of(partition)
        if topology.name not in self._selectors:
            self._selectors[topology.name] = Selector(self.cluster, topology)
        return self._selectors[topology.name]

    def is_enforced(self, partition: Partition) -> bool:
        """Whether exclusive jobs of `partition` are kept apart."""
        return is_enforced(self.cluster.topology_of(partition), self.legality)

    def units(self, partition: Partition) -> Counts:
        """Exclusive unit of every node on the topology of `partition`, -1 without one (7)."""
        topology = self.cluster.topology_of(partition)
        if topology.name not in self._units:
            units = np.full(self.num_nodes, -1, dtype=np.int64)
            for node, unit in unit_owner(topology).items():
                units[node] = unit
            self._units[topology.name] = units
        return self._units[topology.name]

    def eligible(self, instance: Instance, job: Job, partition: Partition) -> Pool:
        """Nodes the job may use whatever their state: its long ``--nodelist`` is a pool (0.1).

        Unlike `Instance.eligible`, a list no longer than the job restricts nothing here: the
        algorithms deal with it.
        """
        nodes = instance.eligible(replace(job, nodelist=None), partition)
        flags = self._eligible.get(nodes)
        if flags is None:
            flags = self._eligible[nodes] = self.flags(nodes)
        if job.nodelist is not None and len(job.nodelist) > job.num_nodes:
            return flags & self.flags(instance.listed(job))
        return flags

    def flags(self, nodes: frozenset[int]) -> Pool:
        """Node indices as flags."""
        flags = np.zeros(self.num_nodes, dtype=np.bool_)
        flags[list(nodes)] = True
        return flags

    def resource(self, name: str) -> Resource | None:
        """The resource called `name`."""
        return next((each for each in self.cluster.resources if each.name == name), None)


def site_of(cluster: Cluster, legality: Legality = Legality.SLURM_26_11) -> Site:
    """The site of a cluster; the last few are remembered by identity."""
    for site in _SITES:
        if site.cluster is cluster and site.legality is legality:
            return site
    site = Site(cluster, legality)
    _SITES.insert(0, site)
    del _SITES[_REMEMBERED:]
    return site


_SITES: list[Site] = []


def is_mapped(resource: Resource, topology: Topology) -> bool:
    """Whether a MODE_3 resource caps the block counts of `topology` (5.1, 5.4).

    Slurm drops the mapping of a resource without variables.
    """
    return (
        resource.mode is Mode.MODE_3
        and resource.topology == topology.name
        and bool(resource.variables)
        and topology.kind == "block"
    )


def _capacities(cluster: Cluster, legality: Legality) -> dict[str, tuple[int, ...]]:
    if legality is Legality.SLURM_26_11:
        amounts = slurm_capacities(cluster.resources)
    else:
        amounts = {
            resource.name: tuple(layer.capacity for layer in resource.layers)
            for resource in cluster.resources
        }
    return {
        name: tuple(UNLIMITED if amount < 0 else amount for amount in layers)
        for name, layers in amounts.items()
    }
