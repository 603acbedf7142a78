"""Cutting a recorded allocation into segments: records name the nodes of a job, not its units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from ..cluster import Partition
from ..instance import Instance, Units
from ..job import Job
from ..legality import Legality
from ..plan import Placement
from ..topology import BlockTopology, RingTopology, TorusTopology, UnitLimits
from .start import Start
from .usage import SEARCH_LIMIT, Undecided

Segments = tuple[tuple[int, ...], ...]
MAX_DEPTH = 400


def find_segments(
    instance: Instance,
    job: Job,
    partition: Partition,
    nodes: Iterable[int],
    legality: Legality,
) -> Segments | None:
    """Some cut of `nodes` into the job's units that obeys every rule about a single unit.

    Those rules are segment, outside_blocks, block_region, lower_level_blocks, spread_segments,
    ring_arc, one_segment_per_ring and torus_anchor. All other rules see the same nodes however
    they are cut; judge the result with `verify`. A job of one unit has one cut, which is returned
    as it is.

    Returns
    -------
    None if no such cut exists.

    Raises
    ------
    Undecided
        When the exact search exceeds its limit.
    """
    chosen = tuple(sorted(nodes))
    units = instance.units(job, partition)
    if units.count <= 1:
        return (chosen,)
    if len(set(chosen)) != units.count * units.size or not job.is_divisible:
        return None
    start = Start(
        instance, legality, Placement(job.job_id, (chosen,), partition.name), job, partition
    )
    topology = start.topology
    if not start.is_ruled:
        return _chunks(chosen, units.size)
    match topology:
        case BlockTopology():
            return _cut_blocks(topology, chosen, units)
        case RingTopology():
            return _cut_rings(topology, chosen, units.size, legality)
        case TorusTopology():
            return _cut_toruses(topology, chosen, units.size)
        case _:
            return _chunks(chosen, units.size)


def _chunks(nodes: Sequence[int], size: int) -> Segments:
    return tuple(tuple(nodes[i : i + size]) for i in range(0, len(nodes), size))


class _Budget:
    """Counts the steps of one search and refuses one that is too deep to recurse."""

    def __init__(self, depth: int = 0) -> None:
        self.steps = 0
        if depth > MAX_DEPTH:
            raise Undecided(f"more than {MAX_DEPTH} segments to search for")

    def spend(self) -> None:
        self.steps += 1
        if self.steps > SEARCH_LIMIT:
            raise Undecided("too many ways to cut the allocation into segments")


def _cut_blocks(topology: BlockTopology, nodes: Sequence[int], units: Units) -> Segments | None:
    """Regions are independent of each other; inside, the limits decide how hard it is."""
    if any(node not in topology.block_of for node in nodes):
        return None
    limits = topology.unit_limits(units.size)
    in_region: dict[int, list[int]] = {}
    for node in sorted(nodes, key=lambda node: (topology.block_of[node], node)):
        in_region.setdefault(topology.block_of[node] // limits.region_span, []).append(node)
    segments: list[tuple[int, ...]] = []
    for members in in_region.values():
        if len(members) % units.size:
            return None
        if units.spreads:
            cut = _cut_spread(topology, members, units.size, limits)
        elif limits.is_limited:
            cut = _cut_limited(topology, members, units.size, limits)
        else:
            cut = _chunks(members, units.size)
        if cut is None:
            return None
        segments.extend(tuple(sorted(segment)) for segment in cut)
    return tuple(segments)


def _cut_limited(
    topology: BlockTopology, nodes: Sequence[int], size: int, limits: UnitLimits
) -> Segments | None:
    """Units of `size` that touch at most `max_lower` lower-level blocks each.

    In some solution the graph of units and the lower-level blocks they touch is a forest (nodes
    can be exchanged along a cycle until it breaks). So some unit owns all its blocks but at most
    one: it takes a few whole blocks, and the rest from one more. Only such units are tried.
    """
    members: dict[int, list[int]] = {}
    for node in nodes:
        members.setdefault(topology.block_of[node] // limits.lower_span, []).append(node)
    cut = _search_units({q: len(group) for q, group in members.items()}, size, limits.max_lower)
    if cut is None:
        return None
    return tuple(
        tuple(members[q].pop() for q, count in unit.items() for _ in range(count)) for unit in cut
    )


def _search_units(counts: dict[int, int], size: int, most: int) -> list[dict[int, int]] | None:
    """Depth-first search; iterative, as a job may have more units than Python has frames."""
    budget = _Budget()
    dead: set[tuple[int, ...]] = set()
    chosen: list[dict[int, int]] = []
    stack = [(counts, _forest_units(counts, size, most, budget))]
    while stack:
        left, choices = stack[-1]
        unit = next(choices, None)
        if unit is None:
            # Only the counts matter, not which block has them.
            dead.add(tuple(sorted(left.values())))
            stack.pop()
            if chosen:
                chosen.pop()
            continue
        rest = {q: n for q, count in left.items() if (n := count - unit.get(q, 0))}
        if not rest:
            return [*chosen, unit]
        if tuple(sorted(rest.values())) not in dead:
            chosen.append(unit)
            stack.append((rest, _forest_units(rest, size, most, budget)))
    return None


def _forest_units(
    left: dict[int, int], size: int, most: int, budget: _Budget
) -> Iterator[dict[int, int]]:
    """Units of whole blocks, of which one more block may give a part."""
    tried: set[tuple[tuple[int, ...], int]] = set()
    small = [q for q, count in left.items() if count <= size]
    for whole in range(min(most, len(small)) + 1):
        for blocks in combinations(small, whole):
            budget.spend()
            taken = {q: left[q] for q in blocks}
            missing = size - sum(taken.values())
            # Blocks with equal counts are interchangeable: one of each kind is enough.
            counts = tuple(sorted(taken.values()))
            if missing == 0 and (counts, 0) not in tried:
                tried.add((counts, 0))
                yield taken
            elif missing > 0 and whole < most:
                for q, count in left.items():
                    if q not in taken and count > missing and (counts, count) not in tried:
                        tried.add((counts, count))
                        yield {**taken, q: missing}


def _cut_spread(
    topology: BlockTopology, nodes: Sequence[int], size: int, limits: UnitLimits
) -> Segments | None:
    """Units made of whole groups: the nodes of a base block all go to one unit."""
    members: dict[int, list[int]] = {}
    for node in nodes:
        members.setdefault(topology.block_of[node], []).append(node)
    budget = _Budget(len(nodes) // size)

    def units_with(first: int, others: list[int]) -> Iterator[list[int]]:
        """Sets of blocks with `first` that make one unit."""

        def grow(chosen: list[int], missing: int, position: int) -> Iterator[list[int]]:
            budget.spend()
            lower = {block // limits.lower_span for block in chosen}
            if missing < 0 or (limits.is_limited and len(lower) > limits.max_lower):
                return
            if missing == 0:
                yield chosen
                return
            for index in range(position, len(others)):
                block = others[index]
                yield from grow([*chosen, block], missing - len(members[block]), index + 1)

        yield from grow([first], size - len(members[first]), 0)

    def extend(left: list[int]) -> list[list[int]] | None:
        if not left:
            return []
        for unit in units_with(left[0], left[1:]):
            tail = extend([block for block in left if block not in unit])
            if tail is not None:
                return [unit, *tail]
        return None

    cut = extend(sorted(members))
    if cut is None:
        return None
    return tuple(tuple(node for block in unit for node in members[block]) for unit in cut)


def _cut_rings(
    topology: RingTopology, nodes: Sequence[int], size: int, legality: Legality
) -> Segments | None:
    """Every maximal arc is cut from its start; whole units must come out."""
    if any(node not in topology.ring_of for node in nodes):
        return None
    chosen = frozenset(nodes)
    segments: list[tuple[int, ...]] = []
    for index in sorted({topology.ring_of[node] for node in nodes}):
        arcs = topology.rings[index].arcs(chosen)
        count = sum(map(len, arcs)) // size
        if any(len(arc) % size for arc in arcs):
            return None
        if count > 1 and legality is Legality.SLURM_26_11:
            return None
        segments.extend(tuple(sorted(part)) for arc in arcs for part in _chunks(arc, size))
    return tuple(segments)


def _cut_toruses(topology: TorusTopology, nodes: Sequence[int], size: int) -> Segments | None:
    """Exact cover of the nodes by anchors."""
    chosen = frozenset(nodes)
    candidates: dict[int, list[frozenset[int]]] = {}
    for torus in topology.toruses:
        for anchor in torus.anchor_sets:
            if len(anchor) == size and anchor <= chosen:
                for node in anchor:
                    candidates.setdefault(node, []).append(anchor)
    budget = _Budget(len(nodes) // size)

    def cover(left: frozenset[int]) -> list[frozenset[int]] | None:
        if not left:
            return []
        budget.spend()
        # The node with the fewest anchors: a node without any ends the branch at once.
        fitting = min(
            ([anchor for anchor in candidates.get(node, ()) if anchor <= left] for node in left),
            key=len,
        )
        for anchor in fitting:
            tail = cover(left - anchor)
            if tail is not None:
                return [anchor, *tail]
        return None

    found = cover(chosen)
    return None if found is None else tuple(tuple(sorted(anchor)) for anchor in found)
