"""Which nodes the selection may choose from, and what it is asked for (0.1, 0.2)."""

from __future__ import annotations

from enum import Enum
from functools import partial

import numpy as np

from ...models.cluster import Partition
from ...models.job import Job
from ...models.resources import Mode, Resource
from ...models.topology import Topology
from .attempt import Pool, Request
from .hres import Mode3, Mode3Demand
from .site import is_mapped
from .state import State, net_draw_w


class View(Enum):
    """Against which nodes a job is tested (0.6)."""

    NOW = "up, idle, and not closed by exclusive jobs"
    FUTURE = "as NOW, with nothing in use of hierarchical resources: backfill does not plan them"
    OPEN = "up and not closed by exclusive jobs, busy or not"
    UP = "up"
    ALL = "every configured node as if idle"


def candidates(state: State, job: Job, partition: Partition, view: View) -> Pool:
    """Eligible nodes of the view that pass the filters of exclusivity and resources."""
    pool = state.site.eligible(state.instance, job, partition).copy()
    if view is not View.ALL:
        pool &= state.up
    if view is View.OPEN:
        pool &= ~state.blocked(partition)
    if view in (View.NOW, View.FUTURE):
        pool &= state.busy == 0
        pool &= ~_kept_apart(state, job, partition)
    requested = dict(job.licenses)
    for resource in state.site.cluster.resources:
        amount = requested.get(resource.name, 0)
        if not amount or resource.is_power:
            continue
        # Of all nodes as if idle, only MODE_3 is looked at (0.6).
        if view not in (View.ALL, View.FUTURE) or resource.mode is Mode.MODE_3:
            pool &= _served(state, resource, amount)
    return pool


def _kept_apart(state: State, job: Job, partition: Partition) -> Pool:
    """Nodes closed by exclusive jobs; for an exclusive one also units with other jobs (7)."""
    closed = state.blocked(partition)
    if state.instance.is_exclusive(job, partition) and state.site.is_enforced(partition):
        units = state.site.units(partition)
        taken = np.unique(units[(state.busy > 0) | closed])
        closed |= np.isin(units, taken[taken >= 0])
    return closed


def _served(state: State, resource: Resource, amount: int) -> Pool:
    """Nodes where the layers of `resource` allow `amount` (5.3); MODE_3: nodes in any layer."""
    served = np.zeros(state.site.num_nodes, dtype=np.bool_)
    free = state.free_amounts(resource)
    for layer, left in zip(resource.layers, free, strict=True):
        if resource.mode is Mode.MODE_3 or left >= amount:
            served[list(layer.nodes)] = True
    if resource.mode is Mode.MODE_2:
        for layer, left in zip(resource.layers, free, strict=True):
            if left < amount:
                served[list(layer.nodes)] = False
    return served


def amounts(state: State, resource: Resource, view: View) -> tuple[int, ...]:
    """Free amounts of the layers; only `View.NOW` counts what jobs use (0.6)."""
    if view is View.NOW:
        return state.free_amounts(resource)
    capacities = state.site.capacities[resource.name]
    if not resource.is_power:
        return capacities
    return tuple(
        capacity - resource.idle_w * len(layer.nodes)
        for capacity, layer in zip(capacities, resource.layers, strict=True)
    )


def make_request(state: State, job: Job, partition: Partition, view: View) -> Request:
    """The job as the topology algorithm sees it."""
    topology = state.site.cluster.topology_of(partition)
    required: tuple[int, ...] = ()
    if job.nodelist is not None and len(job.nodelist) <= job.num_nodes:
        required = tuple(sorted(state.instance.listed(job)))
        if job.contiguous and required:
            # Gaps between required nodes are filled (0.1).
            required = tuple(range(required[0], required[-1] + 1))
    most = max(job.max_nodes, job.num_nodes)
    return Request(
        min_nodes=job.num_nodes,
        max_nodes=most,
        req_nodes=most,
        units=state.instance.units(job, partition),
        required=required,
        contiguous=job.contiguous,
        max_leaves=_max_leaves(state, job, topology, view),
        mode3=_mode3(state, job, topology, view),
        is_divisible=job.is_divisible,
    )


def _max_leaves(state: State, job: Job, topology: Topology, view: View) -> int | None:
    """``--switches`` as long as the job has not waited its time for it (3.4)."""
    if topology.kind != "tree" or job.switches is None or view in (View.UP, View.ALL, View.OPEN):
        return None
    now = state.instance.now_s
    if now is not None and job.submit_s is not None:
        if now - job.submit_s >= job.switches.max_wait_s:
            return None
    return job.switches.count


def _mode3(state: State, job: Job, topology: Topology, view: View) -> Mode3 | None:
    """The MODE_3 licence of the job, and the power caps, which every job draws on."""
    requested = dict(job.licenses)
    demands = []
    for resource in state.site.cluster.resources:
        amount = requested.get(resource.name, 0)
        free = amounts(state, resource, view)
        if resource.is_power:
            demands.append(Mode3Demand(resource, free, partial(net_draw_w, state, job, resource)))
        elif resource.mode is Mode.MODE_3 and amount:
            mapped = is_mapped(resource, topology)
            demands.insert(0, Mode3Demand(resource, free, partial(_constant, amount), mapped))
    return Mode3(tuple(demands)) if demands else None


def _constant(amount: int, _node: int) -> int:
    return amount
