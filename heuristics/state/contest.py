"""Which units the jobs of narrow partitions compete for: others had better leave them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ...models.instance import Instance
from .view import View

# Pressure above the average, and above what the nodes could serve, that makes a unit contested.
_MUCH = 1.05


def contested_units(
    instance: Instance, view: View, masks_of: Callable[[frozenset[int]], list[int]]
) -> list[bool]:
    """Whether the nodes of each unit are asked for much more than those of the others.

    Every partition spreads the nodes that its jobs ask for evenly over its free ones; what falls
    on a node from all its partitions is its pressure. Jobs that may go elsewhere should do so
    first where it is high.

    Parameters
    ----------
    masks_of
        Bit masks per unit of `view` of the nodes of a partition.
    """
    demand: Counter[str] = Counter()
    for job in instance.jobs:
        demand[instance.partitions_of(job)[0].name] += job.num_nodes
    nobody = [False] * len(view.units)
    if len(demand) < 2:
        return nobody
    free = [mask.bit_count() for mask in view.free]
    asked = [0.0] * len(free)
    for partition in instance.cluster.partitions:
        pairs = zip(masks_of(partition.nodes), view.free, strict=True)
        own = [(mask & available).bit_count() for mask, available in pairs]
        share = demand[partition.name] / max(1, sum(own))
        asked = [before + share * count for before, count in zip(asked, own, strict=True)]
    least = _MUCH * max(1.0, sum(asked) / max(1, sum(free)))
    return [total > least * count for total, count in zip(asked, free, strict=True)]
