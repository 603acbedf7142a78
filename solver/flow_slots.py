"""The bins of a flow lane, told apart again: which units the flow puts into which bin."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from ..models.errors import RackwrightError
from .bins import Bin, Lane
from .headroom import Item, State
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
        self._waiting: dict[State, list[Bin]] = defaultdict(list)
        for bin_ in reversed(lane.bins):
            self._waiting[bin_.state].append(bin_)
        self._cap = lane.cap
        self._flow = flow
        self._value = value
        self._left: dict[int, Nodes] = {}
        self._slots: dict[Item, Counter[int]] = defaultdict(Counter)
        self._loose: dict[int, list[tuple[int, int]]] = {}
        self._bins: list[Bin] = []

    def hold(self, state: State, number: int) -> list[Bin]:
        """Give whole bins to an exclusive job."""
        return [self._waiting[state].pop() for _ in range(number)]

    def settle(self) -> None:
        """Follow the flow: every bin that takes part learns its units and loose nodes."""
        value = self._value
        at: dict[State, list[int]] = defaultdict(list)
        for state, entered in self._flow.entered.items():
            for _ in range(value(entered)):
                bin_ = self._waiting[state].pop()
                self._left[len(self._bins)] = list(bin_.nodes)
                at[state].append(len(self._bins))
                self._bins.append(bin_)
        steps: dict[State, list[tuple[Item, bool]]] = defaultdict(list)
        for (state, unit), arc in self._flow.arcs.items():
            steps[state] += [(unit, False)] * value(arc)
        for (state, charge), step in self._flow.single_steps.items():
            steps[state] += [((1, charge), True)] * value(step)
        loose: dict[int, Counter[int]] = defaultdict(Counter)
        # Nothing leads to more nodes: when its turn comes, all bins of a state have arrived.
        for state in sorted(steps, reverse=True):
            for item, is_loose in sorted(steps[state], key=lambda step: (step[1], -step[0][0])):
                position = at[state].pop()
                if is_loose:
                    loose[item[1]][position] += 1
                else:
                    self._slots[item][position] += 1
                head = self._cap.after(state, item)
                assert head is not None
                at[head].append(position)
        self._loose = {charge: sorted(counts.items()) for charge, counts in loose.items()}

    def take(self, unit: Item, number: int, per_bin: int) -> list[tuple[int, Nodes]]:
        """Site and nodes of `number` units, at most `per_bin` in a bin, fullest first.

        Raises
        ------
        SpreadConflict
            When so few bins have slots of the size that some would have to give more.
        """
        size = unit[0]
        slots = self._slots[unit]
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

    def loose(self, charge: int, number: int) -> Nodes:
        """`number` of the loose nodes with this charge, from the bins' far ends."""
        nodes: Nodes = []
        while len(nodes) < number:
            position, count = self._loose[charge].pop()
            take = min(count, number - len(nodes))
            left = self._left[position]
            nodes += left[len(left) - take :]
            del left[len(left) - take :]
            if count > take:
                self._loose[charge].append((position, count - take))
        return nodes
