"""Nodes for anchored jobs: from regions to names, with the caps of base blocks in mind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...models.plan import Placement
from .anchors import Anchor
from .master import Master
from .pricing import Pattern
from .regions import Regions
from .slots import Slot


class Canvas:
    """Free nodes and budgets of base blocks while anchored jobs are put down."""

    def __init__(self, regions: Regions, patterns: dict[int, Pattern]) -> None:
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
    master: Master, patterns: dict[int, Pattern], anchors: Iterable[Anchor]
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
            slots[a.demand.slot].span or master.regions.num_aggregates * master.regions.span,
            slots[a.demand.slot].packing is None,
            -slots[a.demand.slot].size,
        ),
    ):
        before = [list(nodes) for nodes in canvas.nodes], list(canvas.budget), list(canvas.left)
        segments = _segments(canvas, master, anchor)
        if segments is None:
            canvas.nodes, canvas.budget, canvas.left = before
            continue
        option = master.shapes[anchor.demand.shape].options[anchor.demand.option]
        job = anchor.job
        placements.append(
            Placement(
                master.job_ids[job],
                tuple(tuple(sorted(segment)) for segment in sorted(segments)),
                option.partition.name,
            )
        )
    return placements


def _segments(canvas: Canvas, master: Master, anchor: Anchor) -> list[list[int]] | None:
    slot = master.slots[anchor.demand.slot]
    charge = int(master.regions.charge[anchor.demand.slot])
    if slot.span is None:
        return _beyond_levels(canvas, master, anchor, slot, charge)
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
    if size > max(len(canvas.regions.nodes[block]) for block in blocks):
        segments = [_loose(canvas, blocks, size, slot, charge) for _ in range(number)]
        return [nodes for nodes in segments if nodes is not None] if None not in segments else None
    room = {block: canvas.room(block, slot, charge) for block in blocks}
    if sum(min(r // size, 1) if spreads else r // size for r in room.values()) < number:
        return None
    packed: list[list[int]] = []
    for block in sorted(blocks, key=lambda block: (-(room[block] // size), room[block] % size)):
        count = min(room[block] // size, 1 if spreads else number, number - len(packed))
        packed += [canvas.take(block, size, slot, charge) for _ in range(count)]
    return packed


def _beyond_levels(
    canvas: Canvas, master: Master, anchor: Anchor, slot: Slot, charge: int
) -> list[list[int]] | None:
    """Units of the whole topology, each on as few aggregates as it takes."""
    most = slot.max_lower or master.regions.num_aggregates
    segments = []
    for _ in range(anchor.demand.count):
        # Where the linear program mixed aggregates that are too small, any others have to do.
        for aggregates in (anchor.regions, range(master.regions.num_aggregates)):
            nodes = _few_aggregates(canvas, master.regions.span, aggregates, most, slot, charge)
            if nodes:
                break
        else:
            return None
        segments.append(nodes)
    return segments


def _few_aggregates(
    canvas: Canvas, span: int, aggregates: Sequence[int], most: int, slot: Slot, charge: int
) -> list[int]:
    """One unit on at most so many of the aggregates; empty if they do not have the room."""
    rooms = {
        aggregate: sum(canvas.room(block, slot, charge) for block in _blocks(aggregate, span))
        for aggregate in aggregates
    }
    rooms = {aggregate: room for aggregate, room in rooms.items() if room}
    nodes: list[int] = []
    for aggregate, count in _few(rooms, slot.size, most):
        nodes += _loose(canvas, _blocks(aggregate, span), count, slot, charge) or []
    return nodes


def _few(rooms: dict[int, int], size: int, most: int) -> list[tuple[int, int]]:
    """``(aggregate, nodes)`` of at most `most` aggregates with the least room to spare."""
    best: list[tuple[int, int]] = []
    least = -1
    for first in sorted(rooms):
        chosen = _starting_with(first, rooms, size, most)
        spare = sum(rooms[aggregate] for aggregate, _ in chosen) - size
        if chosen and (least < 0 or spare < least):
            best, least = chosen, spare
    return best


def _starting_with(
    first: int, rooms: dict[int, int], size: int, most: int
) -> list[tuple[int, int]]:
    """All of one aggregate, then large ones, the last no larger than needed; empty if in vain."""
    left = dict(rooms)
    chosen: list[tuple[int, int]] = []
    aggregate = first
    while True:
        count = min(size, left.pop(aggregate))
        chosen.append((aggregate, count))
        size -= count
        if size == 0:
            return chosen
        if len(chosen) == most or not left:
            return []
        enough = [each for each, room in left.items() if room >= size]
        if enough:
            aggregate = min(enough, key=lambda each: (left[each], each))
        else:
            aggregate = max(left, key=lambda each: (left[each], -each))


def _blocks(aggregate: int, span: int) -> range:
    return range(aggregate * span, (aggregate + 1) * span)
