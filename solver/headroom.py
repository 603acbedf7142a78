"""Headroom of interchangeable bins: the second dimension of the flow's states.

A state is ``(nodes, headroom)``: nodes left in a bin, and what they may still be charged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import gcd

State = tuple[int, int]
# Nodes of one step in a flow, and what each of them is charged.
Item = tuple[int, int]


@dataclass(frozen=True)
class Cap:
    """What the bins of a lane may be charged by one resource.

    Attributes
    ----------
    resource
        Position of the resource; None where nothing is charged, so that every headroom is 0.
    unit
        Greatest common divisor of all charges; headrooms and charges of items are counted in it.
    loads
        Per number of nodes, a bit mask of the sums of charges that so many nodes can have.
    """

    resource: int | None = None
    unit: int = 1
    loads: tuple[int, ...] = ()

    def state(self, nodes: int, headroom: int) -> State:
        """The headroom rounded down to a sum of charges that the nodes can have.

        No packing tells the two apart, and most states with room to spare become one.
        """
        if self.resource is None:
            return nodes, 0
        sums = self.loads[nodes]
        if headroom < sums.bit_length():
            sums &= (2 << headroom) - 1
        return nodes, sums.bit_length() - 1

    def after(self, state: State, item: Item) -> State | None:
        """The state once the item has been put into the bin; None if it does not fit."""
        nodes, headroom = state
        size, charge = item
        if size > nodes or size * charge > headroom:
            return None
        return self.state(nodes - size, headroom - size * charge)

    def most(self, state: State, item: Item) -> int:
        """How many of the item fit a bin in this state."""
        nodes, headroom = state
        size, charge = item
        fitting = nodes // size
        return min(fitting, headroom // (size * charge)) if charge else fitting


UNCAPPED = Cap()


def cap_of(resource: int, charged: Collection[Item], most_nodes: int) -> Cap:
    """The cap of bins of up to `most_nodes` nodes into which the items may be put.

    Parameters
    ----------
    charged
        Sizes with charges per node in the resource's own unit.
    """
    unit = gcd(*(charge for _, charge in charged)) or 1
    items = {(size, charge // unit) for size, charge in charged}
    loads = [1]
    for nodes in range(1, most_nodes + 1):
        sums = loads[-1]
        for size, charge in items:
            if size <= nodes:
                sums |= loads[nodes - size] << (size * charge)
        loads.append(sums)
    return Cap(resource, unit, tuple(loads))


def reachable(
    cap: Cap, sources: Iterable[State], items: Sequence[Item], most_arcs: int | None = None
) -> list[State] | None:
    """All states that the sources lead to, ascending; None if they have more than `most_arcs`."""
    found = set(sources)
    level: dict[int, set[State]] = {}
    for state in found:
        level.setdefault(state[0], set()).add(state)
    arcs = 0
    for nodes in range(max(level, default=0), 0, -1):
        for state in level.get(nodes, ()):
            for item in items:
                head = cap.after(state, item)
                if head is not None:
                    arcs += 1
                    found.add(head)
                    level.setdefault(head[0], set()).add(head)
            if most_arcs is not None and arcs > most_arcs:
                return None
    return sorted(found)
