"""What a leftover is worth to the rest of the queue, and hence which unit to cut from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from ...models.instance import Instance
from ...models.job import Job
from ...models.topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology
from ..state import View, runs


class Lookahead:
    """Worth of `count` free nodes in one unit (base block, leaf), in the queue's own sizes.

    With ``w_s`` placement units of size s in the queue, ``worth(c) = sum of w_s * s * (c // s)``:
    the usable capacity of the score, per unit. A unit that exceeds a base block asks for whole
    blocks. A block that no job uses is worth more while exclusive jobs wait for such blocks.

    Parameters
    ----------
    base_size
        Nodes of a unit that count as whole.
    sizes
        ``(size, number)`` of the placement units of the queue.
    exclusive_share
        Demand for job-free units over their supply, at most 1.
    is_strict
        Whether jobs that have another choice keep off contested units, however well they fit.
    """

    def __init__(
        self,
        base_size: int,
        sizes: Sequence[tuple[int, int]],
        exclusive_share: float,
        is_strict: bool = True,
    ) -> None:
        weights: Counter[int] = Counter()
        for size, number in sizes:
            if size <= base_size:
                weights[size] += number
            else:
                weights[base_size] += number * -(-size // base_size)
        self._base_size = base_size
        self._weights = sorted(weights.items())
        self._weight_of = weights
        self.exclusive_share = exclusive_share
        self.is_strict = is_strict
        self._worth: dict[int, int] = {}
        self._orders: dict[tuple[int, int, int], list[int]] = {}

    def weight(self, size: int) -> int:
        """Number of placement units of exactly this size in the queue."""
        return self._weight_of.get(size, 0)

    def worth(self, count: int) -> int:
        """Usable nodes among `count` of one unit, summed over the queue's sizes by weight."""
        value = self._worth.get(count)
        if value is None:
            value = sum(weight * size * (count // size) for size, weight in self._weights)
            self._worth[count] = value
        return value

    def loss(self, count: int, is_job_free: bool, size: int) -> float:
        """What is lost by cutting `size` nodes for a shared job out of `count`."""
        before = self.worth(count)
        loss = float(before - self.worth(count - size))
        if is_job_free:
            loss += self.exclusive_share * before
        return loss

    def order(self, size: int, largest: int) -> list[int]:
        """Bucket keys of `CountIndex` that offer `size` nodes to a shared job, best first.

        Ties go to the smaller remainder, and to units that already host jobs.
        """
        key = (size, largest, 0)
        order = self._orders.get(key)
        if order is None:
            keys = range(2 * size, 2 * largest + 2)
            order = sorted(keys, key=lambda at: (self.loss(at // 2, bool(at % 2), size), at))
            self._orders[key] = order
        return order

    def exclusive_order(self, size: int, largest: int, segments: int) -> list[int]:
        """Bucket keys for a job that takes whole units: least worth per segment put there."""
        key = (size, largest, min(segments, largest // size))
        order = self._orders.get(key)
        if order is None:
            keys = range(2 * size + 1, 2 * largest + 2, 2)

            def cost(at: int) -> tuple[float, int]:
                count = at // 2
                return self.worth(count) / min(count // size, segments), at

            order = self._orders[key] = sorted(keys, key=cost)
        return order

    def plain(self) -> Lookahead:
        """The same without knowledge of the queue: plain best fit."""
        return Lookahead(self._base_size, [(1, 1)], 0.0, is_strict=False)

    def relaxed(self) -> Lookahead:
        """The same for jobs that do not keep off contested units."""
        return Lookahead(self._base_size, self._weights, self.exclusive_share, is_strict=False)

    def narrowed(self, random: Random) -> Lookahead:
        """The same with some of the queue's sizes only."""
        if not self._weights:
            return self
        some = random.sample(self._weights, random.randint(1, len(self._weights)))
        return Lookahead(self._base_size, some, self.exclusive_share * random.random())

    def unit_worth(self, view: View) -> Callable[[int, int], int]:
        """Worth of the free nodes of a unit of `view`, given its index and their mask."""
        match view.topology:
            case RingTopology():
                lengths = [len(members) for members in view.units]
                return lambda unit, mask: sum(
                    self.worth(run) for _, run in runs(mask, lengths[unit])
                )
            case TorusTopology():
                return lambda unit, mask: sum(
                    self.weight(volume) * volume
                    for volume, anchor in view.anchors(unit)
                    if mask & anchor == anchor
                )
            case _:
                return lambda unit, mask: self.worth(mask.bit_count())


def lookahead_for(
    instance: Instance, topology: Topology, jobs: Sequence[Job], job_free_units: int
) -> Lookahead:
    """The look-ahead over `jobs` of those that are placed on `topology`."""
    base_size = nominal_size(topology, len(instance.cluster.nodes))
    sizes: Counter[int] = Counter()
    exclusive_units = 0
    for job in jobs:
        partition = instance.partitions_of(job)[0]
        if instance.cluster.topology_of(partition) is not topology:
            continue
        units = instance.units(job, partition)
        sizes[units.size] += units.count
        if instance.is_exclusive(job, partition):
            exclusive_units += -(-units.count * units.size // base_size)
    share = min(1.0, exclusive_units / max(job_free_units, 1)) if exclusive_units else 0.0
    return Lookahead(base_size, sorted(sizes.items()), share)


def nominal_size(topology: Topology, num_nodes: int) -> int:
    """Nodes of one unit: base size, largest ring, leaf or torus; all nodes of a flat topology."""
    match topology:
        case BlockTopology():
            return topology.base_size
        case RingTopology():
            sizes = [len(ring.nodes) for ring in topology.rings]
        case TorusTopology():
            sizes = [len(torus.cells) for torus in topology.toruses]
        case TreeTopology():
            sizes = [len(topology.switches[leaf].nodes) for leaf in topology.leaves]
        case _:
            sizes = [num_nodes]
    return max(sizes, default=1) or 1
