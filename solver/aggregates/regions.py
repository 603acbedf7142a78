"""The state of the aggregates in arrays: free nodes, budgets, and who may use what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...models.instance import Instance
from ...models.resources import Mode
from ...models.rules.usage import used_before
from ...models.topology import BlockTopology
from .slots import Slot

# Finer budgets of base blocks than this cost time and tell little.
MOST_BUDGET = 4096

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class WideRow:
    """A layer over whole aggregates: a row of the master.

    Attributes
    ----------
    room
        What the layer still admits.
    charges
        Per slot, what one of it adds.
    covers
        Per aggregate, whether the layer is over it.
    """

    room: int
    charges: Ints
    covers: Bools


@dataclass(frozen=True)
class Regions:
    """Base blocks in rows of `span` to an aggregate, the last one padded with empty ones.

    Attributes
    ----------
    span
        Base blocks of an aggregate, a power of two.
    base_size
        Nodes of a base block by its definition; larger units take of several.
    copies
        Per aggregate, how many there are of the kind it stands for.
    nodes
        Per base block its usable nodes, ascending.
    free
        Per base block their number.
    zone
        Per base block the row of `zones`.
    zones
        Per zone and slot, whether base blocks of the zone may host it.
    is_job_free
        Per base block, whether an exclusive job could hold it.
    budget
        Per base block, what its own layers admit, in units of `charge`.
    charge
        Per slot, what each of its nodes takes from a budget.
    room
        Per slot of several base blocks: per region of its span (beyond all levels: per aggregate),
        the nodes it could take if it were alone.
    allowed
        Per slot of several base blocks: per region of its span, whether it alone would fit.
    wide
        Layers over whole aggregates.
    """

    span: int
    base_size: int
    copies: Ints
    nodes: list[tuple[int, ...]]
    free: Ints
    zone: Ints
    zones: Bools
    is_job_free: Bools
    budget: Ints
    charge: Ints
    room: dict[int, Ints]
    allowed: dict[int, Bools]
    wide: list[WideRow]

    @property
    def num_aggregates(self) -> int:
        return len(self.free) // self.span

    @cached_property
    def free_of_aggregates(self) -> Ints:
        """Per aggregate the number of its usable nodes."""
        return self._of_aggregates(self.free)

    @cached_property
    def budget_of_aggregates(self) -> Ints:
        """Per aggregate the sum of its base blocks' budgets."""
        return self._of_aggregates(self.budget)

    def _of_aggregates(self, of_blocks: Ints) -> Ints:
        """A sum that all callers share, so that none may change it."""
        found: Ints = of_blocks.reshape(-1, self.span).sum(axis=1)
        found.flags.writeable = False
        return found


