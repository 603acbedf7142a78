"""The bins of a flow lane, told apart again: which units the flow puts into which bin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from ..models.errors import RackwrightError
from .bins import Bin, Lane
from .model import Flow, Variable

Value = Callable[[Variable], int]
Nodes = list[int]


class SpreadConflict(RackwrightError):
    """A flow lane's bins cannot be dealt so that no job gets one twice; refine the lane."""


class FlowSlots:
    """The bins of a flow lane with the units and loose nodes that the flow puts into each.

    Parameters
    ----------
    lane
        The lane.
    flow
        Its part of the model.
    value
        Value of a variable in the solution.
    """

    def __init__(self, lane: Lane, flow: Flow, value: Value) -> None:
        self._waiting: dict[int, list[Bin]] = defaultdict(list)
        for bin_ in reversed(lane.bins):
            self._waiting[bin_.free].append(bin_)
        self._flow = flow
        self._value = value
        self._left: dict[int, Nodes] = {}
        self._slots: dict[int, Counter[int]] = defaultdict(Counter)
        self._loose: list[tuple[int, int]] = []
        self._bins: list[Bin] = []

    def hold(self, free: int, number: int) -> list[Bin]:
        """Give whole bins to an exclusive job."""
        return [self._waiting[free].pop() for _ in range(number)]

    def settle(self) -> None:
        """Follow the flow: every bin that takes part learns its units and loose nodes."""
        value = self._value
        at: dict[int, list[int]] = defaultdict(list)
        for free, entered in self._flow.entered.items():
            for _ in range(value(entered)):
                bin_ = self._waiting[free].pop()
                self._left[len(self._bins)] = list(bin_.nodes)
                at[free].append(len(self._bins))
                self._bins.append(bin_)
        arcs: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for (state, size), arc in self._flow.arcs.items():
            arcs[state].append((size, value(arc)))
        loose = {state: value(number) for state, number in self._flow.single_steps.items()}
        loose_in: Counter[int] = Counter()
        for state in range(max(at, default=0), 0, -1):
            for size, number in sorted(arcs[state], reverse=True):
                for _ in range(number):
                    position = at[state].pop()
                    self._slots[size][position] += 1
                    at[state - size].append(position)
            for _ in range(loose.get(state, 0)):
                position = at[state].pop()
                loose_in[position] += 1
                at[state - 1].append(position)
        self._loose = sorted(loose_in.items())

    def take(self, size: int, number: int, per_bin: int) -> list[tuple[int, Nodes]]:
        """Site and nodes of `number` units of `size`, at most `per_bin` in a bin, fullest first.

        Raises
        ------
        SpreadConflict
            When so few bins have slots of the size that some would have to give more.
        """
        slots = self._slots[size]
        taken: list[int] = []
        for position, available in slots.most_common():
            count = min(available, per_bin, number - len(taken))
            taken += [position] * count
            if len(taken) == number:
                break
        if len(taken) < number:
            raise SpreadConflict(f"{number} segments of {size} nodes need more distinct bins")
        slots.subtract(taken)
        return [(self._bins[position].site, self._draw(position, size)) for position in taken]

    def _draw(self, position: int, size: int) -> Nodes:
        left = self._left[position]
        drawn = left[:size]
        del left[:size]
        return drawn

    def loose(self, number: int) -> Nodes:
        """`number` of the loose nodes, from the bins' far ends."""
        nodes: Nodes = []
        while len(nodes) < number:
            position, count = self._loose.pop()
            take = min(count, number - len(nodes))
            left = self._left[position]
            nodes += left[len(left) - take :]
            del left[len(left) - take :]
            if count > take:
                self._loose.append((position, count - take))
        return nodes
