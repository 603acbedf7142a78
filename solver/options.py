"""A job in one of its partitions, resolved: what the placement model decides about."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from ..models.cluster import Partition
from ..models.instance import Instance, Units
from ..models.job import Job
from ..models.legality import Legality
from ..models.resources import Mode
from ..models.rules.block import has_floor_capacity
from ..models.rules.exclusive import held_nodes, is_enforced
from ..models.rules.resources import refusing_resource
from ..models.rules.start import dispatch_candidates, is_placed_flat
from ..models.rules.tree import leaf_limit
from ..models.rules.usage import draw_w, requested
from ..models.topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology


@dataclass(frozen=True)
class Option:
    """One job in one partition.

    Attributes
    ----------
    units
        What is placed: segments that must share one base block are one unit.
    topology_index
        Position of its topology in ``cluster.topologies``.
    candidates
        Nodes it may use now: eligible, free, and in no unit that somebody holds.
    required
        Nodes that must be part of it.
    is_one_node
        Whether it takes Slurm's shortcut for one-node jobs (0.3, B5).
    is_flat
        Whether it is placed as on flat (0.4).
    holds_sites
        Whether it holds whole topology units under the legality in force.
    one_per_site
        Whether each base block (spread) or ring (26.11) may host at most one of its units.
    max_leaves
        ``--switches`` where it binds, else None.
    """

    job: Job
    partition: Partition
    topology: Topology
    topology_index: int
    units: Units
    candidates: frozenset[int]
    required: frozenset[int]
    is_one_node: bool
    is_flat: bool
    holds_sites: bool
    one_per_site: bool
    max_leaves: int | None

    @property
    def key(self) -> Hashable:
        """Equal for options of different jobs that nothing distinguishes in placement."""
        return (
            self.partition.name,
            self.units,
            id(self.candidates),
            self.required,
            self.is_one_node,
            self.is_flat,
            self.holds_sites,
            self.one_per_site,
            self.max_leaves,
            self.job.contiguous,
            self.job.licenses,
            self.job.power_w,
        )


class OptionBuilder:
    """Resolves jobs against one instance; jobs that ask alike share their candidate sets."""

    def __init__(self, instance: Instance, legality: Legality) -> None:
        self.instance = instance
        self.legality = legality
        self._candidates: dict[tuple[int, int, tuple[str, ...]], frozenset[int]] = {}
        self._held: dict[int, frozenset[int]] = {}
        self._flat: dict[tuple[int, str, bool], bool] = {}

    def options(self, job: Job) -> list[Option]:
        """Options of `job` that the start state does not rule out at once, one per partition."""
        found = (self._option(job, partition) for partition in self.instance.partitions_of(job))
        return [option for option in found if option is not None]

    def _option(self, job: Job, partition: Partition) -> Option | None:
        instance, legality = self.instance, self.legality
        topology = instance.cluster.topology_of(partition)
        units = _in_one_block(instance.units(job, partition), topology)
        eligible = instance.eligible(job, partition)
        candidates = self._usable(job, eligible, topology)
        required = instance.required(job, partition)
        if units.count * units.size != job.num_nodes or len(candidates) < job.num_nodes:
            return None
        listed = frozenset(job.nodelist or ())
        if not required <= candidates or (required and len(required) < len(listed)):
            return None
        if refusing_resource(instance, job, legality) is not None:
            return None
        if legality is Legality.SLURM_26_11 and not has_floor_capacity(instance, job, partition):
            return None
        is_one_node = job.num_nodes == 1 and not isinstance(topology, TorusTopology)
        dispatched = dispatch_candidates(instance, job, partition)
        flat_key = (id(dispatched), partition.name, job.contiguous)
        if flat_key not in self._flat:
            self._flat[flat_key] = is_placed_flat(instance, job, partition)
        is_flat = self._flat[flat_key]
        is_ruled = not is_one_node and not is_flat
        if isinstance(topology, RingTopology) and is_ruled and 0 < len(required) < job.num_nodes:
            return None
        one_per_ring = isinstance(topology, RingTopology) and legality is Legality.SLURM_26_11
        return Option(
            job=job,
            partition=partition,
            topology=topology,
            topology_index=instance.cluster.topologies.index(topology),
            units=units,
            candidates=candidates,
            required=required,
            is_one_node=is_one_node,
            is_flat=is_flat,
            holds_sites=instance.is_exclusive(job, partition) and is_enforced(topology, legality),
            one_per_site=is_ruled and units.count > 1 and (units.spreads or one_per_ring),
            max_leaves=leaf_limit(instance, topology, job)
            if isinstance(topology, TreeTopology) and is_ruled
            else None,
        )

    def held(self, topology: Topology) -> frozenset[int]:
        """Nodes of units that a running exclusive job holds."""
        index = self.instance.cluster.topologies.index(topology)
        if index not in self._held:
            self._held[index] = held_nodes(self.instance, topology, self.legality)
        return self._held[index]

    def _usable(self, job: Job, eligible: frozenset[int], topology: Topology) -> frozenset[int]:
        """Free candidates, without nodes that some requested resource does not cover."""
        requests = tuple(
            resource.name
            for resource in self.instance.cluster.resources
            if not resource.is_power and requested(job, resource)
        )
        index = self.instance.cluster.topologies.index(topology)
        key = (id(eligible), index, requests)
        if key not in self._candidates:
            usable = (eligible & self.instance.free) - self.held(topology)
            for resource in self.instance.cluster.resources:
                if resource.name in requests:
                    usable &= resource.layers_of.keys()
            self._candidates[key] = usable
        return self._candidates[key]


def _in_one_block(units: Units, topology: Topology) -> Units:
    """Segments that must share one base block are one unit: inside it any cut is legal."""
    if not units.consolidates or not isinstance(topology, BlockTopology):
        return units
    if units.spreads and units.count > 1:
        # Where the whole topology is one block, its only span: spread segments do not fit in it.
        return units
    if topology.consolidate_span(units.count, units.size, units.spreads) > 1:
        return units
    return Units(1, units.count * units.size, spreads=False, consolidates=False)


def cut(units: Units, nodes: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """The units of a job from those of its option, which may be several in one."""
    if len(nodes) == units.count:
        return list(nodes)
    merged = [node for each in nodes for node in each]
    return [merged[first : first + units.size] for first in range(0, len(merged), units.size)]


def requests_mode(instance: Instance, job: Job, mode: Mode) -> bool:
    """Whether `job` requests a resource of `mode`."""
    return any(
        resource.mode is mode and not resource.is_power and requested(job, resource)
        for resource in instance.cluster.resources
    )


def node_charges(instance: Instance, job: Job, node: int) -> tuple[int, ...]:
    """What one node of `job` adds to each MODE_3 or power resource; 0 for the other modes."""
    return tuple(
        draw_w(instance, job, node, resource) - resource.idle_w
        if resource.is_power
        else requested(job, resource)
        if resource.mode is Mode.MODE_3
        else 0
        for resource in instance.cluster.resources
    )


def small_unit(option: Option) -> bool:
    """Whether a unit must lie in one bin, anywhere in it: a base block, or an arc of a ring."""
    if option.is_flat:
        return False
    if option.is_one_node:
        return True
    if isinstance(option.topology, BlockTopology):
        return option.topology.unit_limits(option.units.size).region_span == 1 and (
            option.units.size <= option.topology.base_size
        )
    return isinstance(option.topology, RingTopology)
