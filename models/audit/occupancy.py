"""The past replayed change by change: who holds what in every stretch between two changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..legality import Legality
from ..resources import Mode
from ..rules.exclusive import unit_nodes
from ..rules.usage import overlapping, requested
from .history import Allocation, Era
from .layers import charges_of
from .layers_mode_1 import LayerChoice
from .scene import Requests, Scene

# Within one second what ends is gone before anything starts.
_END, _BACK, _AWAY, _START, _WAIT_END, _WAIT = range(6)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened at the beginning of a stretch."""

    started: tuple[int, ...]
    ended: tuple[int, ...]
    waiting: tuple[int, ...]
    gone: tuple[int, ...]
    frees: bool

    @property
    def moves_nodes(self) -> bool:
        """Whether nodes changed hands."""
        return bool(self.started or self.ended) or self.frees


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval without any change."""

    start_s: int
    end_s: int
    change: Change


class Occupancy:
    """Replays an era.

    Parameters
    ----------
    era
        What happened.
    requests
        Of the era's cluster.
    """

    def __init__(self, era: Era, requests: Requests) -> None:
        self.era = era
        self.requests = requests
        self.running: dict[int, Allocation] = {}
        self._free = set(era.everything)
        self._holders: Counter[int] = Counter()
        self._absent: Counter[int] = Counter()
        self._exclusive: dict[int, frozenset[int]] = {}
        self._used = [
            [
                resource.idle_w * len(layer.nodes) if resource.is_power else 0
                for layer in resource.layers
            ]
            for resource in era.cluster.resources
        ]
        self._charges = self._charges_by_allocation()
        self._mode_1 = {
            index: LayerChoice(resource)
            for index, resource in enumerate(era.cluster.resources)
            if resource.mode is Mode.MODE_1 and not resource.is_power
        }
        self._scene: Scene | None = None

    def _charges_by_allocation(self) -> dict[int, list[tuple[int, int, int]]]:
        found: dict[int, list[tuple[int, int, int]]] = {}
        for number, resource in enumerate(self.era.cluster.resources):
            if resource.mode is Mode.MODE_1 and not resource.is_power:
                continue
            for charge in charges_of(self.era, self.requests.instance, resource):
                found.setdefault(charge.index, []).append((number, charge.layer, charge.amount))
        return found

    def stretches(self) -> Iterator[Stretch]:
        """Every stretch of the era in order; the object shows the state that holds in it."""
        events = self._events()
        position = 0
        start_s = self.era.start_s
        change = Change((), (), (), (), False)
        while position < len(events) or start_s < self.era.end_s:
            next_s = events[position][0] if position < len(events) else self.era.end_s
            if next_s > start_s:
                yield Stretch(start_s, min(next_s, self.era.end_s), change)
                start_s = next_s
                change = Change((), (), (), (), False)
            if position == len(events):
                return
            batch = []
            while position < len(events) and events[position][0] == next_s:
                batch.append(events[position])
                position += 1
            change = _joined(change, self._apply(batch))

    def _events(self) -> list[tuple[int, int, int]]:
        events: list[tuple[int, int, int]] = []
        for index, allocation in enumerate(self.era.allocations):
            if allocation.end_s > allocation.start_s:
                events.append((allocation.start_s, _START, index))
                events.append((allocation.end_s, _END, index))
        for index, wait in enumerate(self.era.waits):
            events.append((wait.start_s, _WAIT, index))
            events.append((wait.end_s, _WAIT_END, index))
        for index, absence in enumerate(self.era.absences):
            events.append((absence.start_s, _AWAY, index))
            events.append((absence.end_s, _BACK, index))
        events.sort()
        return events

    def _apply(self, batch: list[tuple[int, int, int]]) -> Change:
        lists: tuple[list[int], ...] = ([], [], [], [], [], [])
        for _, kind, index in batch:
            lists[kind].append(index)
            if kind == _START:
                self._start(index)
            elif kind == _END:
                self._end(index)
            elif kind in (_AWAY, _BACK):
                self._move_absence(index, 1 if kind == _AWAY else -1)
        if any(lists[kind] for kind in (_START, _END, _AWAY, _BACK)):
            self._scene = None
        frees = bool(lists[_END] or lists[_BACK])
        return Change(
            tuple(lists[_START]),
            tuple(lists[_END]),
            tuple(lists[_WAIT]),
            tuple(lists[_WAIT_END]),
            frees,
        )

    def _start(self, index: int) -> None:
        allocation = self.era.allocations[index]
        self.running[index] = allocation
        for node in allocation.nodes:
            self._holders[node] += 1
            self._free.discard(node)
        request = self.requests.of(allocation.record.job, allocation.partition)
        if request.is_exclusive:
            self._exclusive[index] = unit_nodes(request.topology, allocation.nodes)
        for number, layer, amount in self._charges.get(index, ()):
            self._used[number][layer] += amount
        for number, choice in self._mode_1.items():
            resource = self.era.cluster.resources[number]
            amount = requested(allocation.record.job, resource)
            layers = overlapping(resource, allocation.nodes)
            if amount and layers:
                span = (allocation.start_s, allocation.end_s)
                choice.charge(index, amount, layers, span)

    def _end(self, index: int) -> None:
        allocation = self.running.pop(index)
        for node in allocation.nodes:
            self._holders[node] -= 1
            if not self._holders[node] and not self._absent[node]:
                self._free.add(node)
        self._exclusive.pop(index, None)
        for number, layer, amount in self._charges.get(index, ()):
            self._used[number][layer] -= amount

    def _move_absence(self, index: int, step: int) -> None:
        for node in self.era.absences[index].nodes:
            self._absent[node] += step
            if self._absent[node]:
                self._free.discard(node)
            elif not self._holders[node]:
                self._free.add(node)

    def scene(self, now_s: int) -> Scene:
        """The present state; the same object until nodes change hands."""
        if self._scene is None:
            used = {number: tuple(its) for number, its in enumerate(self._used)}
            for number, choice in self._mode_1.items():
                used[number] = choice.used(now_s)
            self._scene = Scene(
                self.era.cluster,
                frozenset(self._free),
                frozenset(node for node, number in self._holders.items() if number),
                frozenset[int]().union(*self._exclusive.values()),
                used,
            )
        return self._scene

    def scene_after(self, released: list[int], now_s: int) -> Scene:
        """The scene once some of the running jobs have ended."""
        scene = self.scene(now_s)
        gone = set(released)
        freed: set[int] = set()
        used = {number: list(its) for number, its in scene.used.items()}
        for index in released:
            freed.update(self.running[index].nodes)
            for number, layer, amount in self._charges.get(index, ()):
                used[number][layer] -= amount
        for number, choice in self._mode_1.items():
            used[number] = list(choice.used_without(gone))
        still = [nodes for index, nodes in self._exclusive.items() if index not in gone]
        staying = {
            node
            for index, held in self.running.items()
            if index not in gone
            for node in held.nodes
        }
        up = {node for node in freed if not self._absent[node]}
        return Scene(
            self.era.cluster,
            scene.free | (up - staying),
            frozenset(staying),
            frozenset[int]().union(*still),
            {number: tuple(its) for number, its in used.items()},
        )

    def empty_scene(self) -> Scene:
        """Every node that is up now, with nothing running on it."""
        return self._deserted(node for node in self.era.everything if not self._absent[node])

    def idle_scene(self) -> Scene:
        """The whole cluster up and idle."""
        return self._deserted(self.era.everything)

    def _deserted(self, up: Iterable[int]) -> Scene:
        used = {
            number: tuple(
                resource.idle_w * len(layer.nodes) if resource.is_power else 0
                for layer in resource.layers
            )
            for number, resource in enumerate(self.era.cluster.resources)
        }
        return Scene(self.era.cluster, frozenset(up), frozenset(), frozenset(), used)

    @property
    def num_free(self) -> int:
        """Nodes that are up and held by nobody."""
        return len(self._free)

    @property
    def num_absent(self) -> int:
        """Nodes that are down or reserved."""
        return sum(number > 0 for number in self._absent.values())

    @property
    def num_busy(self) -> int:
        """Nodes held by jobs."""
        return sum(number > 0 for number in self._holders.values())


def _joined(one: Change, other: Change) -> Change:
    return Change(
        one.started + other.started,
        one.ended + other.ended,
        one.waiting + other.waiting,
        one.gone + other.gone,
        one.frees or other.frees,
    )


def replay(era: Era, legality: Legality) -> Occupancy:
    """The occupancy of an era, ready to be walked through."""
    return Occupancy(era, Requests(era.cluster, legality))
