"""What is wrong with a topology whatever file it came from (slurm_semantics 1.2 to 1.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ..errors import ProblemLog
from ..hostlist import fold
from ..topology.ring import MAX_RING_SIZE
from .topology_spec import GroupSpec, TopologySpec

_MAX_SIZE_EXPONENT = 15  # a level is at most 2^15 base blocks (1.2)
_MAX_TREE_LEVELS = 20  # passes that Slurm makes before it gives up (1.5)
_SHOWN = 8


def validate_topology(spec: TopologySpec, log: ProblemLog) -> None:
    """Report everything that Slurm refuses in `spec`, and what it accepts but cannot be meant."""
    if not spec.name.isprintable():
        log.error(spec.place, f"topology {spec.name!r}", "a name of printable characters")
    if spec.kind in _CHECKS:
        _CHECKS[spec.kind](spec, log)


def _validate_block(spec: TopologySpec, log: ProblemLog) -> None:
    _check_groups(spec, "block", log)
    _check_block_sizes(spec, log)
    if spec.groups and not any(block.nodes for block in spec.groups):
        if spec.block_sizes:
            log.warn(spec.place, "no block has nodes; Slurm places every job as on flat")
        else:
            log.error(spec.place, "no block has nodes and the block sizes are not given", "nodes")
    _check_repeated_nodes(spec, "block", log)
    _check_shared_nodes(spec.groups, "block", log)


def _check_block_sizes(spec: TopologySpec, log: ProblemLog) -> None:
    if not spec.block_sizes:
        return
    base = spec.block_sizes[0]
    wanted = "the base size first, then base size times powers of two up to 2^15"
    for size in spec.block_sizes:
        ratio = size // base if base > 0 else 0
        is_multiple = ratio > 0 and ratio * base == size
        if not is_multiple or ratio & (ratio - 1) or ratio > 1 << _MAX_SIZE_EXPONENT:
            log.error(spec.sizes_place, f"block size {size} in {list(spec.block_sizes)}", wanted)


def _validate_ring(spec: TopologySpec, log: ProblemLog) -> None:
    _check_groups(spec, "ring", log)
    for ring in spec.groups:
        if not ring.nodes:
            # Accepted by Slurm, which then crashes on the first allocation (err-087).
            log.error(ring.place, f"ring {ring.name!r} has no nodes", "nodes")
        if len(ring.nodes) > MAX_RING_SIZE:
            found = f"ring {ring.name!r} has {len(ring.nodes)} nodes"
            log.error(ring.place, found, f"at most {MAX_RING_SIZE}")
        repeated = _repeated(ring.nodes)
        if repeated:
            found = f"{_some(repeated)} twice in ring {ring.name!r}"
            log.error(ring.place, found, "each node at one position")
    _check_shared_nodes(spec.groups, "ring", log)


def _validate_torus3d(spec: TopologySpec, log: ProblemLog) -> None:
    if not spec.toruses:
        log.error(spec.place, "no toruses", "at least one torus")
    cells = [
        GroupSpec(torus.name, tuple(filter(None, torus.cells)), torus.place)
        for torus in spec.toruses
    ]
    _check_names(cells, "torus", log)
    for torus, group in zip(spec.toruses, cells, strict=True):
        repeated = _repeated(group.nodes)
        if repeated:
            found = f"{_some(repeated)} in two cells of torus {torus.name!r}"
            log.error(torus.place, found, "each node in one cell")
        if not torus.placements:
            found = f"torus {torus.name!r} has no placements"
            log.warn(torus.place, found, "a shape; jobs are placed on it as on flat")
    _check_shared_nodes(cells, "torus", log)


def _validate_tree(spec: TopologySpec, log: ProblemLog) -> None:
    _check_groups(spec, "switch", log)
    names = {switch.name for switch in spec.groups}
    parents: dict[str, str] = {}
    for switch in spec.groups:
        for child in switch.children:
            if child not in names or child == switch.name:
                found = f"switch {switch.name!r} has invalid child {child!r}"
                log.error(switch.place, found, "the name of another switch")
            elif child in parents:
                found = f"switch {child!r} is a child of {parents[child]!r} and {switch.name!r}"
                log.warn(switch.place, found, "one parent")
            parents.setdefault(child, switch.name)
    _check_tree_ends(spec, log)
    _check_repeated_nodes(spec, "switch", log)
    for shared, first, second in _shared_nodes(spec.groups):
        found = f"{shared} on switches {first.name!r} and {second.name!r}"
        log.warn(second.place, found, "each node on one leaf")


def _check_tree_ends(spec: TopologySpec, log: ProblemLog) -> None:
    """An error for switches that are on, or above, a cycle or an absurdly deep branch."""
    waiting = {switch.name: switch for switch in spec.groups}
    for _ in range(_MAX_TREE_LEVELS):
        ready = [
            name
            for name, switch in waiting.items()
            if not any(child in waiting for child in switch.children)
        ]
        if not ready:
            break
        for name in ready:
            del waiting[name]
    if waiting:
        first = next(iter(waiting.values()))
        found = f"{_some(list(waiting))}: a cycle, or more than {_MAX_TREE_LEVELS} levels"
        log.error(first.place, found, "a tree")


_CHECKS = {
    "block": _validate_block,
    "ring": _validate_ring,
    "torus3d": _validate_torus3d,
    "tree": _validate_tree,
}


def _check_groups(spec: TopologySpec, what: str, log: ProblemLog) -> None:
    if not spec.groups:
        log.error(spec.place, f"no {_plural(what)}", f"at least one {what}")
    _check_names(spec.groups, what, log)


def _check_names(groups: Iterable[GroupSpec], what: str, log: ProblemLog) -> None:
    seen: set[str] = set()
    for group in groups:
        if not group.name.isprintable():
            log.error(group.place, f"{what} {group.name!r}", "a name of printable characters")
        if group.name in seen:
            log.error(group.place, f"{what} {group.name!r} a second time", "each name once")
        seen.add(group.name)


def _check_repeated_nodes(spec: TopologySpec, what: str, log: ProblemLog) -> None:
    """Slurm counts a node once, however often one block names it (err-036)."""
    for group in spec.groups:
        repeated = _repeated(group.nodes)
        if repeated:
            found = f"{_some(repeated)} twice in {what} {group.name!r}"
            log.warn(group.place, found, "each node once")


def _check_shared_nodes(groups: Sequence[GroupSpec], what: str, log: ProblemLog) -> None:
    """Undetected by Slurm, which then counts the node in both (1.2, 1.3)."""
    for shared, first, second in _shared_nodes(groups):
        found = f"{shared} in {_plural(what)} {first.name!r} and {second.name!r}"
        log.error(second.place, found, f"each node in one {what}")


def _shared_nodes(groups: Sequence[GroupSpec]) -> Iterable[tuple[str, GroupSpec, GroupSpec]]:
    """Folded nodes that a group shares with an earlier one, and the two groups."""
    owners: dict[str, int] = {}
    for index, group in enumerate(groups):
        shared: dict[int, list[str]] = {}
        for node in group.nodes:
            owner = owners.setdefault(node, index)
            if owner != index:
                shared.setdefault(owner, []).append(node)
        for owner, nodes in shared.items():
            yield _some(nodes), groups[owner], group


def _repeated(names: Sequence[str]) -> list[str]:
    if len(set(names)) == len(names):
        return []
    return [name for name, count in Counter(names).items() if count > 1]


def _plural(what: str) -> str:
    return f"{what}es" if what in ("switch", "torus") else f"{what}s"


def _some(names: Sequence[str]) -> str:
    """A few names, folded, and how many there are."""
    shown = fold(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
