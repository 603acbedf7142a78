"""The load of a cluster as it changes while a queue is planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...models.cluster import Partition
from ...models.instance import Instance
from ...models.job import Job
from ...models.resources import Mode, Resource
from ...models.rules.usage import draw_w, used_before
from .attempt import Pool
from .hres import UNLIMITED
from .site import Site


@dataclass(frozen=True)
class Hold:
    """What one running job holds, so that its end can give it back.

    Attributes
    ----------
    nodes
        Its nodes.
    closed
        Flags of the nodes closed to everybody: whole units of an exclusive job.
    charges
        ``(resource, layer, amount)``.
    """

    nodes: tuple[int, ...]
    closed: Pool | None
    charges: tuple[tuple[str, int, int], ...]


class State:
    """Which nodes are up, busy and closed, and what of every layer is in use.

    Parameters
    ----------
    site
        The cluster's tables.
    instance
        Where the load is read from; it is not modified.
    """

    def __init__(self, site: Site, instance: Instance) -> None:
        self.site = site
        self.instance = instance
        self.up = ~site.flags(instance.unavailable)
        self.busy = np.zeros(site.num_nodes, dtype=np.int16)
        self.closed = np.zeros(site.num_nodes, dtype=np.int16)
        self.busy[list(instance.allocated)] += 1
        self.used = {
            resource.name: used_before(instance, resource)
            for resource in instance.cluster.resources
        }
        self.holds: dict[str, Hold] = {}
        for running in instance.running:
            partition = (
                site.cluster.partitions[0]
                if running.partition is None
                else site.cluster.partition_named[running.partition]
            )
            hold = self.hold(running.job, partition, tuple(sorted(running.nodes)))
            self.holds[running.job.job_id] = hold
            self._occupy(hold, 1)
        # What the exclusive jobs that are known explain ends with them.
        self._unexplained = site.flags(instance.blocked) & (self.closed == 0)

    def copy(self) -> State:
        """An independent state."""
        twin = object.__new__(State)
        twin.site, twin.instance, twin.up = self.site, self.instance, self.up
        twin.busy, twin.closed = self.busy.copy(), self.closed.copy()
        twin._unexplained = self._unexplained
        twin.used = {name: list(used) for name, used in self.used.items()}
        twin.holds = dict(self.holds)
        return twin

    def blocked(self, partition: Partition) -> Pool:
        """Nodes closed by exclusive jobs; a BLOCKED node of an unknown job closes its unit."""
        closed: Pool = self.closed > 0
        if self.site.enforces_anywhere and self._unexplained.any():
            units = self.site.units(partition)
            held = np.unique(units[self._unexplained])
            closed = closed | np.isin(units, held[held >= 0]) | self._unexplained
        return closed

    def start(self, job: Job, partition: Partition, nodes: Iterable[int]) -> None:
        """Let `job` hold `nodes` from now on."""
        hold = self.hold(job, partition, tuple(nodes))
        self.holds[job.job_id] = hold
        self._occupy(hold, 1)
        self._charge(hold, 1)

    def end(self, job_id: str) -> None:
        """Give back all that a job holds."""
        hold = self.holds.pop(job_id)
        self._occupy(hold, -1)
        self._charge(hold, -1)

    def free_amounts(self, resource: Resource) -> tuple[int, ...]:
        """Free amount of every layer, `UNLIMITED` for an infinite one."""
        used = self.used[resource.name]
        return tuple(
            capacity if capacity == UNLIMITED else capacity - amount
            for capacity, amount in zip(self.site.capacities[resource.name], used, strict=True)
        )

    def hold(self, job: Job, partition: Partition, nodes: tuple[int, ...]) -> Hold:
        """What `job` holds on `nodes`."""
        closed: Pool | None = None
        if self.instance.is_exclusive(job, partition) and self.site.is_enforced(partition):
            units = self.site.units(partition)
            touched = np.unique(units[list(nodes)])
            closed = np.isin(units, touched[touched >= 0])
            closed[list(nodes)] = True
        return Hold(nodes, closed, tuple(self._charges(job, nodes)))

    def _charges(self, job: Job, nodes: tuple[int, ...]) -> Iterable[tuple[str, int, int]]:
        requested = dict(job.licenses)
        inside = frozenset(nodes)
        for resource in self.site.cluster.resources:
            if resource.is_power:
                for node in nodes:
                    amount = net_draw_w(self, job, resource, node)
                    for layer in resource.layers_of.get(node, ()):
                        yield resource.name, layer, amount
                continue
            amount = requested.get(resource.name, 0)
            if not amount:
                continue
            overlaps = [len(layer.nodes & inside) for layer in resource.layers]
            if resource.mode is Mode.MODE_1:
                free = self.free_amounts(resource)
                # The first overlapping layer in file order that has enough (5.3).
                for layer, overlap in enumerate(overlaps):
                    if overlap and free[layer] >= amount:
                        yield resource.name, layer, amount
                        break
            else:
                for layer, overlap in enumerate(overlaps):
                    if overlap:
                        times = overlap if resource.mode is Mode.MODE_3 else 1
                        yield resource.name, layer, amount * times

    def _occupy(self, hold: Hold, sign: int) -> None:
        self.busy[list(hold.nodes)] += sign
        if hold.closed is not None:
            self.closed[hold.closed] += sign

    def _charge(self, hold: Hold, sign: int) -> None:
        for name, layer, amount in hold.charges:
            self.used[name][layer] += sign * amount


def net_draw_w(state: State, job: Job, resource: Resource, node: int) -> int:
    """Watts that `job` adds on `node` to what the node draws while idle."""
    return draw_w(state.instance, job, node, resource) - resource.idle_w
