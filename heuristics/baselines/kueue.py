"""kueue-bestfit, kueue-least-free, kueue-balanced: Kueue's counts, cut into our segments.

A base block (leaf switch) is Kueue's finest domain, a node one slot. A segment is a slice at the
lowest level that may hold it, an unsegmented job a request for one domain of its level, a
consolidated one for one domain of its aggregate's level. What Kueue does not know:

* spread segments: every base block offers one segment's worth of slots;
* the limit of lower-level blocks, ``--switches``, caps shared by blocks: an assignment that
  breaks one is refused and the job waits;
* required nodes, positions on rings and toruses: such jobs wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ...models.rules.tree import leaf_limit
from ...models.topology import BlockTopology, TreeTopology, UnitLimits
from ..placing.attempt import Attempt
from ..placing.block import passes_floor
from ..placing.flat import place_flat
from ..state import State
from .driver import placer
from .kueue_assign import Request, assign
from .kueue_tree import Path

KUEUE_KINDS = frozenset({"block", "tree", "flat"})


class Kueue:
    """One profile of Kueue's algorithm.

    Parameters
    ----------
    least_free
        TASProfileMixed, today's default: requests without a level start from the smallest.
    balanced
        TASBalancedPlacement: segments that need no common aggregate are spread evenly.
    """

    def __init__(self, *, least_free: bool = False, balanced: bool = False) -> None:
        self._least_free = least_free
        self._balanced = balanced

    def place(self, attempt: Attempt) -> bool:
        """Take all nodes of the job; False if Kueue finds no assignment, or an illegal one."""
        topology = attempt.view.topology
        if attempt.job.num_nodes == 1:
            return self._one_node(attempt)
        if attempt.state.is_placed_flat(attempt.job, attempt.partition):
            return place_flat(attempt)
        if attempt.required:
            return False
        if isinstance(topology, BlockTopology):
            return self._block(attempt, topology)
        if isinstance(topology, TreeTopology):
            return self._tree(attempt, topology)
        return place_flat(attempt)

    def _assign(self, slots: dict[Path, int], request: Request) -> dict[Path, int] | None:
        return assign(slots, request, least_free=self._least_free, balanced=self._balanced)

    def _one_node(self, attempt: Attempt) -> bool:
        attempt.begin_segment()
        view = attempt.view
        if attempt.required:
            unit, mask = next(iter(view.split(attempt.required).items()))
            return attempt.take_mask(unit, mask & attempt.mask(unit), 1) == 1
        slots: dict[Path, int] = {(unit,): attempt.room(unit) for unit in range(view.outside)}
        counts = self._assign(slots, Request(1))
        units = [int(path[-1]) for path in counts or ()]
        return any(attempt.take(unit, 1) == 1 for unit in [*units, view.outside])

    def _block(self, attempt: Attempt, topology: BlockTopology) -> bool:
        units = attempt.units
        limits = topology.unit_limits(units.size)
        if not passes_floor(attempt, limits):
            return False
        spans = sorted({1 << level for level in topology.levels}, reverse=True)
        rooms = attempt.rooms(0, attempt.view.outside)
        if units.spreads:
            rooms = [min(room, units.size) for room in rooms]
        slots: dict[Path, int] = {
            (*(block // span for span in spans), block): room for block, room in enumerate(rooms)
        }
        # The finest span is the base block itself; its label stands for it twice, harmlessly.
        counts = self._assign(slots, self._request(attempt, topology, limits, spans))
        if counts is None:
            return False
        per_block = {int(path[-1]): count for path, count in counts.items()}
        return _cut(attempt, limits, per_block)

    def _request(
        self,
        attempt: Attempt,
        topology: BlockTopology,
        limits: UnitLimits,
        spans: Sequence[int],
    ) -> Request:
        units = attempt.units
        level = None if limits.is_top else spans.index(limits.region_span)
        total = units.count * units.size
        if units.count == 1:
            return Request(total, required=level)
        slices = () if level is None else ((level, units.size),)
        if units.consolidates:
            span = topology.consolidate_span(units.count, units.size, units.spreads)
            if span in spans and (level is None or spans.index(span) <= level):
                return Request(total, required=spans.index(span), slices=slices)
        if self._balanced and level is not None:
            return Request(total, preferred=level, slices=slices)
        return Request(total, slices=slices)

    def _tree(self, attempt: Attempt, topology: TreeTopology) -> bool:
        paths = _switch_paths(topology)
        slots: dict[Path, int] = {
            path: attempt.room(leaf) for leaf, path in enumerate(paths) if path
        }
        depth = len(paths[0]) if paths else 0
        counts = self._assign(slots, Request(attempt.units.size, preferred=depth - 1))
        if counts is None or len({path[0] for path in counts}) > 1:
            return False
        limit = leaf_limit(attempt.state.instance, topology, attempt.job)
        if limit is not None and len(counts) > limit:
            return False
        attempt.begin_segment()
        leaf_at = {path: leaf for leaf, path in enumerate(paths)}
        return all(attempt.take(leaf_at[path], count) == count for path, count in counts.items())


def _cut(attempt: Attempt, limits: UnitLimits, per_block: dict[int, int]) -> bool:
    """Take the counts unit by unit, region by region; False if that breaks a rule."""
    size = attempt.units.size
    left = dict(sorted(per_block.items()))
    used: set[int] = set()
    for _ in range(attempt.units.count):
        attempt.begin_segment()
        remaining = size
        region: int | None = None
        touched: set[int] = set()
        for block in list(left):
            if remaining == 0:
                break
            own = 0 if limits.is_top else block // limits.region_span
            if region not in (None, own):
                break
            region = own
            wanted = min(left[block], remaining)
            if attempt.take(block, wanted) != wanted:
                return False
            touched.add(block)
            remaining -= wanted
            left[block] -= wanted
            if not left[block]:
                del left[block]
        lower = {block // limits.lower_span for block in touched}
        if remaining or (limits.is_limited and len(lower) > limits.max_lower):
            return False
        if attempt.units.spreads and used & touched:
            return False
        used |= touched
    return True


def _switch_paths(topology: TreeTopology) -> list[Path]:
    """Per leaf its switches from the root down, the root repeated so that all are equally long."""
    parent = {
        child: index for index, switch in enumerate(topology.switches) for child in switch.children
    }
    chains: list[list[int]] = []
    for leaf in topology.leaves:
        chain = [leaf]
        while chain[-1] in parent:
            chain.append(parent[chain[-1]])
        chains.append(chain[::-1])
    depth = max(map(len, chains), default=0)
    return [tuple([chain[0]] * (depth - len(chain)) + chain) for chain in chains]


def _best_fit(state: State, options: PlanOptions) -> Kueue:
    return Kueue()


def _least_free(state: State, options: PlanOptions) -> Kueue:
    return Kueue(least_free=True)


def _balanced(state: State, options: PlanOptions) -> Kueue:
    return Kueue(balanced=True)


kueue_bestfit = placer("kueue-bestfit", _best_fit, KUEUE_KINDS)
kueue_least_free = placer("kueue-least-free", _least_free, KUEUE_KINDS)
kueue_balanced = placer("kueue-balanced", _balanced, KUEUE_KINDS)