def build_regions(
    instance: Instance,
    topology: BlockTopology,
    slots: Sequence[Slot],
    usable: frozenset[int],
    binding: Sequence[tuple[int, int]],
    span: int | None = None,
) -> Regions:
    """Arrays over the base blocks of `topology`.

    Parameters
    ----------
    usable
        Nodes that are free and in no held unit.
    binding
        ``(resource, layer)`` that the queue could exceed.
    span
        Base blocks of an aggregate; by default of the largest enabled level.

    Notes
    -----
    Layers within an aggregate but over several base blocks, and all but one resource on single
    base blocks, are left out, as are MODE_1 and MODE_2: what is built is a relaxation.
    """
    span = span or 1 << topology.levels[-1]
    nodes = [tuple(sorted(usable.intersection(block.nodes))) for block in topology.blocks]
    num_real = len(nodes)
    nodes += _outside(usable, topology, any(slot.is_single for slot in slots))
    is_outside = [False] * num_real + [True] * (len(nodes) - num_real)
    padding = -len(nodes) % span
    nodes += [()] * padding
    is_outside += [True] * padding
    free = np.array([len(members) for members in nodes])
    counts = _candidate_counts(slots, nodes, np.array(is_outside))
    zones, zone = np.unique(counts > 0, axis=1, return_inverse=True)
    busy = frozenset().union(*(job.nodes for job in instance.running))
    job_free = [
        index < num_real and busy.isdisjoint(topology.blocks[index].nodes)
        for index in range(len(nodes))
    ]
    rooms = _rooms(instance, binding)
    charge, budget, in_budgets = _budgets(slots, nodes, rooms)
    payable = _within_budget(counts, charge, budget)
    aggregate_of = {node: index // span for index, members in enumerate(nodes) for node in members}
    return Regions(
        span=span,
        base_size=topology.base_size,
        copies=np.ones(len(nodes) // span, dtype=np.int64),
        nodes=nodes,
        free=free,
        zone=zone.reshape(-1),
        zones=zones.T,
        is_job_free=np.array(job_free),
        budget=budget,
        charge=charge,
        room=_rooms_of_regions(slots, payable, span),
        allowed=_allowed(topology, slots, payable),
        wide=_wide_rows(
            slots,
            [room for room in rooms if room not in in_budgets],
            aggregate_of,
            len(nodes) // span,
        ),
    )


def kinds_of_blocks(regions: Regions) -> tuple[Regions, list[list[int]]]:
    """One base block of every kind, and the base blocks of each; for aggregates of one block."""
    columns = [regions.free, regions.budget, regions.zone, regions.is_job_free]
    columns += [row.covers for row in regions.wide]
    _, first, kind = np.unique(np.stack(columns), axis=1, return_index=True, return_inverse=True)
    members: list[list[int]] = [[] for _ in first]
    for block, number in enumerate(kind.reshape(-1).tolist()):
        members[number].append(block)
    return replace(
        regions,
        copies=np.array([len(blocks) for blocks in members]),
        nodes=[regions.nodes[block] for block in first],
        free=regions.free[first],
        zone=regions.zone[first],
        is_job_free=regions.is_job_free[first],
        budget=regions.budget[first],
        wide=[replace(row, covers=row.covers[first]) for row in regions.wide],
    ), members


def _outside(
    usable: frozenset[int], topology: BlockTopology, is_wanted: bool
) -> list[tuple[int, ...]]:
    """Nodes outside of all blocks, cut into portions the size of a base block."""
    if not is_wanted:
        return []
    rest = sorted(usable - topology.block_of.keys())
    size = topology.base_size
    return [tuple(rest[first : first + size]) for first in range(0, len(rest), size)]


def _candidate_counts(
    slots: Sequence[Slot], nodes: Sequence[tuple[int, ...]], is_outside: Bools
) -> Ints:
    """Per slot and base block the candidates, none outside of blocks but for single nodes."""
    of_set: dict[int, Ints] = {}
    for slot in slots:
        if id(slot.candidates) not in of_set:
            of_set[id(slot.candidates)] = np.array(
                [sum(node in slot.candidates for node in members) for members in nodes]
            )
    return np.array(
        [
            of_set[id(slot.candidates)]
            if slot.is_single
            else np.where(is_outside, 0, of_set[id(slot.candidates)])
            for slot in slots
        ]
    )


def _within_budget(counts: Ints, charge: Ints, budget: Ints) -> Ints:
    """Per slot and base block, the nodes it could take of a block it has to itself."""
    payable = budget // np.maximum(charge, 1)[:, None]
    return np.where(charge[:, None] > 0, np.minimum(counts, payable), counts)


def _rooms_of_regions(slots: Sequence[Slot], counts: Ints, span: int) -> dict[int, Ints]:
    return {
        index: counts[index].reshape(-1, slot.span or span).sum(axis=1)
        for index, slot in enumerate(slots)
        if slot.span != 1
    }


def _allowed(topology: BlockTopology, slots: Sequence[Slot], counts: Ints) -> dict[int, Bools]:
    """Regions of their span that could hold the slots of several base blocks if empty."""
    allowed = {}
    for index, slot in enumerate(slots):
        if slot.span is None or slot.span == 1:
            continue
        in_block = counts[index].reshape(-1, slot.span)
        allowed[index] = in_block.sum(axis=1) >= slot.size
        if slot.packing and slot.packing[1] <= topology.base_size:
            number, size, spreads = slot.packing
            units = in_block >= size if spreads else in_block // size
            allowed[index] &= units.sum(axis=1) >= number
    return allowed


@dataclass(frozen=True, eq=False)
class _Room:
    """What a layer of a MODE_3 or power resource still admits."""

    resource: int
    nodes: frozenset[int]
    amount: int


def _rooms(instance: Instance, binding: Sequence[tuple[int, int]]) -> list[_Room]:
    resources = instance.cluster.resources
    used = {index: used_before(instance, resources[index]) for index, _ in binding}
    rooms = []
    for index, position in binding:
        resource = resources[index]
        if resource.mode is Mode.MODE_3 or resource.is_power:
            layer = resource.layers[position]
            amount = max(0, layer.capacity - used[index][position])
            rooms.append(_Room(index, layer.nodes, amount))
    return rooms


def _budgets(
    slots: Sequence[Slot], nodes: Sequence[tuple[int, ...]], rooms: Sequence[_Room]
) -> tuple[Ints, Ints, set[_Room]]:
    """Charge per slot, budget per base block, and the layers these stand for.

    Of the resource with most layers on single base blocks.
    """
    block_of = {node: index for index, members in enumerate(nodes) for node in members}
    rooms = [room for room in rooms if all(slot.charges[room.resource] >= 0 for slot in slots)]
    own: dict[int, dict[int, int]] = {}
    stated: dict[int, set[_Room]] = defaultdict(set)
    for room in rooms:
        blocks = {block_of[node] for node in room.nodes if node in block_of}
        if len(blocks) == 1 and room.nodes.issuperset(nodes[min(blocks)]):
            of_blocks = own.setdefault(room.resource, {})
            stated[room.resource].add(room)
            of_blocks[min(blocks)] = min(room.amount, of_blocks.get(min(blocks), room.amount))
    if not own:
        return np.zeros(len(slots), np.int64), np.zeros(len(nodes), np.int64), set()
    chosen = max(own, key=lambda index: len(own[index]))
    charge = np.array([slot.charges[chosen] for slot in slots])
    divisor = max(1, int(np.gcd.reduce(charge)))
    charge //= divisor
    enough = int(charge.max(initial=0)) * np.array([len(members) for members in nodes])
    budget = enough.copy()
    for index, amount in own[chosen].items():
        budget[index] = min(amount // divisor, enough[index])
    coarse = -(-int(budget.max(initial=0)) // MOST_BUDGET)
    if coarse > 1:
        # In favour of the bound: charges down, budgets up.
        charge, budget = charge // coarse, -(-budget // coarse)
    return charge, budget, stated[chosen]


def _wide_rows(
    slots: Sequence[Slot],
    rooms: Sequence[_Room],
    aggregate_of: dict[int, int],
    num_aggregates: int,
) -> list[WideRow]:
    """Binding layers that hold all or none of the usable nodes of every aggregate."""
    sizes = np.bincount(list(aggregate_of.values()), minlength=num_aggregates)
    amounts = np.array([slot.nodes for slot in slots])
    rows = []
    for room in rooms:
        inside = [aggregate_of[node] for node in room.nodes if node in aggregate_of]
        covered = np.bincount(inside, minlength=num_aggregates)
        if np.all((covered == 0) | (covered == sizes)):
            charges = amounts * np.array([slot.charges[room.resource] for slot in slots])
            rows.append(WideRow(room.amount, charges, covered > 0))
    return rows
