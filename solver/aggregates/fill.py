"""Units of small jobs to nodes of base blocks: where patterns say so first, then by best fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from ...models.instance import Instance
from ...models.plan import Placement
from ..options import cut
from .exchanges import Exchange
from .master import Master
from .regions import Regions
from .slots import Demand


class Filler:
    """Puts small jobs into base blocks.

    Parameters
    ----------
    master
        Knows the jobs and the slots.
    regions
        All base blocks one by one.
    """

    def __init__(self, instance: Instance, master: Master, regions: Regions) -> None:
        self._instance = instance
        self._master = master
        self._regions = regions
        self._nodes = [list(nodes) for nodes in regions.nodes]
        self._free = regions.free.copy()
        self._budget = regions.budget.copy()
        self._is_job_free = regions.is_job_free.copy()
        self._room = [row.room for row in regions.wide]
        # Per slot, the blocks of each of its places.
        self._promised: dict[int, list[list[int]]] = defaultdict(list)

    @cached_property
    def _block_of(self) -> dict[int, int]:
        """Per node its base block."""
        return {node: block for block, nodes in enumerate(self._regions.nodes) for node in nodes}

    def promise(self, block: int, counts: Mapping[int, int]) -> None:
        """Note that a block is meant for these slots."""
        for slot, number in counts.items():
            self._promised[slot] += [[block] for _ in range(number)]

    def occupy(self, placed: Placement, slot: int) -> None:
        """Give a job of a slot its nodes; it may not hold base blocks."""
        charge = int(self._regions.charge[slot])
        for node in placed.nodes:
            block = self._block_of[node]
            self._nodes[block].remove(node)
            self._free[block] -= 1
            self._budget[block] -= charge
            self._is_job_free[block] = False
            self._pay(block, slot, 1)

    def exchange(self, exchanges: Sequence[tuple[Exchange, int]]) -> None:
        """Use places for other slots, so many times each."""
        waiting = dict(exchanges)
        is_stuck = False
        while not is_stuck:
            # What one exchange gives may be what another takes.
            is_stuck = True
            for exchange, times in waiting.items():
                for _ in range(min(times, self._num_promised(exchange.given))):
                    places = [self._promised[slot].pop() for slot in exchange.given]
                    for slot in exchange.got:
                        self._promised[slot].append(list(chain.from_iterable(places)))
                    waiting[exchange] -= 1
                    is_stuck = False

    def _num_promised(self, slots: Sequence[int]) -> int:
        """How often all of these slots are promised together."""
        return min(len(self._promised[slot]) // slots.count(slot) for slot in slots)

    def place(self, job: int, demand: Demand, *, anywhere: bool) -> Placement | None:
        """Put a job down; None, with nothing changed, if it does not fit.

        Parameters
        ----------
        anywhere
            Where its units fit best, if patterns do not promise them a place.
        """
        master = self._master
        option = master.shapes[demand.shape].options[demand.option]
        slot = master.slots[demand.slot]
        count, size = option.units.count, option.units.size
        if slot.is_single:
            count, size = option.job.num_nodes, 1
        room = list(self._room)
        own = [list(blocks) for blocks in self._promised[demand.slot]]
        taken: list[tuple[int, list[int]]] = []
        held: set[int] = set()
        used: set[int] = set()
        for _ in range(count):
            block = self._next_held(held, size, demand.slot) if slot.holds else None
            if block is None:
                closed = used if option.one_per_site or slot.holds else set()
                block = self._promised_block(demand.slot, size, closed)
                if block is None and anywhere:
                    block = self._best_block(demand.slot, size, closed, must_be_free=slot.holds)
            if block is None or not self._pay(block, demand.slot, size):
                self._undo(demand.slot, taken, room)
                self._promised[demand.slot] = own
                return None
            used.add(block)
            if slot.holds and not option.one_per_site:
                held.add(block)
            taken.append((block, self._take(block, demand.slot, size)))
        for block in used:
            self._is_job_free[block] = False
            if slot.holds:
                # Nobody else may enter what an exclusive job holds.
                self._free[block] = 0
                self._nodes[block] = []
        units = self._instance.units(self._instance.jobs[job], option.partition)
        segments = cut(units, sorted(sorted(nodes) for _, nodes in taken))
        return Placement(
            master.job_ids[job],
            tuple(tuple(segment) for segment in segments),
            option.partition.name,
        )

    def _fits(self, block: int, slot: int, size: int) -> bool:
        if self._free[block] < size:
            return False
        if self._budget[block] < size * self._regions.charge[slot]:
            return False
        candidates = self._master.slots[slot].candidates
        return sum(node in candidates for node in self._nodes[block]) >= size

    def _next_held(self, held: set[int], size: int, slot: int) -> int | None:
        return next((block for block in sorted(held) if self._fits(block, slot, size)), None)

    def _promised_block(self, slot: int, size: int, closed: set[int]) -> int | None:
        places = self._promised[slot]
        for blocks in places:
            for block in blocks:
                if block not in closed and self._fits(block, slot, size):
                    blocks.remove(block)
                    self._promised[slot] = [blocks for blocks in places if blocks]
                    return block
        return None

    def _best_block(
        self, slot: int, size: int, closed: set[int], *, must_be_free: bool
    ) -> int | None:
        """The open block with the fewest nodes that suffice."""
        regions = self._regions
        is_open = (
            (self._free >= size)
            & (self._budget >= size * regions.charge[slot])
            & regions.zones[regions.zone, slot]
        )
        if must_be_free:
            is_open &= self._is_job_free
        blocks = np.nonzero(is_open)[0]
        for block in blocks[np.argsort(self._free[blocks], kind="stable")].tolist():
            if block not in closed and self._fits(block, slot, size):
                return int(block)
        return None

    def _pay(self, block: int, slot: int, size: int) -> bool:
        """Charge the layers over the block that its budget does not state, if they admit that."""
        # Rows charge per slot, which may be several units of an exclusive job.
        per_slot = self._master.slots[slot].nodes
        amounts = [
            int(row.charges[slot]) * size // per_slot if row.covers[block] else 0
            for row in self._regions.wide
        ]
        if any(amount > room for amount, room in zip(amounts, self._room, strict=True)):
            return False
        self._room = [room - amount for amount, room in zip(amounts, self._room, strict=True)]
        return True

    def _take(self, block: int, slot: int, size: int) -> list[int]:
        candidates = self._master.slots[slot].candidates
        nodes = [node for node in self._nodes[block] if node in candidates][:size]
        chosen = set(nodes)
        self._nodes[block] = [node for node in self._nodes[block] if node not in chosen]
        self._free[block] -= size
        self._budget[block] -= size * int(self._regions.charge[slot])
        return nodes

    def _undo(self, slot: int, taken: list[tuple[int, list[int]]], room: list[int]) -> None:
        for block, nodes in taken:
            self._nodes[block] += nodes
            self._free[block] += len(nodes)
            self._budget[block] += len(nodes) * int(self._regions.charge[slot])
        self._room = room
