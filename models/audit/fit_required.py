"""Whether a request with required nodes fits: all of them, and others beside them (3.1.2 B4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..rules.ring import is_arc
from ..topology import BlockTopology, RingTopology, TorusTopology, TreeTopology
from .fit_block import NO, UNKNOWN, Fit
from .scene import Request, Scene


def fit_required(request: Request, scene: Scene, usable: frozenset[int]) -> Fit:
    """Place a request of one unit around its required nodes.

    Parameters
    ----------
    request
        With required nodes; a list that is longer than the job, or that is to be cut into
        segments, is no such list.
    scene
        The moment.
    usable
        Nodes that it may take.
    """
    listed = request.job.nodelist or ()
    if len(set(listed)) != len(request.required) or not request.required <= usable:
        return NO
    topology = request.topology
    if isinstance(topology, TorusTopology) and scene.is_ruled(request):
        return _in_torus(request, topology, usable)
    if request.num_nodes == 1:
        return Fit(tuple(request.required))
    if not scene.is_ruled(request):
        return UNKNOWN if request.job.contiguous else _filled(request, usable)
    if isinstance(topology, BlockTopology):
        return _in_blocks(request, topology, usable)
    if isinstance(topology, RingTopology):
        return _in_ring(request, topology)
    assert isinstance(topology, TreeTopology)
    return _in_tree(request, topology, usable)


def _filled(request: Request, others: Iterable[int]) -> Fit:
    """The required nodes and as many of the others, in their order, as are missing."""
    nodes = list(request.required)
    for node in sorted(others) if isinstance(others, frozenset) else others:
        if len(nodes) == request.num_nodes:
            break
        if node not in request.required:
            nodes.append(node)
    return Fit(tuple(sorted(nodes))) if len(nodes) == request.num_nodes else NO


def _grouped(nodes: Iterable[int], group_of: dict[int, int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for node in sorted(nodes):
        groups.setdefault(group_of[node], []).append(node)
    return groups


def _around(
    request: Request, groups: dict[int, list[int]], own: set[int], most: int | None
) -> Fit:
    """Fill up from the groups of the required nodes, then from the fullest others."""
    if most is not None and len(own) > most:
        return NO
    others = sorted((group for group in groups if group not in own), key=lambda g: -len(groups[g]))
    room = None if most is None else most - len(own)
    chosen: Sequence[int] = [*sorted(own), *others[:room]]
    return _filled(request, [node for group in chosen for node in groups.get(group, ())])


def _in_blocks(request: Request, topology: BlockTopology, usable: frozenset[int]) -> Fit:
    block_of = topology.block_of
    if any(node not in block_of for node in request.required):
        return NO
    limits = topology.unit_limits(request.units.size)
    regions = {block_of[node] // limits.region_span for node in request.required}
    if len(regions) != 1:
        return NO
    region = next(iter(regions))
    inside = [n for n in usable if n in block_of and block_of[n] // limits.region_span == region]
    lower_of = {node: block_of[node] // limits.lower_span for node in inside}
    own = {lower_of[node] for node in request.required}
    most = limits.max_lower if limits.is_limited else None
    return _around(request, _grouped(inside, lower_of), own, most)


def _in_ring(request: Request, topology: RingTopology) -> Fit:
    """The list must name every node, and be an arc itself (3.2)."""
    if len(request.required) != request.num_nodes:
        return NO
    rings = {topology.ring_of.get(node) for node in request.required}
    index = next(iter(rings))
    if len(rings) != 1 or index is None or not is_arc(topology.rings[index], request.required):
        return NO
    return Fit(tuple(sorted(request.required)))


def _in_torus(request: Request, topology: TorusTopology, usable: frozenset[int]) -> Fit:
    for torus in topology.toruses:
        for anchor in torus.anchor_sets:
            if len(anchor) == request.num_nodes and request.required <= anchor <= usable:
                return Fit(tuple(sorted(anchor)))
    return NO


def _in_tree(request: Request, topology: TreeTopology, usable: frozenset[int]) -> Fit:
    for root in topology.roots:
        members = topology.members[root]
        if not request.required <= members:
            continue
        groups = _grouped(usable & members, topology.leaf_of)
        own = {topology.leaf_of[node] for node in request.required}
        found = _around(request, groups, own, request.leaf_limit)
        if found.nodes is not None:
            return found
    return NO
