"""What Slurm accepts in a block topology without a word, although somebody will trip over it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from ..hostlist import fold
from .block import BlockTopology
from .finding import Finding, Severity, span

if TYPE_CHECKING:
    from ..node import Node

_MOST_NAMED = 8
_SPARE_MATTERS = 9  # a rack; below it, a spare node costs more than it saves


def check_block_topology(topology: BlockTopology, nodes: Sequence[Node]) -> Iterator[Finding]:
    """Every finding about a block topology over the nodes of the cluster."""
    for check in _CHECKS:
        yield from check(topology)
    yield from _cliques(topology, nodes)


def _short_blocks(topology: BlockTopology) -> Iterator[Finding]:
    """Blocks below the base size never hold a unit of that size (1.2); empty ones are padding."""
    base = topology.base_size
    short = [block for block in topology.blocks if 0 < len(block.nodes) < base]
    for block in short[:_MOST_NAMED]:
        message = f"{len(block.nodes)} nodes, but blocks count as {base}: "
        message += f"no unit of {span(len(block.nodes) + 1, base)} nodes fits in"
        yield Finding(Severity.WARNING, "short_block", f"block {block.name}", message)
    if len(short) > _MOST_NAMED:
        more = fold(block.name for block in short[_MOST_NAMED:])
        message = f"fewer than {base} nodes in {len(short) - _MOST_NAMED} more blocks: {more}"
        yield Finding(Severity.WARNING, "short_block", f"topology {topology.name}", message)


def _incomplete_aggregates(topology: BlockTopology) -> Iterator[Finding]:
    """The last aggregated block of a level may have fewer base blocks (section 2)."""
    for level, size in zip(topology.levels, topology.block_sizes, strict=True):
        width = 1 << level
        last = len(topology.blocks) % width
        if not last or width > len(topology.blocks):
            continue
        blocks = topology.blocks[-last:]
        num_nodes = sum(len(block.nodes) for block in blocks)
        message = f"last aggregated block {fold(block.name for block in blocks)} has {last} of "
        message += f"{width} blocks: at most {num_nodes} nodes, not {size}"
        place = f"level of {size} nodes"
        yield Finding(Severity.WARNING, "incomplete_aggregate", place, message)


def _unreachable_levels(topology: BlockTopology) -> Iterator[Finding]:
    """A level of which no aggregated block has the nodes that it counts as."""
    for level, size in zip(topology.levels[1:], topology.block_sizes[1:], strict=True):
        width = 1 << level
        largest = max(
            sum(len(block.nodes) for block in topology.blocks[start : start + width])
            for start in range(0, len(topology.blocks), width)
        )
        if largest < size:
            severity = Severity.ADVICE if width > len(topology.blocks) else Severity.WARNING
            message = f"no aggregated block has more than {largest} nodes: "
            message += f"no unit of {span(largest + 1, size)} nodes ever starts"
            yield Finding(severity, "unreachable_level", f"level of {size} nodes", message)


def _larger_blocks(topology: BlockTopology) -> Iterator[Finding]:
    """Blocks above the base size: the spare nodes serve, but a full block needs a level more."""
    base = topology.base_size
    sizes = Counter(len(block.nodes) for block in topology.blocks)
    larger = {size: count for size, count in sizes.items() if size > base}
    if not larger:
        return
    largest = max(larger)
    message = f"{sum(larger.values())} blocks have more nodes than {base}, up to {largest}: "
    message += f"all of them serve, but units of {span(base + 1, largest)} nodes count as larger "
    message += "than a block and may be spread over several"
    yield Finding(Severity.ADVICE, "larger_blocks", f"topology {topology.name}", message)


def _no_spares(topology: BlockTopology) -> Iterator[Finding]:
    """With the base size at the full block, one bad node closes it for the largest segment."""
    base = topology.base_size
    sizes = {len(block.nodes) for block in topology.blocks if block.nodes}
    if base < _SPARE_MATTERS or sizes != {base}:
        return
    smaller = base - base // 9
    message = f"no block has a spare node: one node down closes its block for --segment={base}; "
    message += (
        f"with a base size of {smaller}, --segment={smaller} fits with {base - smaller} down"
    )
    yield Finding(Severity.ADVICE, "no_spares", f"topology {topology.name}", message)


def _never_whole(topology: BlockTopology) -> Iterator[Finding]:
    """Jobs above the largest level may touch few lower-level blocks (3.1.1, 8.1)."""
    sizes = unstartable_sizes(topology)
    if sizes:
        ranges = fold(map(str, sizes)).strip("[]").split(",")
        told = ", ".join(ranges[:_MOST_NAMED]) + (" ..." if len(ranges) > _MOST_NAMED else "")
        message = f"Slurm 26.11 starts no job of {told} nodes without segments, not even on an "
        message += "empty cluster: it may touch too few complete groups of blocks"
        place = f"topology {topology.name}"
        yield Finding(Severity.WARNING, "never_whole", place, message)


def unstartable_sizes(topology: BlockTopology) -> list[int]:
    """Job sizes above the largest level that Slurm 26.11 rejects on an empty cluster.

    Notes
    -----
    The floor rule (8.1, bug 1): a job without segments, limited to M lower-level blocks, must fit
    into the M largest complete ones. Linear in the nodes.
    """
    total = sum(len(block.nodes) for block in topology.blocks)
    capacities: dict[int, list[int]] = {}
    sizes: list[int] = []
    for size in range(topology.block_sizes[-1] + 1, total + 1):
        limits = topology.unit_limits(size)
        if not limits.is_limited:
            continue
        if limits.lower_span not in capacities:
            capacities[limits.lower_span] = _best_groups(topology, limits.lower_span)
        best = capacities[limits.lower_span]
        if best[min(limits.max_lower, len(best) - 1)] < size:
            sizes.append(size)
    return sizes


def _best_groups(topology: BlockTopology, blocks_per_group: int) -> list[int]:
    """Nodes of the k largest complete groups, for k = 0, 1, ..."""
    sizes = [len(block.nodes) for block in topology.blocks]
    complete = range(0, len(sizes) - blocks_per_group + 1, blocks_per_group)
    groups = sorted((sum(sizes[i : i + blocks_per_group]) for i in complete), reverse=True)
    return list(accumulate(groups, initial=0))


def _cliques(topology: BlockTopology, nodes: Sequence[Node]) -> Iterator[Finding]:
    """A block should be one NVLink clique, and a clique one block."""
    blocks_of: dict[str, set[str]] = defaultdict(set)
    for block in topology.blocks:
        members: dict[str, list[str]] = defaultdict(list)
        for index in block.nodes:
            clique = nodes[index].clique
            if clique:
                members[clique].append(nodes[index].name)
                blocks_of[clique].add(block.name)
        if len(members) > 1:
            parts = "; ".join(f"{fold(names)} in {clique}" for clique, names in members.items())
            message = f"nodes of {len(members)} NVLink cliques: {parts}"
            yield Finding(Severity.ERROR, "split_clique", f"block {block.name}", message)
    for clique, blocks in blocks_of.items():
        if len(blocks) > 1:
            message = f"one NVLink clique over the blocks {fold(blocks)}"
            yield Finding(Severity.WARNING, "spread_clique", f"clique {clique}", message)


_CHECKS = (
    _short_blocks,
    _incomplete_aggregates,
    _unreachable_levels,
    _larger_blocks,
    _no_spares,
    _never_whole,
)
