"""Whether, and where, a request fits the free nodes of a block topology."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..topology import BlockTopology, UnitLimits
from .scene import Request, Scene

Chosen = list[int]
Members = dict[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer: nodes if it fits; without them, whether that is proven.

    Attributes
    ----------
    nodes
        A legal allocation, or None.
    is_proven
        Whether None means impossible rather than not found.
    """

    nodes: tuple[int, ...] | None
    is_proven: bool = True

    @property
    def verdict(self) -> bool | None:
        """True, False, or None for not found."""
        if self.nodes is not None:
            return True
        return False if self.is_proven else None


NO = Fit(None)
UNKNOWN = Fit(None, is_proven=False)


def fit_block(
    request: Request, scene: Scene, usable: frozenset[int], avoid: frozenset[int]
) -> Fit:
    """Place a multi-node request on base blocks.

    Parameters
    ----------
    request
        Placed on a block topology by its own algorithm.
    scene
        The moment.
    usable
        Nodes that it may take.
    avoid
        Nodes to take last.

    Notes
    -----
    Exact for one unit and for segments within a base block (independent blocks, slurm_semantics
    3.1.2 and 3.1.5); segments larger than a base block are placed greedily after a counting
    bound, and may stay undecided.
    """
    topology = request.topology
    assert isinstance(topology, BlockTopology)
    members = by_block(request, scene, usable, avoid)
    limits = topology.unit_limits(request.units.size)
    if request.follows_26_11 and not _floor_holds(topology, scene, limits, request):
        return NO
    if request.units.count == 1:
        return _found(_place_unit(members, request.units.size, limits))
    if request.units.consolidates:
        span = topology.consolidate_span(
            request.units.count, request.units.size, request.units.spreads
        )
        return _any_of(_fit_units(part, request, limits) for part in _parts(members, span))
    return _fit_units(members, request, limits)


def by_block(
    request: Request, scene: Scene, usable: frozenset[int], avoid: frozenset[int]
) -> Members:
    """Usable nodes per base block, ascending, those to avoid last."""
    blocks = scene.by_site(request, usable)
    if not avoid:
        return {block: nodes for block, nodes in enumerate(blocks) if nodes}
    return {
        block: sorted(nodes, key=lambda node: (node in avoid, node))
        for block, nodes in enumerate(blocks)
        if nodes
    }


def _found(nodes: Chosen | None) -> Fit:
    return NO if nodes is None else Fit(tuple(sorted(nodes)))


def _any_of(fits: Iterable[Fit]) -> Fit:
    answer = NO
    for fit in fits:
        if fit.nodes is not None:
            return fit
        if not fit.is_proven:
            answer = UNKNOWN
    return answer


def _parts(members: Members, span: int) -> list[Members]:
    """The blocks of each aligned group of `span` base blocks, fullest fit last."""
    parts: dict[int, Members] = {}
    for block, nodes in members.items():
        parts.setdefault(block // span, {})[block] = nodes
    return sorted(parts.values(), key=lambda part: sum(map(len, part.values())))


def _floor_holds(
    topology: BlockTopology, scene: Scene, limits: UnitLimits, request: Request
) -> bool:
    """26.11 counts only complete lower-level blocks for whole-topology units (8.1 bug 1).

    As the rule of that name: all eligible free nodes count, whatever else keeps the job off them.
    """
    if not (limits.is_top and limits.is_limited) or request.required:
        return True
    complete = len(topology.blocks) // limits.lower_span
    counts = [0] * complete
    free = scene.free & request.eligible
    for block, site in enumerate(request.sites[: complete * limits.lower_span]):
        counts[block // limits.lower_span] += len(site & free)
    return sum(sorted(counts, reverse=True)[: limits.max_lower]) >= request.units.size


def _place_unit(members: Members, size: int, limits: UnitLimits) -> Chosen | None:
    """One unit: the tightest region whose M fullest lower-level blocks hold it."""
    for part in _parts(members, limits.region_span):
        lower = _parts(part, limits.lower_span) if limits.is_limited else [part]
        best = lower[::-1][: limits.max_lower] if limits.is_limited else lower
        blocks = [nodes for group in best for nodes in group.values()]
        if sum(map(len, blocks)) >= size:
            return take_tight(blocks, size)
    return None


def take_tight(blocks: Sequence[Sequence[int]], size: int) -> Chosen:
    """`size` nodes of few blocks: whole large ones, then the one that leaves the least."""
    left = sorted(blocks, key=len)
    taken: Chosen = []
    while len(taken) < size:
        missing = size - len(taken)
        fitting = next((nodes for nodes in left if len(nodes) >= missing), None)
        nodes = left[-1] if fitting is None else fitting
        left.remove(nodes)
        taken.extend(nodes[:missing])
    return taken


def _fit_units(members: Members, request: Request, limits: UnitLimits) -> Fit:
    if limits.region_span == 1:
        return _found(_place_small_segments(members, request))
    if _too_few(members, request, limits):
        return NO
    return _place_large_segments(members, request, limits)


def _place_small_segments(members: Members, request: Request) -> Chosen | None:
    """Segments within a base block: every block holds as many as its free nodes allow."""
    size, missing = request.units.size, request.units.count
    most = 1 if request.units.spreads else missing
    taken: Chosen = []
    # Blocks with the smallest remainder first: they lose the least.
    for nodes in sorted(members.values(), key=lambda nodes: (len(nodes) % size, len(nodes))):
        number = min(len(nodes) // size, most, missing)
        taken.extend(nodes[: number * size])
        missing -= number
        if not missing:
            return taken
    return None


def _too_few(members: Members, request: Request, limits: UnitLimits) -> bool:
    """Counting bound: every region holds at most its nodes divided by the segment size."""
    regions = _parts(members, limits.region_span)
    room = sum(sum(map(len, part.values())) // request.units.size for part in regions)
    return room < request.units.count


def _place_large_segments(members: Members, request: Request, limits: UnitLimits) -> Fit:
    """One segment after the other, as Slurm does; failing proves nothing."""
    left = dict(members)
    taken: Chosen = []
    for _ in range(request.units.count):
        unit = _place_unit(left, request.units.size, limits)
        if unit is None:
            return UNKNOWN
        taken.extend(unit)
        gone = frozenset(unit)
        for block in list(left):
            rest = [node for node in left[block] if node not in gone]
            touched = len(rest) < len(left[block])
            if not rest or (touched and request.units.spreads):
                del left[block]
            else:
                left[block] = rest
    return Fit(tuple(sorted(taken)))
