"""topology/block: choosing the block, segment after segment (slurm_semantics 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...models.topology import UnitLimits
from .attempt import (
    Action,
    Code,
    Counts,
    Pool,
    Refusal,
    Request,
    Segments,
    check_and_restrict,
    indices,
    start_mode3,
)
from .block_counts import BlockTables, group_sums, reachable
from .block_unit import UnitChoice, choose_nodes
from .hres import Mode3Attempt


@dataclass
class _Attempt:
    """State of one attempt: what the next segment may still use."""

    tables: BlockTables
    available: Pool
    request: Request
    weights: Counts
    limits: UnitLimits
    mode3: Mode3Attempt | None
    counts: Counts

    @property
    def capped_counts(self) -> Counts:
        """Available nodes per base block, capped by a mapped MODE_3 resource."""
        return self.tables.capped(self.counts, self.available, self.mode3)

    @property
    def threshold(self) -> int:
        """What a block must offer; weakened for node ranges (3.1.3)."""
        size = self.request.units.size
        wanted = self.request.req_nodes // self.request.units.count
        return size - max(wanted - size, 0)


def select_block(
    tables: BlockTables, is_member: Pool, pool: Pool, request: Request, weights: Counts
) -> Segments | Refusal:
    """One attempt: all segments one after another, without backtracking."""
    restricted = check_and_restrict(pool, request, is_member)
    if isinstance(restricted, Refusal):
        return restricted
    attempt = _Attempt(
        tables,
        restricted.copy(),
        request,
        weights,
        tables.topology.unit_limits(request.units.size),
        start_mode3(request),
        tables.counts(restricted),
    )
    if request.units.consolidates and not _restrict_to_areas(attempt):
        return _no_unit(request, "3.1.5 no consolidate block with enough nodes")
    if request.required and request.units.count == 1:
        return _required_unit(attempt)
    segments: list[tuple[int, ...]] = []
    area: frozenset[int] = frozenset()
    while len(segments) < request.units.count:
        region = _choose_region(attempt)
        if region is None:
            return _no_region(attempt, segments, area)
        unit = _unit(attempt, region)
        if request.units.consolidates and not segments:
            area = _confine(attempt, region)
        outcome = choose_nodes(unit, ())
        if isinstance(outcome, Refusal):
            return _not_enough(unit, request, outcome, segments, area)
        segments.append(outcome)
        _use_up(attempt, outcome)
    return tuple(segments)


def _required_unit(attempt: _Attempt) -> Segments | Refusal:
    """The block that contains the required nodes, whatever its fit (3.1.3)."""
    required = frozenset(attempt.request.required)
    span = attempt.limits.region_span
    blocks = [
        block
        for block, nodes in enumerate(attempt.tables.topology.blocks)
        if not required.isdisjoint(nodes.nodes)
    ]
    misfit = Refusal(
        Code.REQUIRED_DO_NOT_FIT, "3.1.3 required nodes not inside one block", Action.STOP
    )
    if not blocks:
        return misfit
    region = min(blocks) // span
    unit = _unit(attempt, region)
    if not required <= {node for block in unit.blocks for node in _nodes_of(attempt, block)}:
        return misfit
    area = _confine(attempt, region) if attempt.request.units.consolidates else frozenset()
    outcome = choose_nodes(unit, attempt.request.required)
    if isinstance(outcome, Refusal):
        return _not_enough(unit, attempt.request, outcome, [], area)
    return (outcome,)


def _nodes_of(attempt: _Attempt, block: int) -> tuple[int, ...]:
    return attempt.tables.topology.blocks[block].nodes


def _unit(attempt: _Attempt, region: int) -> UnitChoice:
    first = region * attempt.limits.region_span
    last = min(first + attempt.limits.region_span, attempt.tables.num_blocks)
    return UnitChoice(
        tables=attempt.tables,
        blocks=range(first, last),
        size=attempt.request.units.size,
        limits=attempt.limits,
        available=attempt.available,
        weights=attempt.weights,
        mode3=attempt.mode3,
    )


def _choose_region(attempt: _Attempt) -> int | None:
    """Lightest weight present, then fewest available nodes, then highest index (3.1.3)."""
    counts = attempt.capped_counts
    span = attempt.limits.region_span
    totals = group_sums(counts, span)
    enough = reachable(counts, attempt.limits) >= attempt.threshold
    candidates = np.flatnonzero(enough & (totals > 0))
    if not len(candidates):
        return None
    if attempt.weights[0] != attempt.weights[-1] or (attempt.weights != attempt.weights[0]).any():
        lightest = attempt.tables.lightest(attempt.available, attempt.weights)
        weights = np.minimum.reduceat(lightest, np.arange(0, len(lightest), span))[candidates]
        candidates = candidates[weights == weights.min()]
    sizes = totals[candidates]
    return int(candidates[sizes == sizes.min()][-1])


def _no_unit(request: Request, step: str) -> Refusal:
    is_segmented = request.units.count > 1
    return Refusal(Code.NO_UNIT_FOR_SEGMENT if is_segmented else Code.NO_UNIT, step, Action.STOP)


def _no_region(
    attempt: _Attempt, segments: list[tuple[int, ...]], area: frozenset[int]
) -> Refusal:
    """No block for the first or a later segment; with consolidate, its area is dropped (3.1.5)."""
    if not segments:
        return _no_unit(attempt.request, "3.1.3 no candidate block")
    refusal = _no_unit(attempt.request, "3.1.3 no candidate block for a later segment")
    if area:
        return replace(refusal, action=Action.DROP_SET, nodes=area)
    if not attempt.available.any():
        taken = frozenset[int]().union(*segments)
        step = "3.1.5 nothing left for a later segment"
        return replace(refusal, step=step, action=Action.HINT, nodes=taken)
    return refusal


def _too_small(request: Request, unit: UnitChoice) -> Refusal:
    """A block that only the weakened test of node ranges lets through is drained (3.1.3)."""
    is_plain = request.units.count == 1 and not request.units.consolidates
    return Refusal(
        Code.INSUFFICIENT_IN_UNIT if is_plain else Code.NO_UNIT_FOR_SEGMENT,
        "3.1.3 block too small for the minimum",
        Action.HINT,
        frozenset(indices(unit.inside)),
    )


def _not_enough(
    unit: UnitChoice,
    request: Request,
    refusal: Refusal,
    segments: list[tuple[int, ...]],
    area: frozenset[int],
) -> Refusal:
    """A unit failed inside its block; with consolidate any failure drops the area (3.1.5)."""
    if refusal.action is Action.HINT and np.count_nonzero(unit.inside) < unit.size:
        return _too_small(request, unit)
    if area and refusal.code is not Code.REQUIRED_LACK_RESOURCES:
        code = Code.NO_UNIT_FOR_SEGMENT
        return replace(refusal, code=code, action=Action.DROP_SET, nodes=area)
    if refusal.action is not Action.HINT:
        return refusal
    taken = refusal.nodes.union(*segments)
    return replace(refusal, action=Action.HINT if taken else Action.DEFAULT, nodes=taken)


def _use_up(attempt: _Attempt, nodes: tuple[int, ...]) -> None:
    """Keep later segments off `nodes`; with spread off every base block touched."""
    attempt.available[list(nodes)] = False
    touched = {block for node in nodes for block in attempt.tables.blocks_of[node]}
    if attempt.request.units.spreads:
        block_of = attempt.tables.topology.block_of
        for block in {block_of[node] for node in nodes}:
            attempt.available[attempt.tables.block_nodes[block]] = False
        # Overlapping blocks lose nodes to each other: rare, so simply count again.
        attempt.counts = attempt.tables.counts(attempt.available)
        return
    for block in touched:
        members = attempt.tables.block_nodes[block]
        attempt.counts[block] = np.count_nonzero(attempt.available[members])


def _area_span(attempt: _Attempt) -> int:
    units = attempt.request.units
    return attempt.tables.topology.consolidate_span(units.count, units.size, units.spreads)


def _restrict_to_areas(attempt: _Attempt) -> bool:
    """Leave only nodes of aggregated blocks that could hold the whole job; False if none could."""
    span = _area_span(attempt)
    is_large = group_sums(attempt.capped_counts, span) >= attempt.request.min_nodes
    _keep_blocks(attempt, np.repeat(is_large, span)[: attempt.tables.num_blocks])
    return bool(is_large.any())


def _confine(attempt: _Attempt, region: int) -> frozenset[int]:
    """Restrict all further segments to the aggregated block of `region`; its available nodes."""
    span = _area_span(attempt)
    area = region * attempt.limits.region_span // span
    blocks = np.arange(attempt.tables.num_blocks)
    _keep_blocks(attempt, blocks // span == area)
    return frozenset(indices(attempt.available))


def _keep_blocks(attempt: _Attempt, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    mask = np.zeros(len(attempt.available), dtype=np.bool_)
    for block in np.flatnonzero(kept).tolist():
        mask[attempt.tables.block_nodes[block]] = True
    attempt.available &= mask
    attempt.counts = attempt.tables.counts(attempt.available)
