"""Nodes for anchored jobs: from regions to names, with the caps of base blocks in mind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...models.plan import Placement
from .anchors import Anchor, Shares
from .master import Master
from .patterns import Pattern
from .regions import Regions
from .slots import Demand, Slot

# Larger than any span: jobs beyond all levels take what the others leave.
BEYOND = 1 << 62


class Canvas:
    """Free nodes and budgets of base blocks while anchored jobs are put down."""

    def __init__(self, regions: Regions, patterns: Mapping[int, Pattern]) -> None:
        self.regions = regions
        self.nodes = [list(nodes) for nodes in regions.nodes]
        self.budget = regions.budget.tolist()
        self.left = [0] * len(self.nodes)
        for aggregate, pattern in patterns.items():
            for offset, left in enumerate(pattern.left):
                self.left[aggregate * regions.span + offset] = left

    def room(self, block: int, slot: Slot, charge: int) -> int:
        """Nodes that a unit may take from a base block."""
        count = sum(node in slot.candidates for node in self.nodes[block])
        return min(count, self.budget[block] // charge) if charge else count

    def take(self, block: int, count: int, slot: Slot, charge: int) -> list[int]:
        """Remove `count` nodes from a base block."""
        taken = [node for node in self.nodes[block] if node in slot.candidates][:count]
        chosen = set(taken)
        self.nodes[block] = [node for node in self.nodes[block] if node not in chosen]
        self.budget[block] -= charge * count
        self.left[block] = max(0, self.left[block] - count)
        return taken


def place_anchors(
    master: Master, patterns: Mapping[int, Pattern], anchors: Iterable[Anchor]
) -> list[Placement]:
    """Placements of the anchored jobs; those that do not fit after all are left out.

    Small regions come first: larger ones have more choice.
    """
    canvas = Canvas(master.regions, patterns)
    placements = []
    slots = master.slots
    # Consolidated jobs over several base blocks are the least flexible of their span.
    for anchor in sorted(
        anchors,
        key=lambda a: (
            slots[a.demand.slot].span or BEYOND,
            slots[a.demand.slot].packing is None,
            -slots[a.demand.slot].size,
        ),
    ):
        before = [list(nodes) for nodes in canvas.nodes], list(canvas.budget), list(canvas.left)
        segments = (
            _from_shares(canvas, master, anchor.demand, anchor.shares)
            if anchor.shares
            else _segments(canvas, master, anchor)
        )
        if segments is None:
            canvas.nodes, canvas.budget, canvas.left = before
            continue
        placements.append(_placement(master, anchor.job, anchor.demand, segments))
    return placements


def _from_shares(
    canvas: Canvas, master: Master, demand: Demand, shares_of: Shares
) -> list[list[int]] | None:
    slot = master.slots[demand.slot]
    charge = int(master.regions.charge[demand.slot])
    span = master.regions.span
    segments = []
    for shares in shares_of:
        nodes: list[int] = []
        for aggregate, count in shares.items():
            blocks = range(aggregate * span, (aggregate + 1) * span)
            nodes += _loose(canvas, blocks, count, slot, charge) or []
        if len(nodes) != slot.size:
            return None
        segments.append(nodes)
    return segments


def _placement(master: Master, job: int, demand: Demand, segments: list[list[int]]) -> Placement:
    option = master.shapes[demand.shape].options[demand.option]
    return Placement(
        master.job_ids[job],
        tuple(tuple(sorted(segment)) for segment in sorted(segments)),
        option.partition.name,
    )


def _segments(canvas: Canvas, master: Master, anchor: Anchor) -> list[list[int]] | None:
    slot = master.slots[anchor.demand.slot]
    charge = int(master.regions.charge[anchor.demand.slot])
    assert slot.span is not None
    segments: list[list[int]] = []
    allowed = master.regions.allowed[anchor.demand.slot]
    for region in anchor.regions:
        # Where the pattern promised too much, the next regions have to do.
        others = [other for other in np.nonzero(allowed)[0].tolist() if other != region]
        for chosen in [region, *others]:
            blocks = range(chosen * slot.span, (chosen + 1) * slot.span)
            if slot.packing is None:
                found = _loose(canvas, blocks, slot.size, slot, charge)
                placed = None if found is None else [found]
            else:
                placed = _packed(canvas, blocks, slot, charge)
            if placed is not None:
                segments += placed
                break
        else:
            return None
    return segments


def _loose(
    canvas: Canvas, blocks: Sequence[int], size: int, slot: Slot, charge: int
) -> list[int] | None:
    """A unit anywhere in a region: from what the pattern leaves to it first."""
    room = {block: canvas.room(block, slot, charge) for block in blocks}
    if sum(room.values()) < size:
        return None
    nodes: list[int] = []
    for is_first in (True, False):
        for block in sorted(blocks, key=lambda block: (-canvas.left[block], block)):
            most = min(room[block], canvas.left[block]) if is_first else room[block]
            count = min(most, size - len(nodes))
            nodes += canvas.take(block, count, slot, charge)
            room[block] -= count
    return nodes


def _packed(
    canvas: Canvas, blocks: Sequence[int], slot: Slot, charge: int
) -> list[list[int]] | None:
    """All units of a consolidated job, in the base blocks with the least remainder first."""
    assert slot.packing is not None
    number, size, spreads = slot.packing
    if size > canvas.regions.base_size:
        segments = [_loose(canvas, blocks, size, slot, charge) for _ in range(number)]
        return [nodes for nodes in segments if nodes is not None] if None not in segments else None
    room = {block: canvas.room(block, slot, charge) for block in blocks}
    if sum(min(r // size, 1) if spreads else r // size for r in room.values()) < number:
        return None
    packed: list[list[int]] = []
    # From what the pattern leaves to it first, as far as that comes in whole units.
    for is_first in (True, False):
        for block in sorted(blocks, key=lambda b: (-(room[b] // size), room[b] % size)):
            nodes = min(room[block], canvas.left[block]) if is_first else room[block]
            count = min(nodes // size, number - len(packed))
            if spreads:
                count = min(count, 1)
            packed += [canvas.take(block, size, slot, charge) for _ in range(count)]
            # A block that hosts a unit of a spread job takes no other.
            room[block] = 0 if spreads and count else room[block] - count * size
    return packed
