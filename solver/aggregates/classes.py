"""Classes of charges: what base blocks charge for the nodes that they leave to larger units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .regions import Ints, Regions
from .slots import Slot

# Each has arrays of its own; of more charges some share one.
MOST_CLASSES = 8


@dataclass(frozen=True)
class Classes:
    """Charges of larger units.

    Attributes
    ----------
    charges
        Per class of one node, ascending; 0 where there are no larger units.
    of_slot
        Per slot its class.
    is_rounded_up
        Whether a charge between two classes belongs to the dearer one, or else the cheaper.
    """

    charges: Ints
    of_slot: Ints
    is_rounded_up: bool

    @property
    def number(self) -> int:
        """Of classes."""
        return len(self.charges)

    def shared(self, own: Ints, others: Ints) -> Ints:
        """For which class regions leave nodes to units of two: the dearer in a plan."""
        return np.maximum(own, others) if self.is_rounded_up else np.minimum(own, others)

    def before(self, slots: Ints, classes: Ints, left: Ints) -> Ints:
        """For which class regions leave nodes before a unit of their span takes some.

        Parameters
        ----------
        slots
            Who takes.
        classes, left
            For which class they leave how many nodes afterwards.
        """
        own = self.of_slot[slots]
        return np.where(left == 0, own, self.shared(own, classes))

    def of(self, charge: Ints) -> Ints:
        """The class of any charge; the first or last one beyond all of them."""
        return _class_of(self.charges, charge, self.is_rounded_up)


def classes_of(regions: Regions, slots: Sequence[Slot], *, is_rounded_up: bool) -> Classes:
    """Of what larger units draw: for a plan rounded up, for a bound rounded down."""
    is_larger = np.array([slot.span != 1 and not slot.holds for slot in slots], dtype=bool)
    charges = np.unique(regions.charge[is_larger]) if is_larger.any() else np.zeros(1, np.int64)
    if len(charges) > MOST_CLASSES:
        kept = np.linspace(0, len(charges), MOST_CLASSES, endpoint=False).astype(np.int64)
        charges = charges[len(charges) - 1 - kept[::-1]] if is_rounded_up else charges[kept]
    return Classes(charges, _class_of(charges, regions.charge, is_rounded_up), is_rounded_up)


def _class_of(charges: Ints, charge: Ints, is_rounded_up: bool) -> Ints:
    if is_rounded_up:
        return np.searchsorted(charges, charge).clip(max=len(charges) - 1)
    return (np.searchsorted(charges, charge, side="right") - 1).clip(min=0)
