"""Counts of available nodes per base block and aggregate, vectorised over the cluster."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...models.topology import BlockTopology, UnitLimits
from .attempt import Counts, Pool
from .hres import Mode3Attempt

HEAVIEST = np.iinfo(np.int64).max


class BlockTables:
    """What selection needs of a block topology, computed once."""

    def __init__(self, topology: BlockTopology) -> None:
        self.topology = topology
        self.num_blocks = len(topology.blocks)
        sizes = [len(block.nodes) for block in topology.blocks]
        self.members = np.array(
            [node for block in topology.blocks for node in block.nodes], dtype=np.int64
        )
        self.ends = np.cumsum(np.array(sizes, dtype=np.int64))
        self.starts = self.ends - np.array(sizes, dtype=np.int64)

    @cached_property
    def block_nodes(self) -> tuple[Counts, ...]:
        """Node indices of every base block, ascending."""
        return tuple(np.array(block.nodes, dtype=np.int64) for block in self.topology.blocks)

    def counts(self, pool: Pool, blocks: range | None = None) -> Counts:
        """Available nodes of base blocks, all by default; a node of two blocks counts in both."""
        if blocks is None:
            blocks = range(self.num_blocks)
        starts = self.starts[blocks.start : blocks.stop]
        ends = self.ends[blocks.start : blocks.stop]
        first = starts[0]
        running = np.zeros(int(ends[-1] - first) + 1, dtype=np.int64)
        np.cumsum(pool[self.members[first : ends[-1]]], out=running[1:])
        result: Counts = running[ends - first] - running[starts - first]
        return result

    def capped(
        self, counts: Counts, pool: Pool, mode3: Mode3Attempt | None, first: int = 0
    ) -> Counts:
        """`counts` from block `first` on, capped by what the leaf of a block still feeds (5.4).

        Slurm looks at the leaf of the block's first available node.
        """
        if mode3 is None or not mode3.caps_counts:
            return counts
        capped = counts.copy()
        for index in np.flatnonzero(counts).tolist():
            nodes = self.block_nodes[first + index]
            leaf = int(nodes[np.argmax(pool[nodes])])
            capped[index] = min(int(counts[index]), mode3.nodes_fed(leaf))
        return capped

    @cached_property
    def blocks_of(self) -> dict[int, tuple[int, ...]]:
        """Node index to all its base blocks; usually one."""
        blocks: dict[int, tuple[int, ...]] = {}
        for index, block in enumerate(self.topology.blocks):
            for node in block.nodes:
                blocks[node] = (*blocks.get(node, ()), index)
        return blocks

    def lightest(self, pool: Pool, weights: Counts) -> Counts:
        """Lowest weight among the available nodes of every base block, `HEAVIEST` without any."""
        flat = np.append(np.where(pool[self.members], weights[self.members], HEAVIEST), HEAVIEST)
        # reduceat gives an empty block its successor's first entry; the sentinel ends the last.
        result: Counts = np.minimum.reduceat(flat, np.append(self.starts, len(flat) - 1))[:-1]
        result[self.starts == self.ends] = HEAVIEST
        return result


def group_sums(counts: Counts, span: int) -> Counts:
    """Sums over aligned groups of `span` entries, the last one possibly incomplete."""
    result: Counts = np.add.reduceat(counts, np.arange(0, len(counts), span))
    return result


def reachable(counts: Counts, limits: UnitLimits) -> Counts:
    """R of every region: what a unit may use under the limit of lower-level blocks (3.1.3)."""
    if not limits.is_limited:
        return group_sums(counts, limits.region_span)
    lower = group_sums(counts, limits.lower_span)
    if limits.is_top:
        # Bug: an incomplete last lower-level block is not counted (8.1, number 1).
        lower = np.sort(lower[: len(counts) // limits.lower_span])[::-1]
        return np.array([lower[: limits.max_lower].sum()])
    per_region = limits.region_span // limits.lower_span
    regions = -(-len(lower) // per_region)
    padded = np.zeros(regions * per_region, dtype=np.int64)
    padded[: len(lower)] = lower
    by_size = np.sort(padded.reshape(regions, per_region), axis=1)[:, ::-1]
    result: Counts = by_size[:, : limits.max_lower].sum(axis=1)
    return result
