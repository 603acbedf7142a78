"""topology/torus3d: choosing anchors (slurm_semantics 3.3)."""

from __future__ import annotations

from ...models.topology import TorusTopology
from .attempt import Attempt
from .lookahead import Lookahead


def place_torus(attempt: Attempt, topology: TorusTopology, lookahead: Lookahead) -> bool:
    """Take one anchor per segment: the one that breaks least of what the queue could use."""
    if attempt.required and attempt.units.count > 1:
        return False
    for _ in range(attempt.units.count):
        attempt.begin_segment()
        if not place_torus_unit(attempt, topology, lookahead):
            return False
    return True


def place_torus_unit(attempt: Attempt, topology: TorusTopology, lookahead: Lookahead) -> bool:
    """Take the free anchor that overlaps the least weight of other free anchors."""
    size = attempt.units.size
    view = attempt.view
    required = view.split(attempt.required)
    options: list[tuple[float, int, int, int]] = []
    for index in range(len(topology.toruses)):
        free = attempt.mask(index)
        if free.bit_count() < size:
            continue
        if required and set(required) != {index}:
            continue
        needed = required.get(index, 0)
        anchors = view.anchors(index)
        is_open = view.open_anchors(index)
        for at, (volume, mask) in enumerate(anchors):
            if volume == size and mask & free == mask and mask & needed == needed:
                blocked = view.overlapping_anchors(index, at) & is_open
                broken = sum(
                    lookahead.weight(other) * other * (blocked & alike).bit_count()
                    for other, alike in view.anchors_by_volume(index).items()
                )
                own = index in {unit for pieces in attempt.segments for unit, _ in pieces}
                penalty = 0.0
                if not view.busy[index] and not (attempt.holds and own):
                    penalty = lookahead.exclusive_share * lookahead.worth(free.bit_count())
                options.append((broken + penalty, free.bit_count(), index, at))
    for _, _, index, at in sorted(options):
        if attempt.take_mask(index, view.anchors(index)[at][1], size) == size:
            return True
        attempt.undo(len(attempt.segments) - 1)
        attempt.begin_segment()
    return False
