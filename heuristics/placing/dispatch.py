"""One job at a time: its partitions in order, and the topology kind that rules each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...models.cluster import Partition
from ...models.job import Job
from ...models.rules.resources import refusing_resource
from ...models.topology import BlockTopology, RingTopology, TorusTopology, TreeTopology
from ..state import State
from .attempt import Attempt
from .block import place_block
from .flat import place_flat, place_one_node
from .lookahead import Lookahead
from .ring import place_ring
from .torus import place_torus
from .tree import place_tree


def place_job(
    state: State,
    job: Job,
    lookaheads: Mapping[str, Lookahead],
    partitions: Sequence[Partition] | None = None,
) -> bool:
    """Start `job` in the first of its partitions where it fits; False if it fits in none.

    Parameters
    ----------
    lookaheads
        By name of the topology.
    partitions
        Its partitions in another order than it named them.
    """
    for partition in partitions or state.instance.partitions_of(job):
        if can_ever_start(state, job, partition):
            attempt = Attempt(state, job, partition)
            topology = state.instance.cluster.topology_of(partition)
            if _take(attempt, lookaheads[topology.name]) and attempt.is_payable():
                attempt.commit()
                return True
            attempt.undo()
    return False


def can_ever_start(state: State, job: Job, partition: Partition) -> bool:
    """Whether the request makes sense: divisible, nodes exist, counts pass (3.1.5, 0.1, 5.2)."""
    instance = state.instance
    if refusing_resource(instance, job, state.legality) is not None:
        return False
    kind = instance.cluster.topology_of(partition).kind
    if not job.is_divisible and kind in ("block", "ring", "torus3d"):
        return False
    if job.nodelist is None or instance.has_pool(job, partition):
        return True
    required = instance.required(job, partition)
    return len(required) == len(set(job.nodelist)) and required <= instance.eligible(
        job, partition
    )


def _take(attempt: Attempt, lookahead: Lookahead) -> bool:
    """Take the job's nodes; on failure some may have been taken."""
    topology = attempt.view.topology
    if attempt.job.num_nodes == 1 and topology.kind != "torus3d":
        return place_one_node(attempt, lookahead)
    if attempt.state.is_placed_flat(attempt.job, attempt.partition):
        return place_flat(attempt)
    match topology:
        case BlockTopology():
            return place_block(attempt, topology, lookahead)
        case RingTopology():
            return place_ring(attempt, topology, lookahead)
        case TorusTopology():
            return place_torus(attempt, topology, lookahead)
        case TreeTopology():
            return place_tree(attempt, topology, lookahead)
        case _:
            return place_flat(attempt)
