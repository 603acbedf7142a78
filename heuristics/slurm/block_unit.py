"""topology/block: choosing the nodes of one unit inside its block (slurm_semantics 3.1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...models.topology import UnitLimits
from .attempt import Action, Code, Counts, Pool, Refusal, pool_by_weight
from .block_counts import BlockTables, group_sums
from .hres import Mode3Attempt


@dataclass
class UnitChoice:
    """The nodes of one unit as they are picked from one level-L block.

    Attributes
    ----------
    blocks
        Base blocks of the level-L block.
    size
        Nodes wanted.
    available
        What may be used; not modified.
    """

    tables: BlockTables
    blocks: range
    size: int
    limits: UnitLimits
    available: Pool
    weights: Counts
    mode3: Mode3Attempt | None
    taken: list[int] = field(default_factory=list)
    used_lower: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """Nodes still wanted."""
        return self.size - len(self.taken)

    @property
    def inside(self) -> Pool:
        """Available nodes of the level-L block."""
        flags = np.zeros(len(self.available), dtype=np.bool_)
        first, last = self.tables.starts[self.blocks[0]], self.tables.ends[self.blocks[-1]]
        flags[self.tables.members[first:last]] = True
        flags &= self.available
        return flags

    def lower_of(self, block: int) -> int:
        """Lower-level block that base block `block` belongs to."""
        return block // self.limits.lower_span

    def take(self, node: int) -> bool:
        """Take `node` unless a MODE_3 layer is short."""
        if self.mode3 is not None and not self.mode3.take(node):
            return False
        self.taken.append(node)
        return True


def choose_nodes(unit: UnitChoice, required: Sequence[int]) -> tuple[int, ...] | Refusal:
    """Required nodes, forced light nodes, touched base blocks, then base blocks by fit."""
    pool, forced = pool_by_weight(unit.inside, unit.weights, unit.size, required)
    refusal = _take_required(unit, required) or _take_forced(unit, forced)
    if refusal is not None:
        return refusal
    left = pool.copy()
    left[unit.taken] = False
    left[list(forced)] = False
    for block in sorted(unit.touched):
        _take_from_block(unit, block, left)
    _take_by_fit(unit, left)
    if unit.missing:
        return Refusal(
            Code.INSUFFICIENT_IN_UNIT,
            "3.1.4 too few nodes inside the chosen block",
            Action.HINT,
            frozenset(unit.taken),
        )
    return tuple(sorted(unit.taken))


def _take_required(unit: UnitChoice, required: Sequence[int]) -> Refusal | None:
    block_of = unit.tables.topology.block_of
    for node in required:
        block = block_of[node]
        if unit.limits.is_limited:
            unit.touched.add(block)
            unit.used_lower.add(unit.lower_of(block))
            if len(unit.used_lower) > unit.limits.max_lower:
                return Refusal(
                    Code.TOPOLOGY_UNAVAILABLE,
                    "3.1.4 required nodes touch too many lower-level blocks",
                    Action.PERMANENT,
                )
        if not unit.take(node):
            return Refusal(
                Code.REQUIRED_LACK_RESOURCES, "5.4 required node over a layer", Action.DEFAULT
            )
    return None


def _take_forced(unit: UnitChoice, forced: Sequence[int]) -> Refusal | None:
    block_of = unit.tables.topology.block_of
    for node in forced:
        if not unit.missing:
            break
        block = block_of[node]
        if unit.lower_of(block) not in unit.used_lower:
            if len(unit.used_lower) >= unit.limits.max_lower and unit.limits.is_limited:
                return Refusal(
                    Code.WEIGHTS_FAILED,
                    "3.1.4 light nodes touch too many lower-level blocks",
                    Action.DEFAULT,
                )
            unit.used_lower.add(unit.lower_of(block))
        unit.touched.add(block)
        unit.take(node)
    return None


def _take_from_block(unit: UnitChoice, block: int, left: Pool) -> int:
    """Take the nodes left in a base block by ascending index; how many that were."""
    before = len(unit.taken)
    nodes = unit.tables.block_nodes[block]
    for node in nodes[left[nodes]].tolist():
        if not unit.missing:
            break
        if unit.take(node):
            left[node] = False
    return len(unit.taken) - before


def _take_by_fit(unit: UnitChoice, left: Pool) -> None:
    """Untouched base blocks one after another, in the lexicographic order of 3.1.4(3)."""
    first = unit.blocks[0]
    counts = unit.tables.capped(
        unit.tables.counts(left, unit.blocks), left, unit.mode3, unit.blocks[0]
    )
    blocks = np.arange(first, first + len(unit.blocks))
    lower = blocks // unit.limits.lower_span - first // unit.limits.lower_span
    lower_counts = group_sums(counts, unit.limits.lower_span)[lower]
    is_open = np.array([block not in unit.touched for block in blocks.tolist()])
    is_used = np.isin(blocks // unit.limits.lower_span, list(unit.used_lower))
    large = 2 * int(max(lower_counts.max(), unit.size)) + 1
    while unit.missing:
        keys = _fit(counts, unit.missing, large)
        if unit.limits.is_limited:
            keys = keys + large * (_fit(lower_counts, unit.missing, large) + large * is_used)
        keys = np.where(is_open, keys, -1)
        best = len(keys) - 1 - int(np.argmax(keys[::-1]))
        if keys[best] < 0:
            return
        if unit.limits.is_limited and not is_used[best]:
            if len(unit.used_lower) >= unit.limits.max_lower:
                return
            unit.used_lower.add(unit.lower_of(first + best))
            is_used |= lower == lower[best]
        is_open[best] = False
        unit.touched.add(first + best)
        if not _take_from_block(unit, first + best, left):
            return


def _fit(counts: Counts, missing: int, large: int) -> Counts:
    """Higher is better: the smallest sufficient count, otherwise the largest."""
    result: Counts = np.where(counts >= missing, large - 1 - counts, counts)
    return result
