"""From names to indices: the node table, and the topologies of models/topology over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import Problem, ProblemLog
from ..hostlist import fold, natural_sorted
from ..topology import (
    Block,
    BlockTopology,
    FlatTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusTopology,
    TreeTopology,
)
from .topology_spec import TopologyFile, TopologySpec

_DEFAULT_LEVELS = (0, 1, 2, 3, 4)  # of a block topology without sizes (1.2)

IndexOf = Callable[[str], int]


def bind_topologies(
    file: TopologyFile,
    node_names_known: Sequence[str] | None = None,
    *,
    is_dragonfly: bool = False,
    ranks_by_topology: bool = False,
) -> tuple[tuple[str, ...], tuple[Topology, ...], tuple[Problem, ...]]:
    """Node names in index order, the topologies over those indices, and warnings.

    Parameters
    ----------
    file
        What `read_topology` returned.
    node_names_known
        The node table of the cluster, if given. Nodes that only the topology names stay in the
        table (their position in a block or ring is real), but Slurm ignores them: a warning.
    is_dragonfly
        TopologyParam=Dragonfly.
    ranks_by_topology
        TopologyParam=BlockAsNodeRank or SwitchAsNodeRank: nodes are ordered by the position of
        their block or leaf of the default topology, then by name (0.2).
    """
    log = ProblemLog(file.source)
    mentioned = dict.fromkeys(name for spec in file.specs for name in spec.node_names)
    known = mentioned if node_names_known is None else dict.fromkeys(node_names_known)
    if node_names_known is not None:
        _warn_unknown(mentioned, known, log)
        _warn_uncovered(file, mentioned, known, log)
    names = natural_sorted({**mentioned, **known})
    if ranks_by_topology:
        names = _ranked(names, file.specs[0])
    index_of = {name: index for index, name in enumerate(names)}
    topologies = tuple(_bind(spec, index_of.__getitem__, is_dragonfly) for spec in file.specs)
    return tuple(names), topologies, tuple(log.warnings)


def _bind(spec: TopologySpec, index_of: IndexOf, is_dragonfly: bool) -> Topology:
    if spec.kind == "block":
        return _bind_block(spec, index_of)
    if spec.kind == "ring":
        rings = (Ring(ring.name, tuple(map(index_of, ring.nodes))) for ring in spec.groups)
        return RingTopology(spec.name, tuple(rings))
    if spec.kind == "torus3d":
        return _bind_torus(spec, index_of)
    if spec.kind == "tree":
        return _bind_tree(spec, index_of, is_dragonfly)
    return FlatTopology(spec.name)


def _bind_block(spec: TopologySpec, index_of: IndexOf) -> BlockTopology:
    blocks = tuple(Block(block.name, _indices(block.nodes, index_of)) for block in spec.groups)
    if spec.block_sizes:
        base_size = spec.block_sizes[0]
        exponents = {(size // base_size).bit_length() - 1 for size in spec.block_sizes}
        levels = tuple(sorted(exponents | {0}))
    else:
        base_size = next(len(block.nodes) for block in blocks if block.nodes)
        levels = _DEFAULT_LEVELS
    return BlockTopology(spec.name, base_size, levels, blocks)


def _bind_torus(spec: TopologySpec, index_of: IndexOf) -> TorusTopology:
    return TorusTopology(
        spec.name,
        tuple(
            Torus(
                name=torus.name,
                dims=torus.dims,
                cells=tuple(index_of(name) if name else -1 for name in torus.cells),
                placements=torus.placements,
            )
            for torus in spec.toruses
        ),
    )


def _bind_tree(spec: TopologySpec, index_of: IndexOf, is_dragonfly: bool) -> TreeTopology:
    position = {switch.name: index for index, switch in enumerate(spec.groups)}
    switches = tuple(
        Switch(
            name=switch.name,
            nodes=_indices(switch.nodes, index_of),
            children=tuple(position[child] for child in switch.children),
        )
        for switch in spec.groups
    )
    return TreeTopology(spec.name, switches, is_dragonfly)


def _indices(names: Iterable[str], index_of: IndexOf) -> tuple[int, ...]:
    """Ascending indices; a node named twice counts once."""
    return tuple(sorted(set(map(index_of, names))))


def _ranked(names: Sequence[str], spec: TopologySpec) -> list[str]:
    """Names by position of their group, those without one last; the order within is kept."""
    rank: dict[str, int] = {}
    for position, group in enumerate(spec.groups):
        for name in group.nodes:
            rank.setdefault(name, position)
    return sorted(names, key=lambda name: rank.get(name, len(spec.groups)))


def _warn_unknown(mentioned: Iterable[str], known: dict[str, None], log: ProblemLog) -> None:
    unknown = [name for name in mentioned if name not in known]
    if unknown:
        found = f"{len(unknown)} nodes that the node table does not have: {fold(unknown)}"
        log.warn("", found, "nodes of the cluster; Slurm ignores them, here they are unavailable")


def _warn_uncovered(
    file: TopologyFile, mentioned: dict[str, None], known: Iterable[str], log: ProblemLog
) -> None:
    """Nodes that no topology holds; with a flat one among them nothing is amiss."""
    if any(spec.kind == "flat" for spec in file.specs):
        return
    uncovered = [name for name in known if name not in mentioned]
    if uncovered:
        found = f"{len(uncovered)} nodes in no topology: {fold(uncovered)}"
        log.warn("", found, "each node in a topology; jobs of several nodes cannot use them")
