"""topology/tree: choosing leaf switches below one common switch (slurm_semantics 3.4)."""

from __future__ import annotations

from ...models.rules.tree import leaf_limit
from ...models.topology import TreeTopology
from .attempt import Attempt
from .lookahead import Lookahead


def place_tree(attempt: Attempt, topology: TreeTopology, lookahead: Lookahead) -> bool:
    """Take the job below the lowest, tightest switch with enough nodes and leaves to spare."""
    state = attempt.state
    limit = leaf_limit(state.instance, topology, attempt.job)
    size = attempt.units.size
    leaves_below = attempt.view.leaves_below
    room = [attempt.room(leaf) for leaf in range(attempt.view.outside)]
    required = attempt.view.split(attempt.required)
    if attempt.view.outside in required:
        return False
    options = []
    for switch, leaves in enumerate(leaves_below):
        total = sum(room[leaf] for leaf in leaves)
        if total >= size and required.keys() <= set(leaves):
            options.append((topology.levels[switch], total, switch))
    for _, _, switch in sorted(options):
        attempt.begin_segment()
        if _fill(attempt, {leaf: room[leaf] for leaf in leaves_below[switch]}, limit, lookahead):
            return True
        attempt.undo()
    return False


def _fill(attempt: Attempt, room: dict[int, int], limit: int | None, lookahead: Lookahead) -> bool:
    """Take the job from the leaves in `room`: required ones, then tightest fit, else largest."""
    remaining = attempt.units.size
    used: set[int] = set()
    for leaf, mask in sorted(attempt.view.split(attempt.required).items()):
        if attempt.take_mask(leaf, mask & attempt.mask(leaf), remaining) != mask.bit_count():
            return False
        remaining -= mask.bit_count()
        room[leaf] = attempt.room(leaf)
        used.add(leaf)
    if limit is not None and len(used) > limit:
        return False
    while remaining:
        may_open = limit is None or len(used) < limit
        options = [
            (_cost(attempt, lookahead, leaf, count, remaining), leaf)
            for leaf, count in room.items()
            if count and (may_open or leaf in used)
        ]
        if not options:
            return False
        leaf = min(options)[1]
        remaining -= attempt.take(leaf, min(room.pop(leaf), remaining))
        used.add(leaf)
    return True


def _cost(
    attempt: Attempt, lookahead: Lookahead, leaf: int, count: int, wanted: int
) -> tuple[int, float, int]:
    """Leaves that hold the rest first, by what their remainder loses; else the largest."""
    if count < wanted:
        return 1, -count, 0
    is_job_free = not attempt.view.busy[leaf] and not attempt.holds
    return 0, lookahead.loss(count, is_job_free, wanted), count
