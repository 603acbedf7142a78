"""What aggregates leave to units beyond all levels: as prices say, or as was reserved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .patterns import Prices
from .regions import Bools, Ints, Regions
from .slots import Slot
from .tables import IMPOSSIBLE, TOLERANCE, Floats


@dataclass(frozen=True)
class Left:
    """Per aggregate what it is worth, and the nodes that it leaves.

    Attributes
    ----------
    classes
        For which class of charges.
    slot
        Who takes the nodes, -1 where nobody does or they are reserved.
    """

    worth: Floats
    nodes: Ints
    classes: Ints
    slot: Ints


def is_paid(worth: Floats) -> Bools:
    """Where somebody pays for a slot."""
    paid: Bools = worth > TOLERANCE
    return paid


def is_possible(worth: Floats) -> Bools:
    """Where there is a pattern."""
    possible: Bools = worth > IMPOSSIBLE / 2
    return possible


def at_least(gain: Floats) -> Floats:
    """The gain if more nodes than these may be left; where none are, exactly none.

    Who needs so many may be left more. Between one and none it makes a difference whether others
    share what regions leave (`packs`).
    """
    raised = gain.copy()
    raised[..., 1:] = np.maximum.accumulate(gain[..., :0:-1], axis=-1)[..., ::-1]
    return raised


def reserved_nodes(gain: Floats, reserved: Ints, classes: Ints) -> Left:
    """At least the nodes that were reserved.

    Parameters
    ----------
    gain
        Per class of charges, aggregate, and nodes left.
    reserved, classes
        Per aggregate, nodes, and the class that they are charged for.
    """
    aggregates = np.arange(gain.shape[1])
    of_class = gain[classes, aggregates]
    is_enough = np.arange(gain.shape[2]) >= reserved[:, None]
    is_enough[reserved == 0, 1:] = False
    nodes = np.where(is_enough, of_class, 2 * IMPOSSIBLE).argmax(axis=1)
    return Left(of_class[aggregates, nodes], nodes, classes, np.full(len(aggregates), -1))


def priced_nodes(
    gain: Floats,
    regions: Regions,
    slots: Sequence[Slot],
    values: Floats,
    group: Ints,
    prices: Prices,
) -> Left:
    """Let one unit have what is best for it.

    Nodes have one price and touching an aggregate costs, so that one unit alone is best, unless it
    may not take all that is left: then the worth, not the nodes, is at least that of several.

    Parameters
    ----------
    gain
        Per aggregate, and nodes left.
    values, group
        Worth of one slot per price group, and the group of each aggregate.
    """
    beyond = [number for number, slot in enumerate(slots) if slot.span is None]
    worth = gain[:, 0].copy()
    taken = np.zeros(len(worth), dtype=np.int64)
    slot_of = np.full(len(worth), -1)
    nodes = np.arange(gain.shape[1])
    shared = _beside_full(gain, regions, beyond, values, group, prices)
    most = worth
    for slot in beyond:
        per_node = values[slot][group]
        paid = per_node[:, None] * nodes - prices.touches[slot]
        paid[(nodes > regions.room[slot][:, None]) | ~is_paid(per_node)[:, None]] = IMPOSSIBLE
        offers = gain + paid
        choice = offers.argmax(axis=1)
        offer = offers[np.arange(len(offers)), choice]
        is_better = offer > worth + TOLERANCE
        worth[is_better] = offer[is_better]
        taken[is_better] = choice[is_better]
        slot_of[is_better] = slot
        most = np.maximum(most, (shared + paid).max(axis=1))
    return Left(np.maximum(worth, most), taken, np.zeros(len(worth), dtype=np.int64), slot_of)


def _beside_full(
    gain: Floats,
    regions: Regions,
    beyond: Sequence[int],
    values: Floats,
    group: Ints,
    prices: Prices,
) -> Floats:
    """The gain if, besides, units beyond all levels take all that they may of an aggregate.

    Of several units that share an aggregate all but one do, since nodes have one price.
    """
    gain = gain.copy()
    nodes = np.arange(gain.shape[1])
    free = regions.free_of_aggregates
    for slot in beyond:
        room = regions.room[slot]
        rows = np.nonzero((room > 0) & (room < free) & is_paid(values[slot][group]))[0]
        worth = values[slot][group[rows]] * room[rows] - prices.touches[slot]
        source = nodes + room[rows][:, None]
        is_inside = source < len(nodes)
        offer = np.take_along_axis(gain[rows], source.clip(max=len(nodes) - 1), axis=1)
        offer = np.where(is_inside, offer + worth[:, None], IMPOSSIBLE)
        gain[rows] = np.maximum(gain[rows], offer)
    return gain
