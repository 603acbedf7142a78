"""Blocks and levels that jobs used, against the fewest possible at the instant they started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..resources import Mode
from ..topology import BlockTopology, Topology, TreeTopology, UnitLimits, unit_owner
from .findings import Finding, Kind, Severity
from .fit_block import by_block
from .history import Allocation
from .scene import Request, Scene

# How much slower a job is taken to run when it crosses a block for no reason: an assumption.
DEFAULT_PENALTY = 0.10


@dataclass(frozen=True, slots=True)
class Spread:
    """How widely a job was spread, and how narrowly it could have been.

    Attributes
    ----------
    blocks, fewest
        Base blocks (leaf switches) touched, and the fewest that a legal placement needed then.
    span, smallest
        Base blocks of the smallest aggregated block around the job, and around the narrowest
        legal placement; 0 where there are no levels, or none holds it.
    is_judged
        Whether the narrowest placement is known; if not, the recorded one stands for it.
    """

    allocation: Allocation
    blocks: int
    fewest: int
    span: int = 0
    smallest: int = 0
    is_judged: bool = True

    @property
    def is_needless(self) -> bool:
        """Whether fewer blocks would have done."""
        return self.fewest < self.blocks

    @property
    def is_too_high(self) -> bool:
        """Whether a lower level would have done."""
        return 0 < self.smallest and (self.span == 0 or self.smallest < self.span)

    def lost_node_h(self, penalty: float) -> float:
        """Node-hours lost if a crossing costs `penalty` of the throughput.

        The share of needless crossings among all crossings counts: two blocks instead of one cost
        the whole penalty, seventeen instead of sixteen a sixteenth of it.
        """
        if not self.is_needless:
            return 0.0
        share = (self.blocks - self.fewest) / (self.blocks - 1)
        seconds = self.allocation.end_s - self.allocation.start_s
        return penalty * share * seconds * len(self.allocation.nodes) / 3600


def spread_of(allocation: Allocation, request: Request, scene: Scene) -> Spread | None:
    """The spread of a start in the scene just before it; None where blocks mean nothing for it.

    Parameters
    ----------
    allocation
        The start; one-node jobs and jobs beside all blocks have no spread.
    request
        What it asked for.
    scene
        Without the job.

    Notes
    -----
    Not judged, and taken as narrow as possible: segments larger than a base block, requests with
    required nodes or placed as on flat, and requests on resources with a layer that could run
    short.
    """
    topology = request.topology
    blocks = touched_blocks(allocation, topology)
    if len(allocation.nodes) < 2 or not blocks:
        return None
    if len(blocks) == 1:
        return Spread(allocation, 1, 1)
    usable = scene.usable(request).union(allocation.nodes)
    is_free_to_move = scene.is_ruled(request) and not request.required
    if not is_free_to_move or not layers_are_loose(request, scene):
        return Spread(allocation, len(blocks), len(blocks), is_judged=False)
    if isinstance(topology, TreeTopology):
        leaves = _fewest_leaves(request, topology, usable)
        return Spread(allocation, len(blocks), min(leaves or len(blocks), len(blocks)))
    assert isinstance(topology, BlockTopology)
    if request.units.count > 1 and topology.unit_limits(request.units.size).region_span > 1:
        return Spread(allocation, len(blocks), len(blocks), is_judged=False)
    members = by_block(request, scene, usable, frozenset())
    counts = {block: len(nodes) for block, nodes in members.items()}
    fewest = _fewest_blocks(request, topology, counts, len(blocks))
    spans = [1 << level for level in topology.levels]
    span = next((s for s in spans if len({block // s for block in blocks}) == 1), 0)
    lower = [s for s in spans if not span or s < span]
    smallest = next((s for s in lower if _holds(request, topology, counts, s)), span)
    return Spread(allocation, len(blocks), min(fewest or len(blocks), len(blocks)), span, smallest)


def layers_are_loose(request: Request, scene: Scene) -> bool:
    """Whether every layer could feed the whole request, so that resources do not matter to it."""
    for index, amount in request.needs:
        resource = scene.cluster.resources[index]
        is_per_node = resource.is_power or resource.mode is Mode.MODE_3
        most = amount * request.num_nodes if is_per_node else amount
        if not resource.is_power and any(n not in resource.layers_of for n in request.eligible):
            return False
        for layer in range(len(resource.layers)):
            left = scene.headroom(index, layer)
            if left is not None and left < most:
                return False
    return True


def touched_blocks(allocation: Allocation, topology: Topology) -> set[int]:
    """Base blocks (leaf switches) that an allocation touches; empty on other topologies."""
    owner = unit_owner(topology) if topology.kind in ("block", "tree") else {}
    return {owner[node] for node in allocation.nodes if node in owner}


def _fewest_blocks(
    request: Request, topology: BlockTopology, counts: dict[int, int], most: int
) -> int | None:
    """Fewest base blocks of any legal placement, if at most `most`."""
    size = request.units.size
    if request.units.count == 1:
        return _fewest_of_unit(counts, size, topology.unit_limits(size), most)
    groups = [counts]
    if request.units.consolidates:
        groups = list(_grouped(counts, _consolidate_span(request, topology)).values())
    found = [n for n in (_fewest_of_segments(group, request) for group in groups) if n]
    return min(found, default=None)


def _consolidate_span(request: Request, topology: BlockTopology) -> int:
    units = request.units
    return topology.consolidate_span(units.count, units.size, units.spreads)


def _holds(request: Request, topology: BlockTopology, counts: dict[int, int], span: int) -> bool:
    """Whether some aligned group of `span` base blocks holds the whole request."""
    size = request.units.size
    limits = topology.unit_limits(size)
    if request.units.consolidates and span > _consolidate_span(request, topology):
        return False
    for group in _grouped(counts, span).values():
        if request.units.count > 1:
            if _fewest_of_segments(group, request) is not None:
                return True
        elif span <= limits.region_span or limits.is_top:
            if _fewest_of_unit(group, size, limits, len(group)) is not None:
                return True
    return False


def _fewest_leaves(request: Request, topology: TreeTopology, usable: frozenset[int]) -> int | None:
    found = []
    for root in topology.roots:
        below = usable & topology.members[root]
        sizes: dict[int, int] = {}
        for node in below:
            leaf = topology.leaf_of[node]
            sizes[leaf] = sizes.get(leaf, 0) + 1
        number = _largest_first(list(sizes.values()), request.num_nodes)
        if number is not None:
            found.append(number)
    return min(found, default=None)


def _largest_first(sizes: list[int], wanted: int) -> int | None:
    """How many of the largest sizes reach `wanted`."""
    total = 0
    for number, size in enumerate(sorted(sizes, reverse=True), start=1):
        total += size
        if total >= wanted:
            return number
    return None


def _grouped(counts: dict[int, int], span: int) -> dict[int, dict[int, int]]:
    groups: dict[int, dict[int, int]] = {}
    for block, count in counts.items():
        groups.setdefault(block // span, {})[block] = count
    return groups


def _fewest_of_segments(counts: dict[int, int], request: Request) -> int | None:
    """Blocks that hold the most segments first."""
    size, wanted = request.units.size, request.units.count
    most = 1 if request.units.spreads else wanted
    return _largest_first([min(count // size, most) for count in counts.values()], wanted)


def _fewest_of_unit(
    counts: dict[int, int], size: int, limits: UnitLimits, most: int
) -> int | None:
    found = []
    for region in _grouped(counts, limits.region_span).values():
        if not limits.is_limited:
            number = _largest_first(list(region.values()), size)
        else:
            lower = _grouped(region, limits.lower_span)
            groups = [sorted(group.values(), reverse=True) for group in lower.values()]
            number = _within_groups(groups, size, limits.max_lower, most)
        if number is not None:
            found.append(number)
    return min(found, default=None)


def _within_groups(
    groups: Sequence[Sequence[int]], size: int, most_groups: int, most_items: int
) -> int | None:
    """Fewest items of at most `most_groups` groups that reach `size`, if at most `most_items`.

    Of a group, the largest items are taken first.

    Notes
    -----
    ``best[m][k]`` is the largest sum of k items from m groups; groups are added one by one.
    """
    most = min(most_items, sum(map(len, groups)))
    best = [[-1] * (most + 1) for _ in range(most_groups + 1)]
    best[0][0] = 0
    for group in groups:
        for used in range(most_groups - 1, -1, -1):
            for items in range(most - 1, -1, -1):
                total = best[used][items]
                if total < 0:
                    continue
                for taken, count in enumerate(group[: most - items], start=1):
                    total += count
                    if total > best[used + 1][items + taken]:
                        best[used + 1][items + taken] = total
    reached = [items for row in best for items, value in enumerate(row) if value >= size]
    return min(reached, default=None)


def crossing_findings(spreads: Sequence[Spread], penalty: float) -> Iterator[Finding]:
    """Jobs on more base blocks, or within a larger aggregated block, than they had to be."""
    for spread in spreads:
        if not spread.is_needless and not spread.is_too_high:
            continue
        allocation = spread.allocation
        message = f"on {spread.blocks} blocks where {spread.fewest} would have done"
        if not spread.is_needless:
            within = f"within {spread.span} base blocks" if spread.span else "beyond every level"
            message = f"{within} where {spread.smallest} would have done"
        yield Finding(
            kind=Kind.CROSSING,
            rule="blocks" if spread.is_needless else "levels",
            severity=Severity.INFO,
            jobs=(allocation.job_id,),
            nodes=allocation.nodes,
            start_s=allocation.start_s,
            end_s=allocation.end_s,
            message=message,
            partition=allocation.partition,
            user=allocation.record.job.user,
            num_nodes=len(allocation.nodes),
            lost_node_h=spread.lost_node_h(penalty),
        )
