"""Which places serve as others: smaller ones of the same kind, two instead of one, held ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .held import joined_holds
from .slots import Slot


@dataclass(frozen=True)
class Exchange:
    """A place for each of the slots `given` used as one each of the slots `got`."""

    given: tuple[int, ...]
    got: tuple[int, ...]


def exchanges_of(slots: Sequence[Slot]) -> Iterator[Exchange]:
    """A slot may serve who asks for less of the same, and be cut in two within a block.

    Not for units that take a base block each: two exchanges may yield the same one. Held base
    blocks together serve the units of one exclusive job.
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, slot in enumerate(slots):
        if slot.span is not None and not slot.spreads and slot.packing is None:
            groups[slot.span, slot.holds, id(slot.candidates), slot.charges].append(index)
    for index, slot in enumerate(slots):
        if slot.span is None or (slot.holds and slot.packing):
            continue
        for members in groups.values():
            other = slots[members[0]]
            is_alike = (other.span, other.holds) == (slot.span, slot.holds)
            if is_alike and serves(slot, other):
                smaller = [m for m in members if slots[m].size <= slot.size and m != index]
                if smaller:
                    largest = max(smaller, key=lambda m: slots[m].size)
                    yield Exchange((index,), (largest,))
        if slot.span == 1 and not slot.holds:
            alike = groups.get((1, False, id(slot.candidates), slot.charges), [])
            of_size = {slots[m].size: m for m in alike}
            for size, member in of_size.items():
                rest = slot.size - size
                if size <= rest and rest in of_size:
                    yield Exchange((index,), (member, of_size[rest]))
    for given, got in joined_holds(slots):
        yield Exchange(given, (got,))


def serves(slot: Slot, other: Slot) -> bool:
    """Whether a place for one may be used by a no larger one of the other kind."""
    return all(
        theirs <= own for theirs, own in zip(other.charges, slot.charges, strict=True)
    ) and (slot.candidates is other.candidates or slot.candidates <= other.candidates)
