"""MODE_3 layers must nest as one rooted tree of uniform depth (slurm_semantics 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import ProblemLog
from ..resources import Layer

MAX_DEPTH = 16

PlacedLayer = tuple[Layer, str]


def nest_layers(
    layers: Sequence[PlacedLayer], log: ProblemLog, *, for_slurm: bool
) -> list[PlacedLayer]:
    """The layers in file order, each base grown by the bases of all layers below it.

    Slurm detects a missing root only; an uneven depth crashes it on first use (err-133), and nodes
    in two sibling layers are charged twice while only one of them is checked.

    Parameters
    ----------
    layers
        Layers with their places, in file order; no two have the same nodes.
    log
        Receives an error for every layer that breaks the tree.
    for_slurm
        Whether Slurm reads them, too, so that its own limits on depth apply.
    """
    parents = _parents(layers, log)
    if parents is None:
        return list(layers)
    if for_slurm:
        _check_leaves(layers, parents, log)
    totals = [layer.base for layer, _ in layers]
    for index in sorted(range(len(layers)), key=lambda each: len(layers[each][0].nodes)):
        parent = parents[index]
        if parent is not None:
            totals[parent] += totals[index]
    return [
        (replace(layer, base=total), where)
        for (layer, where), total in zip(layers, totals, strict=True)
    ]


def _parents(layers: Sequence[PlacedLayer], log: ProblemLog) -> list[int | None] | None:
    """Index of the smallest layer around each layer; None after an error.

    Notes
    -----
    Layers are laid down from the largest to the smallest. Each must fall on nodes whose innermost
    layer so far is one and the same, otherwise it straddles two.
    """
    parents: list[int | None] = [None] * len(layers)
    innermost: dict[int, int] = {}
    is_tree = True
    order = sorted(range(len(layers)), key=lambda index: -len(layers[index][0].nodes))
    for rank, index in enumerate(order):
        layer, where = layers[index]
        around = {innermost.get(node) for node in layer.nodes}
        if rank and None in around:
            root = layers[order[0]][0]
            found = f"layer {layer.name} is not inside {root.name}, the largest layer"
            log.error(where, found, "one layer around all others (MODE_3)")
            is_tree = False
        elif len(around) > 1:
            names = " and ".join(
                sorted(layers[other][0].name for other in around if other is not None)
            )
            log.error(where, f"layer {layer.name} straddles {names}", "nested layers (MODE_3)")
            is_tree = False
        parents[index] = next(iter(around), None)
        innermost.update(dict.fromkeys(layer.nodes, index))
    return parents if is_tree else None


def _check_leaves(
    layers: Sequence[PlacedLayer], parents: Sequence[int | None], log: ProblemLog
) -> None:
    depths = [0] * len(layers)
    for index in sorted(range(len(layers)), key=lambda each: -len(layers[each][0].nodes)):
        parent = parents[index]
        depths[index] = 0 if parent is None else depths[parent] + 1
    leaves = sorted(set(range(len(layers))) - set(parents))
    if not leaves:
        return
    deepest = max(leaves, key=lambda leaf: depths[leaf])
    for leaf in leaves:
        if depths[leaf] != depths[deepest]:
            layer, where = layers[leaf]
            found = f"layer {layer.name} ends {depths[leaf]} levels below the root"
            wanted = (
                f"{depths[deepest]} as {layers[deepest][0].name}; uneven depth crashes slurmctld"
            )
            log.error(where, found, wanted)
    if depths[deepest] >= MAX_DEPTH:
        found = f"{depths[deepest] + 1} levels of layers"
        log.error(layers[deepest][1], found, f"at most {MAX_DEPTH}")
    _warn_uncovered(layers, leaves, log)


def _warn_uncovered(layers: Sequence[PlacedLayer], leaves: Sequence[int], log: ProblemLog) -> None:
    """Nodes in a layer but in no leaf never run a job that asks for the resource."""
    covered = frozenset[int]().union(*(layers[leaf][0].nodes for leaf in leaves))
    root, where = max(layers, key=lambda placed: len(placed[0].nodes))
    missing = len(root.nodes - covered)
    if missing:
        found = f"{missing} nodes of layer {root.name} are in no layer of the lowest level"
        log.warn(where, found, "every node in one; Slurm gives them to no job that asks for it")
