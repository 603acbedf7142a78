"""Whether, and where, a request fits a scene: any topology, resources included."""

from __future__ import annotations

from ..resources import Mode
from ..topology import (
    BlockTopology,
    RingTopology,
    TorusTopology,
    TreeTopology,
)
from .fit_block import NO, UNKNOWN, Fit, fit_block
from .fit_required import fit_required
from .scene import Request, Scene

_NOTHING: frozenset[int] = frozenset()


def fit(
    request: Request,
    scene: Scene,
    *,
    without: frozenset[int] = _NOTHING,
    avoid: frozenset[int] = _NOTHING,
) -> Fit:
    """Place a request in a scene.

    Parameters
    ----------
    request
        What a job asks for.
    scene
        The moment.
    without
        Nodes that are spoken for.
    avoid
        Nodes to take last.
    """
    usable = scene.usable(request)
    if without:
        usable -= without
    if request.is_refused or len(usable) < request.num_nodes:
        return NO
    if request.required:
        found = fit_required(request, scene, usable)
        return UNKNOWN if found.nodes is not None and request.needs else found
    fed = _with_layers(request, scene, usable)
    if not request.is_exact and len(fed) < len(usable):
        return _fit_inexact(request, scene, usable, fed)
    usable = fed
    loose = _fit_topology(request, scene, usable, avoid)
    if loose.nodes is None or _within_layers(request, scene, loose.nodes):
        return loose
    # Nodes beyond what the layers can feed are left out until any choice of the rest is legal.
    trimmed = _trimmed(request, scene, usable, avoid)
    tight = _fit_topology(request, scene, trimmed, avoid)
    return tight if tight.nodes is not None else UNKNOWN


def _fit_inexact(
    request: Request, scene: Scene, usable: frozenset[int], fed: frozenset[int]
) -> Fit:
    """Where draws differ by node, leaving out nodes by the largest draw proves nothing."""
    if _fit_topology(request, scene, usable, _NOTHING).verdict is False:
        return NO
    trimmed = _trimmed(request, scene, fed, _NOTHING)
    found = _fit_topology(request, scene, trimmed, _NOTHING)
    return found if found.nodes is not None else UNKNOWN


def _fit_topology(
    request: Request, scene: Scene, usable: frozenset[int], avoid: frozenset[int]
) -> Fit:
    """Place a request by the rules of its topology, or flat where that gives way (0.4)."""
    topology = request.topology
    size = request.num_nodes
    if len(usable) < size:
        return NO
    if size == 1 and topology.kind != "torus3d":
        return Fit((min(usable, key=lambda node: (node in avoid, node)),)) if usable else NO
    if not scene.is_ruled(request):
        return _fit_flat(request, usable, avoid)
    if isinstance(topology, BlockTopology):
        return fit_block(request, scene, usable, avoid)
    if isinstance(topology, RingTopology):
        return _fit_ring(request, topology, usable)
    if isinstance(topology, TorusTopology):
        return _fit_torus(request, topology, usable)
    assert isinstance(topology, TreeTopology)
    return _fit_tree(request, topology, usable, avoid)


def _fit_flat(request: Request, usable: frozenset[int], avoid: frozenset[int]) -> Fit:
    size = request.num_nodes
    if request.job.contiguous:
        run: list[int] = []
        for node in sorted(usable):
            run = [*run, node] if run and node == run[-1] + 1 else [node]
            if len(run) == size:
                return Fit(tuple(run))
        return NO
    if len(usable) < size:
        return NO
    ordered = sorted(usable, key=lambda node: (node in avoid, node))
    return Fit(tuple(sorted(ordered[:size])))


