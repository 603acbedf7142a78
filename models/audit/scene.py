"""A moment of the past as a job would have met it: free nodes, closed units, headroom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..cluster import Cluster, Partition
from ..instance import Instance, Units
from ..job import Job
from ..legality import Legality
from ..resources import Mode, Resource
from ..rules.exclusive import is_enforced, unit_nodes
from ..rules.resources import refusing_resource
from ..rules.start import topology_nodes
from ..rules.tree import leaf_limit
from ..rules.usage import draw_w, overlapping, requested
from ..topology import Topology, TreeTopology, unit_owner

Sites = tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Request:
    """What a job asks of a scene; equal requests share one object.

    Attributes
    ----------
    job
        A job of this request; its ids and times do not count.
    partition, topology, units
        Where it would run, and how it is cut there.
    eligible
        Nodes that it may use at all.
    required
        Nodes that it must use.
    is_exclusive
        Whether it needs units without any other job, on a topology where that is enforced.
    follows_26_11
        Whether the restrictions of Slurm 26.11 apply besides the documented rules.
    leaf_limit
        Most leaf switches while it waits; None for any number.
    needs
        ``(resource index, amount)``; the amount is per node for MODE_3 and power.
    is_refused
        Whether Slurm would refuse it for ever, whatever is free.
    is_exact
        Whether `needs` are what it draws on every node, not the most on any.
    sites
        Nodes of each unit that an exclusive job closes: base block, ring, leaf or torus.
    """

    job: Job
    partition: Partition
    topology: Topology
    units: Units
    eligible: frozenset[int]
    required: frozenset[int]
    is_exclusive: bool
    follows_26_11: bool
    leaf_limit: int | None
    needs: tuple[tuple[int, int], ...]
    is_refused: bool
    is_exact: bool
    sites: Sites

    @property
    def num_nodes(self) -> int:
        """Nodes it needs."""
        return self.units.count * self.units.size


class Requests:
    """Makes requests of jobs and remembers equal ones.

    Parameters
    ----------
    cluster
        The machine.
    legality
        Which rules bind.
    """

    def __init__(self, cluster: Cluster, legality: Legality) -> None:
        self.cluster = cluster
        self.legality = legality
        self.instance = Instance(cluster)
        self._known: dict[tuple[object, ...], Request] = {}
        self._sites_of: dict[str, Sites] = {}

    def of(self, job: Job, partition_name: str) -> Request:
        """The request of a job in a partition."""
        key = (
            partition_name,
            job.num_nodes,
            job.segment,
            job.spread_segments,
            job.consolidate_segments,
            job.exclusive,
            job.switches,
            job.contiguous,
            job.nodelist,
            job.exclude,
            job.features,
            job.licenses,
            job.power_w,
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(job, partition_name)
        return found

    def _make(self, job: Job, partition_name: str) -> Request:
        instance = self.instance
        partition = self.cluster.partition_named[partition_name]
        topology = self.cluster.topology_of(partition)
        wants_units = instance.is_exclusive(job, partition)
        limit = leaf_limit(instance, topology, job) if isinstance(topology, TreeTopology) else None
        return Request(
            job=job,
            partition=partition,
            topology=topology,
            units=instance.units(job, partition),
            eligible=instance.eligible(job, partition),
            required=instance.required(job, partition),
            is_exclusive=wants_units and is_enforced(topology, self.legality),
            follows_26_11=self.legality is Legality.SLURM_26_11,
            leaf_limit=limit,
            needs=tuple(self._needs(job)),
            is_refused=refusing_resource(instance, job, self.legality) is not None,
            is_exact=self._is_exact(job),
            sites=self._sites(topology),
        )

    def _sites(self, topology: Topology) -> Sites:
        found = self._sites_of.get(topology.name)
        if found is None:
            members: dict[int, set[int]] = {}
            for node, unit in unit_owner(topology).items():
                members.setdefault(unit, set()).add(node)
            number = max(members, default=-1) + 1
            found = tuple(frozenset(members.get(unit, ())) for unit in range(number))
            self._sites_of[topology.name] = found
        return found

    def _needs(self, job: Job) -> list[tuple[int, int]]:
        needs = []
        for index, resource in enumerate(self.cluster.resources):
            amount = self.draw(job, resource) if resource.is_power else requested(job, resource)
            if amount:
                needs.append((index, amount))
        return needs

    def _is_exact(self, job: Job) -> bool:
        """Whether the job draws the same watts on every node, and no less than an idle one."""
        caps = [resource for resource in self.cluster.resources if resource.is_power]
        if not caps or not self.cluster.nodes:
            return True
        nodes = range(len(self.cluster.nodes))
        draws = [{draw_w(self.instance, job, node, cap) for node in nodes} for cap in caps]
        return all(
            len(its) == 1 and min(its) >= cap.idle_w for its, cap in zip(draws, caps, strict=True)
        )

    def draw(self, job: Job, resource: Resource) -> int:
        """Watts above idle that the job draws on its hungriest node."""
        nodes = range(len(self.cluster.nodes))
        if job.power_w is not None or requested(job, resource):
            nodes = range(min(1, len(self.cluster.nodes)))
        draws = (draw_w(self.instance, job, node, resource) for node in nodes)
        return max(max(draws, default=0) - resource.idle_w, 0)


@dataclass(frozen=True)
class Scene:
    """Who holds what at one moment.

    Attributes
    ----------
    cluster
        The machine.
    free
        Nodes that are up and held by nobody.
    occupied
        Nodes held by jobs.
    held
        Nodes of units that an exclusive job closes to everybody else.
    used
        Per resource index, the amount used in each layer, idle draw included.
    """

    cluster: Cluster
    free: frozenset[int]
    occupied: frozenset[int]
    held: frozenset[int]
    used: Mapping[int, tuple[int, ...]]

    @cached_property
    def _usable(self) -> dict[tuple[int, bool, str], frozenset[int]]:
        return {}

    @cached_property
    def _by_site(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        return {}

    @cached_property
    def _ruled(self) -> dict[tuple[int, str], bool]:
        return {}

    @cached_property
    def opened(self) -> Scene:
        """The same without any unit closed by an exclusive job."""
        return Scene(self.cluster, self.free, self.occupied, frozenset(), self.used)

    def usable(self, request: Request) -> frozenset[int]:
        """Free nodes that the request may take, resources aside; one object for equal answers."""
        key = (id(request.eligible), request.is_exclusive, request.topology.name)
        nodes = self._usable.get(key)
        if nodes is None:
            nodes = (self.free & request.eligible) - self.held
            if request.is_exclusive:
                used = (site for site in request.sites if not site.isdisjoint(self.occupied))
                nodes = nodes.difference(*used)
            self._usable[key] = nodes
        return nodes

    def by_site(self, request: Request, usable: frozenset[int]) -> tuple[tuple[int, ...], ...]:
        """Usable nodes per unit, ascending; remembered for the scene's own usable sets."""
        found = self._by_site.get(id(usable))
        if found is None:
            found = tuple(tuple(sorted(site & usable)) for site in request.sites)
            if usable is self.usable(request):
                self._by_site[id(usable)] = found
        return found

    def is_ruled(self, request: Request) -> bool:
        """Whether the topology's own algorithm places a multi-node request (0.4)."""
        if request.topology.kind == "flat":
            return False
        if request.topology.kind == "tree":
            return not request.job.contiguous
        key = (id(request.eligible), request.topology.name)
        found = self._ruled.get(key)
        if found is None:
            members = topology_nodes(request.topology)
            candidates = self.free & request.eligible
            found = self._ruled[key] = any(node in members for node in candidates)
        return found

    def started(self, request: Request, nodes: tuple[int, ...]) -> Scene:
        """The scene once a request has started on `nodes`."""
        held = self.held
        if request.is_exclusive:
            held |= unit_nodes(request.topology, nodes)
        used = dict(self.used)
        for index, amount in request.needs:
            used[index] = self._charged(index, amount, nodes)
        taken = frozenset(nodes)
        return Scene(self.cluster, self.free - taken, self.occupied | taken, held, used)

    def _charged(self, index: int, amount: int, nodes: tuple[int, ...]) -> tuple[int, ...]:
        resource = self.cluster.resources[index]
        used = list(self.used.get(index) or (0,) * len(resource.layers))
        touched = overlapping(resource, nodes)
        if resource.is_power or resource.mode is Mode.MODE_3:
            for layer in touched:
                members = resource.layers[layer].nodes
                used[layer] += amount * sum(node in members for node in nodes)
        elif resource.mode is Mode.MODE_2:
            for layer in touched:
                used[layer] += amount
        else:
            first = (
                q for q in touched if (left := self.headroom(index, q)) is None or left >= amount
            )
            for layer in first:
                used[layer] += amount
                break
        return tuple(used)

    def headroom(self, index: int, layer: int) -> int | None:
        """What is left of a layer; None if it is infinite."""
        capacity = self.cluster.resources[index].layers[layer].capacity
        if capacity < 0:
            return None
        used = self.used.get(index)
        return capacity - (used[layer] if used else 0)
