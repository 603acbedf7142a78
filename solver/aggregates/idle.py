"""Idle nodes: what usable capacity says they are worth, and how many fit beside a plan at most.

Slots of 1, 2, ... idle nodes of a base block are sold for what these nodes are worth, so that the
linear program over patterns bounds usable capacity as it bounds the first term.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import floor, inf

from ...models.topology import BlockTopology
from ..shapes import Shape
from .slots import Demand, Slot

# Values of usable capacity are told apart up to here.
MOST_WORTH = 4_000_000


@dataclass(frozen=True)
class Idle:
    """What idle nodes are worth.

    Attributes
    ----------
    slots
        Numbers of the slots of 1, 2, ... idle nodes in one base block.
    worth
        Per slot, at least what that many nodes add to usable capacity.
    most
        Per size, how many units of it may fit into the idle nodes of all base blocks together.
    mix
        The sizes that fit base blocks, with their weights.
    parts
        Usable capacity is a sum of these, each any number of times.
    """

    slots: tuple[int, ...] = ()
    worth: tuple[int, ...] = ()
    most: tuple[tuple[int, int], ...] = ()
    mix: tuple[tuple[int, int], ...] = ()
    parts: frozenset[int] = frozenset()

    @property
    def worth_of_unit(self) -> dict[int, int]:
        """Per size of the mix."""
        return {size: size * weight for size, weight in self.mix}

    @property
    def limits(self) -> list[tuple[int, float]]:
        """All sizes of which units may be counted, and how many there are at most."""
        sizes = {size: inf for size, _ in self.mix} if self.slots else {}
        return sorted({**sizes, **dict(self.most)}.items())

    def rounded(self, bound: float) -> int:
        """The largest usable capacity there can be that is not above a bound."""
        highest = max(0, floor(bound + 1e-6 * max(1.0, bound)))
        return highest if highest > MOST_WORTH else self._sums(highest).bit_length() - 1

    def above(self, value: int) -> int:
        """The least usable capacity there can be above a value."""
        highest = value + max(self.parts, default=MOST_WORTH + 1)
        if highest > MOST_WORTH:
            return value + 1
        sums = self._sums(highest) >> (value + 1)
        return value + (sums & -sums).bit_length()

    def _sums(self, highest: int) -> int:
        """A bit per sum of parts."""
        sums = 1
        mask = (1 << (highest + 1)) - 1
        for part in self.parts:
            step = part
            while step <= highest:
                sums |= (sums << step) & mask
                step *= 2
        return sums


NO_IDLE = Idle()


def idle_slots(topology: BlockTopology, usable: frozenset[int], num_resources: int) -> list[Slot]:
    """Slots of 1, 2, ... idle nodes, up to all of the largest base block."""
    inside = usable & topology.block_of.keys()
    most = max((len(inside.intersection(block.nodes)) for block in topology.blocks), default=0)
    charges = (0,) * num_resources
    return [Slot(1, number, charges, inside) for number in range(1, most + 1)]


def idle_nodes(
    topology: BlockTopology,
    mix: Sequence[tuple[int, int]],
    slots: Sequence[tuple[int, Slot]],
    most: dict[int, int],
) -> Idle:
    """Their worth by a mix.

    Parameters
    ----------
    slots
        Of `idle_slots`, with their numbers.
    most
        See `Idle.most`.

    Notes
    -----
    A region that holds a unit larger than a base block has some base blocks with many idle nodes:
    these share what the unit is worth, which is exact where there is none.
    """
    small = tuple((size, weight) for size, weight in mix if size <= topology.base_size)
    largest = len(slots)
    worth = [
        sum(weight * size * (nodes // size) for size, weight in small)
        for nodes in range(1, largest + 1)
    ]
    alone = [size for size, number in most.items() if number == 0]
    per_block = min([largest, *(size - 1 for size in alone)])
    parts = set(worth[:per_block])
    for size, weight in mix:
        if size > topology.base_size and largest:
            least, number = _blocks_of_unit(topology, size, largest)
            for nodes in range(least, largest + 1):
                worth[nodes - 1] += -(-weight * size // number)
            if least <= per_block:
                parts.add(weight * size)
    numbers = tuple(number for number, _ in slots)
    return Idle(numbers, tuple(worth), tuple(sorted(most.items())), small, frozenset(parts - {0}))


def _blocks_of_unit(topology: BlockTopology, size: int, largest: int) -> tuple[int, int]:
    """Idle nodes that some base blocks of a region have if it holds such a unit, and how many.

    Parameters
    ----------
    largest
        Nodes of a base block at most.
    """
    limits = topology.unit_limits(size)
    span = limits.max_lower * limits.lower_span if limits.is_limited else limits.region_span
    least = -(-size // span)
    beyond = size - (least - 1) * span
    return least, max(1, -(-beyond // max(1, largest - least + 1)))


def most_beside_waiting(
    topology: BlockTopology,
    shapes: Sequence[Shape],
    demands: Sequence[Demand],
    slots: Sequence[Slot],
    usable: frozenset[int],
    waiting: Set[int],
) -> dict[int, int]:
    """Per unit size, how many units may fit into idle nodes, since else a job would start there.

    Parameters
    ----------
    waiting
        Positions of jobs that start in no plan that starts the same jobs besides.

    Notes
    -----
    Only for jobs that any idle nodes would do for, where no layer binds.
    """
    most: dict[int, int] = {}
    inside = usable & topology.block_of.keys()
    for demand in demands:
        slot = slots[demand.slot]
        option = shapes[demand.shape].options[demand.option]
        is_small = slot.span == 1 and not slot.holds
        is_free = not (option.required or option.job.contiguous or option.holds_sites)
        is_free = is_free and (demand.count == 1 or not slot.spreads)
        is_waiting = not waiting.isdisjoint(shapes[demand.shape].jobs)
        if is_small and is_free and is_waiting and inside <= slot.candidates:
            most[slot.size] = min(demand.count - 1, most.get(slot.size, demand.count))
    return most
