"""One topology seen as units of nodes with bit masks: which nodes are free, which hold jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import compress

from ...models.topology import (
    BlockTopology,
    FlatTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)

NOTHING = -1
_DIGITS = bytes.maketrans(b"\x00\x01", b"01")
_FLAGS = bytes.maketrans(b"01", b"\x00\x01")


def units_of(topology: Topology, num_nodes: int) -> list[tuple[int, ...]]:
    """Nodes of each unit, by bit position: base blocks, rings, toruses, leaf switches.

    A flat topology is one unit with all nodes. A node that is listed twice belongs to the first
    unit, its other positions and a torus's empty cells are `NOTHING`.
    """
    match topology:
        case BlockTopology():
            listed = [block.nodes for block in topology.blocks]
        case RingTopology():
            listed = [ring.nodes for ring in topology.rings]
        case TorusTopology():
            listed = [torus.cells for torus in topology.toruses]
        case TreeTopology():
            listed = [topology.switches[leaf].nodes for leaf in topology.leaves]
        case FlatTopology():
            listed = [tuple(range(num_nodes))]
    return listed


class View:
    """Free nodes of one topology, unit by unit; the last unit holds the nodes outside of all.

    Attributes
    ----------
    topology
        What is viewed.
    units
        Node per bit position of each unit.
    outside
        Index of the unit of nodes outside the topology.
    free
        Mask of the nodes of each unit that a job may take now; 0 while the unit is held.
    busy
        Number of nodes of each unit that jobs hold, running or planned.
    log
        Every unit whose `free` or `busy` changed, in order: indexes catch up from here.
    hosts
        Ids of the jobs of the plan on each unit.
    wanted
        Mask of nodes that some pending job asks for by name; taken last.
    contested
        Whether jobs that have nowhere else to go compete for the unit; the others take it last.
    """

    def __init__(self, topology: Topology, num_nodes: int) -> None:
        self.topology = topology
        listed = units_of(topology, num_nodes)
        self.unit_of = [NOTHING] * num_nodes
        self.units: list[tuple[int, ...]] = []
        self._ranges: list[tuple[int, int] | None] = []
        for index, nodes in enumerate(listed):
            self._add(index, nodes)
        self.outside = len(listed)
        outside = tuple(node for node, unit in enumerate(self.unit_of) if unit == NOTHING)
        self._add(self.outside, outside)
        self._num_nodes = num_nodes
        self.wanted = [0] * len(self.units)
        self.contested = [False] * len(self.units)
        self.log: list[int] = []
        self.hosts: dict[int, set[str]] = {}
        self._shelved: dict[int, int] = {}
        self._anchors: dict[int, tuple[tuple[int, int], ...]] = {}
        self._overlapping: dict[tuple[int, int], int] = {}
        self._by_volume: dict[int, dict[int, int]] = {}
        self.open([0] * len(self.units), [0] * len(self.units))

    def _add(self, index: int, nodes: tuple[int, ...]) -> None:
        """Make `nodes` the members of unit `index`, but for those of earlier units and repeats."""
        unit_of = self.unit_of
        run = _range(nodes)
        if run is not None:
            # The usual case, thousands of times: consecutive nodes that no other unit lists.
            nobody = [NOTHING] * len(nodes)
            if unit_of[run[0] : run[1]] == nobody:
                unit_of[run[0] : run[1]] = [index] * len(nodes)
                self.units.append(nodes)
                self._ranges.append(run)
                return
        own = list(nodes)
        for bit, node in enumerate(nodes):
            if node == NOTHING:
                continue
            if unit_of[node] == NOTHING:
                unit_of[node] = index
            else:
                own[bit] = NOTHING
        self.units.append(tuple(own))
        self._ranges.append(_range(self.units[-1]))

    def masks(self, nodes: frozenset[int]) -> list[int]:
        """Bit mask of `nodes` in every unit."""
        if len(nodes) == self._num_nodes and all(self._ranges[: self.outside]):
            # All nodes there are, as in most partitions; every unit but the last is a run.
            return [(1 << len(members)) - 1 for members in self.units]
        ones = bytes(map(nodes.__contains__, range(self._num_nodes)))
        # Highest node first, so that a slice of it is the binary number of a run of nodes.
        text = ones.translate(_DIGITS)[::-1].decode()
        end = self._num_nodes
        masks: list[int] = []
        for members, run in zip(self.units, self._ranges, strict=True):
            if run is None:
                masks.append(
                    sum(1 << bit for bit, node in enumerate(members) if node >= 0 and ones[node])
                )
            else:
                masks.append(int(text[end - run[1] : end - run[0]], 2))
        return masks

    def split(self, nodes: Iterator[int] | frozenset[int]) -> dict[int, int]:
        """Bit mask of `nodes` per unit that has one of them."""
        masks: dict[int, int] = {}
        for node in nodes:
            unit = self.unit_of[node]
            masks[unit] = masks.get(unit, 0) | 1 << self.units[unit].index(node)
        return masks

    def nodes(self, unit: int, mask: int) -> Iterator[int]:
        """Node indices of the bits of `mask` in `unit`, by position."""
        return compress(self.units[unit], f"{mask:b}"[::-1].encode().translate(_FLAGS))

    def anchors(self, unit: int) -> tuple[tuple[int, int], ...]:
        """``(volume, mask)`` of every usable anchor of a torus, without repeats."""
        anchors = self._anchors.get(unit)
        if anchors is None:
            assert isinstance(self.topology, TorusTopology)
            torus = self.topology.toruses[unit]
            where = {node: cell for cell, node in enumerate(torus.cells) if node != NOTHING}
            found: dict[tuple[int, int], None] = {}
            for placement in torus.sorted_placements:
                for box in torus.usable_anchors(placement):
                    found[placement.volume, sum(1 << where[node] for node in box)] = None
            anchors = self._anchors[unit] = tuple(found)
        return anchors

    def open_anchors(self, unit: int) -> int:
        """Bit set over `anchors` of a torus: those whose nodes are all free now."""
        free = self.free[unit]
        return bit_set(mask & free == mask for _, mask in self.anchors(unit))

    def overlapping_anchors(self, unit: int, at: int) -> int:
        """Bit set over `anchors` of a torus: those that share a node with anchor `at`."""
        known = self._overlapping.get((unit, at))
        if known is None:
            anchors = self.anchors(unit)
            own = anchors[at][1]
            known = bit_set(mask & own for _, mask in anchors)
            self._overlapping[unit, at] = known
        return known

    def anchors_by_volume(self, unit: int) -> dict[int, int]:
        """Volume to bit set over `anchors` of a torus."""
        known = self._by_volume.get(unit)
        if known is None:
            volumes = [volume for volume, _ in self.anchors(unit)]
            known = {
                each: bit_set(volume == each for volume in volumes)
                for each in dict.fromkeys(volumes)
            }
            self._by_volume[unit] = known
        return known

    @cached_property
    def leaves_below(self) -> tuple[tuple[int, ...], ...]:
        """Units (leaves) below every switch of a tree."""
        assert isinstance(self.topology, TreeTopology)
        topology = self.topology
        unit_of_leaf = {leaf: unit for unit, leaf in enumerate(topology.leaves)}
        below: dict[int, tuple[int, ...]] = {}
        for switch in sorted(range(len(topology.switches)), key=topology.levels.__getitem__):
            children = topology.switches[switch].children
            own = (unit_of_leaf[switch],) if switch in unit_of_leaf else ()
            below[switch] = own + tuple(unit for child in children for unit in below[child])
        return tuple(below[switch] for switch in range(len(topology.switches)))

    def open(self, free: list[int], busy: list[int]) -> None:
        """Set the start state: masks of the free nodes, numbers of nodes held by jobs."""
        self.start_free, self.start_busy = free, busy
        self.reset()

    def num_job_free_at_start(self) -> int:
        """Units with free nodes that hosted no job before anything was planned."""
        pairs = zip(self.start_free, self.start_busy, strict=True)
        return sum(1 for free, busy in pairs if free and not busy)

    def reset(self) -> None:
        """Return to the start state."""
        self.free, self.busy = self.start_free.copy(), self.start_busy.copy()
        self.log.clear()
        self.hosts.clear()
        self._shelved.clear()

    def take(self, unit: int, mask: int) -> None:
        """Take free nodes of a unit; `commit` later tells that a job holds them."""
        self.free[unit] &= ~mask
        self.log.append(unit)

    def give(self, unit: int, mask: int) -> None:
        """Return nodes that were taken."""
        if unit in self._shelved:
            self._shelved[unit] |= mask
        else:
            self.free[unit] |= mask
        self.log.append(unit)

    def occupy(self, unit: int, job_id: str, count: int) -> None:
        """Note that a job of the plan holds `count` nodes of the unit."""
        self.busy[unit] += count
        self.hosts.setdefault(unit, set()).add(job_id)
        self.log.append(unit)

    def vacate(self, unit: int, job_id: str, count: int) -> None:
        """Undo `occupy`."""
        self.busy[unit] -= count
        self.hosts[unit].discard(job_id)
        self.log.append(unit)

    def hold(self, unit: int) -> None:
        """Close the unit to everybody: an exclusive job has it."""
        self._shelved[unit] = self.free[unit]
        self.free[unit] = 0
        self.log.append(unit)

    def release(self, unit: int) -> None:
        """Reopen a unit that was held."""
        self.free[unit] = self._shelved.pop(unit)
        self.log.append(unit)


def bit_set(flags: Iterable[object]) -> int:
    """Number whose bit i is set if flag i is true."""
    text = "".join("1" if flag else "0" for flag in flags)
    return int(text[::-1] or "0", 2)


def _range(nodes: tuple[int, ...]) -> tuple[int, int] | None:
    """First and one past the last index if the nodes are consecutive, as in most real blocks."""
    if nodes and nodes[0] >= 0 and nodes == tuple(range(nodes[0], nodes[0] + len(nodes))):
        return nodes[0], nodes[0] + len(nodes)
    return None