def _fit_ring(request: Request, topology: RingTopology, usable: frozenset[int]) -> Fit:
    """Arcs are independent: counting the segments each can hold is exact (3.2)."""
    size, missing = request.units.size, request.units.count
    taken: list[int] = []
    one_each = request.follows_26_11  # 26.11: at most one segment of a job per ring
    for ring in topology.rings:
        arcs = sorted(ring.arcs(usable), key=len) if ring.nodes else []
        room = 1 if one_each else missing
        for arc in arcs:
            number = min(len(arc) // size, room, missing)
            taken.extend(arc[: number * size])
            missing -= number
            room -= number
        if not missing:
            return Fit(tuple(sorted(taken)))
    return NO


def _fit_torus(request: Request, topology: TorusTopology, usable: frozenset[int]) -> Fit:
    """The first free anchor for each unit in turn; several units may stay undecided (3.3)."""
    anchors = [
        anchor
        for torus in topology.toruses
        for anchor in torus.anchor_sets
        if len(anchor) == request.units.size and anchor <= usable
    ]
    taken: frozenset[int] = frozenset()
    missing = request.units.count
    for anchor in anchors:
        if anchor.isdisjoint(taken):
            taken |= anchor
            missing -= 1
            if not missing:
                return Fit(tuple(sorted(taken)))
    is_proven = len(anchors) < request.units.count or request.units.count == 1
    return NO if is_proven else UNKNOWN


def _fit_tree(
    request: Request, topology: TreeTopology, usable: frozenset[int], avoid: frozenset[int]
) -> Fit:
    """Below one root; with ``--switches`` the fullest leaves must do (3.4)."""
    size = request.num_nodes
    for root in topology.roots:
        below = usable & topology.members[root]
        if len(below) < size:
            continue
        leaves: dict[int, list[int]] = {}
        for node in sorted(below, key=lambda node: (node in avoid, node)):
            leaves.setdefault(topology.leaf_of[node], []).append(node)
        fullest = sorted(leaves.values(), key=len, reverse=True)[: request.leaf_limit]
        if sum(map(len, fullest)) >= size:
            nodes = [node for leaf in fullest for node in leaf]
            return Fit(tuple(sorted(nodes[:size])))
    return NO


def _with_layers(request: Request, scene: Scene, usable: frozenset[int]) -> frozenset[int]:
    """Usable nodes whose layers could serve them if they were alone (5.3)."""
    for index, amount in request.needs:
        resource = scene.cluster.resources[index]
        is_any = resource.mode is Mode.MODE_1 and not resource.is_power
        enough = [
            (left := scene.headroom(index, layer)) is None or left >= amount
            for layer in range(len(resource.layers))
        ]
        layers_of = resource.layers_of
        if resource.is_power:
            poor = {n for n in usable if not all(enough[q] for q in layers_of.get(n, ()))}
        elif is_any:
            poor = {n for n in usable if not any(enough[q] for q in layers_of.get(n, ()))}
        else:
            poor = {
                n for n in usable if n not in layers_of or not all(enough[q] for q in layers_of[n])
            }
        usable -= poor
    return usable


def _within_layers(request: Request, scene: Scene, nodes: tuple[int, ...]) -> bool:
    """Whether MODE_3 layers and power caps hold the nodes together."""
    return all(
        left is None or count * amount <= left
        for index, amount in request.needs
        if _is_per_node(scene, index)
        for layer, count in _per_layer(scene, index, nodes).items()
        for left in (scene.headroom(index, layer),)
    )


def _is_per_node(scene: Scene, index: int) -> bool:
    resource = scene.cluster.resources[index]
    return resource.is_power or resource.mode is Mode.MODE_3


def _per_layer(scene: Scene, index: int, nodes: tuple[int, ...]) -> dict[int, int]:
    counts: dict[int, int] = {}
    layers_of = scene.cluster.resources[index].layers_of
    for node in nodes:
        for layer in layers_of.get(node, ()):
            counts[layer] = counts.get(layer, 0) + 1
    return counts


def _trimmed(
    request: Request, scene: Scene, usable: frozenset[int], avoid: frozenset[int]
) -> frozenset[int]:
    """A subset of the usable nodes that the layers can feed all at once.

    Nodes are kept block by block, fullest first, so that whole blocks survive.
    """
    topology = request.topology
    owner = topology.block_of if isinstance(topology, BlockTopology) else {}
    sizes: dict[int, int] = {}
    for node in usable:
        block = owner.get(node, -1)
        sizes[block] = sizes.get(block, 0) + 1

    def turn(node: int) -> tuple[int, int, bool, int]:
        block = owner.get(node, -1)
        return (-sizes[block], block, node in avoid, node)

    left: dict[tuple[int, int], int] = {}
    kept = set()
    for node in sorted(usable, key=turn):
        touched = []
        for index, amount in request.needs:
            if not _is_per_node(scene, index):
                continue
            for layer in scene.cluster.resources[index].layers_of.get(node, ()):
                room = left.get((index, layer), scene.headroom(index, layer))
                if room is not None:
                    touched.append((index, layer, room - amount))
        if all(room >= 0 for _, _, room in touched):
            kept.add(node)
            for index, layer, room in touched:
                left[index, layer] = room
    return frozenset(kept)
