"""Base blocks that exclusive jobs hold: units of one job may share them, those of two may not.

A base block held with room for `n` nodes is a slot that patterns offer. What an exclusive job of
several units asks for is one that no pattern does: `k` units come from a base block with room for
some of them and from what the others come from. So every way to divide the units over base blocks
is counted, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...models.topology import BlockTopology
from .slots import Slot

# Jobs of more units are counted in base blocks: the least number, each with room for one unit.
MOST_UNITS = 40


def held_slot(
    unit: Slot, count: int, topology: BlockTopology, *, spreads: bool
) -> tuple[Slot, int]:
    """What an exclusive job of so many units asks for, and how many of it.

    Parameters
    ----------
    unit
        A base block held for one of its units.
    spreads
        Whether each unit takes a base block of its own.
    """
    most = _units_per_block(unit.size, topology)
    if spreads or most == 1 or count == 1:
        return unit, count
    if count > MOST_UNITS:
        return unit, -(-count // most)
    return _together(unit, count), 1


def parts_of_held(slots: Sequence[Slot], topology: BlockTopology) -> Iterator[Slot]:
    """What `joined_holds` needs besides the slots that jobs ask for."""
    for slot in slots:
        if slot.holds and slot.packing:
            count, size, _ = slot.packing
            unit = replace(slot, size=size, packing=None)
            for units in range(1, min(count, _units_per_block(size, topology)) + 1):
                yield replace(unit, size=units * size)
            for units in range(2, count):
                yield _together(unit, units)


def joined_holds(slots: Sequence[Slot]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Slots that together are places for the units of one exclusive job, and what they make."""
    number_of = {slot.key: number for number, slot in enumerate(slots)}
    for number, slot in enumerate(slots):
        if not (slot.holds and slot.packing):
            continue
        count, size, _ = slot.packing
        unit = replace(slot, size=size, packing=None)
        for units in range(1, count + 1):
            block = number_of.get(replace(unit, size=units * size).key)
            if block is None:
                break
            rest = count - units
            others = (number_of[_together(unit, rest).key],) if rest else ()
            yield (block, *others), number


def _together(unit: Slot, count: int) -> Slot:
    """Places for so many units of one job."""
    if count == 1:
        return unit
    return replace(unit, size=count * unit.size, packing=(count, unit.size, False))


def _units_per_block(size: int, topology: BlockTopology) -> int:
    return max(len(block.nodes) for block in topology.blocks) // size
