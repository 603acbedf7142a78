"""Places for the units of one exclusive job, put together from base blocks that it holds."""

from __future__ import annotations

import pytest

from rackwright.models.topology import Block, BlockTopology
from rackwright.solver.aggregates.held import held_slot, joined_holds, parts_of_held
from rackwright.solver.aggregates.slots import Slot

NODES = frozenset(range(36))
TOPOLOGY = BlockTopology(
    name="racks",
    blocks=(Block("b1", tuple(range(18))), Block("b2", tuple(range(18, 36)))),
    base_size=18,
    levels=(0, 1),
)


def ways(count: int, size: int) -> set[tuple[int, ...]]:
    """Rooms of the held base blocks that together make the place for a job."""
    unit = Slot(1, size, (), NODES, holds=True)
    asked, number = held_slot(unit, count, TOPOLOGY, spreads=False)
    assert number == 1
    slots = [asked]
    slots += [slot for slot in parts_of_held(slots, TOPOLOGY) if slot != asked]
    made = list(joined_holds(slots))

    def of(slot: int) -> set[tuple[int, ...]]:
        if slots[slot].packing is None:
            return {(slots[slot].size,)}
        found: set[tuple[int, ...]] = set()
        for given, got in made:
            if got == slot:
                block, *rest = given
                first = slots[block].size
                found |= {
                    tuple(sorted((first, *others), reverse=True))
                    for others in (of(rest[0]) if rest else {()})
                }
        return found

    return of(0)


def test_every_way_to_divide_units_over_held_blocks_is_there() -> None:
    assert ways(2, 9) == {(18,), (9, 9)}
    assert ways(3, 9) == {(18, 9), (9, 9, 9)}
    assert ways(4, 4) == {(16,), (12, 4), (8, 8), (8, 4, 4), (4, 4, 4, 4)}


@pytest.mark.parametrize(
    ("count", "size", "spreads"), [(3, 16, False), (3, 9, True), (1, 4, False)]
)
def test_units_that_share_no_block_are_counted_in_blocks(
    count: int, size: int, spreads: bool
) -> None:
    unit = Slot(1, size, (), NODES, holds=True)
    assert held_slot(unit, count, TOPOLOGY, spreads=spreads) == (unit, count)
