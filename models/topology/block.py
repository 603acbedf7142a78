"""topology/block: base blocks in file order and their power-of-two aggregates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Block:
    """A base block (one NVLink domain).

    Attributes
    ----------
    name
        BlockName.
    nodes
        Node indices, ascending; empty for a phantom block that only holds a position.
    """

    name: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitLimits:
    """Where one unit of some size may go (slurm_semantics 3.1.1).

    Attributes
    ----------
    region_span
        Base blocks of one region (level-L block); regions are aligned at its multiples.
    is_top
        Whether the unit exceeds the largest enabled level: the whole topology is its region.
    lower_span
        Base blocks of one lower-level block (llblock).
    max_lower
        M, the most lower-level blocks a unit may touch.
    is_limited
        Whether M binds at all (2^L != M * 2^l).
    """

    region_span: int
    is_top: bool
    lower_span: int
    max_lower: int
    is_limited: bool


@dataclass(frozen=True)
class BlockTopology:
    """Base blocks in configuration order; level-l block j is blocks j*2^l .. (j+1)*2^l-1.

    Attributes
    ----------
    name
        Name of the topology (``default`` for topology.conf).
    base_size
        First BlockSizes value: nominal nodes of a base block.
    levels
        Enabled levels as exponents of two, ascending; 0 is always enabled.
    blocks
        All base blocks, phantom ones included: position is adjacency.
    """

    name: str
    base_size: int
    levels: tuple[int, ...]
    blocks: tuple[Block, ...]

    kind = "block"

    @cached_property
    def block_of(self) -> dict[int, int]:
        """Node index to base block index; the first block wins for a node listed twice."""
        owner: dict[int, int] = {}
        for index in reversed(range(len(self.blocks))):
            owner.update(dict.fromkeys(self.blocks[index].nodes, index))
        return owner

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Nominal sizes of all enabled levels, ascending, in nodes."""
        return tuple(self.base_size << level for level in self.levels)

    def level_for(self, num_nodes: int) -> int | None:
        """Smallest enabled level of a size for `num_nodes`; None means the whole topology."""
        raw = _log2_ceil(-(-num_nodes // self.base_size))
        return next((level for level in self.levels if level >= raw), None)

    def unit_limits(self, unit_size: int) -> UnitLimits:
        """The region and the lower-level block limit of a unit of `unit_size` nodes (3.1.1)."""
        num_blocks = len(self.blocks)
        raw = _log2_ceil(-(-unit_size // self.base_size))
        level = next((level for level in self.levels if level >= raw), None)
        lower = max((level for level in self.levels if level <= raw - 1), default=0) if raw else 0
        lower_span = 1 << lower
        max_lower = -(-unit_size // (self.base_size * lower_span))
        region_span = num_blocks if level is None else 1 << level
        return UnitLimits(
            region_span=max(region_span, 1),
            is_top=level is None,
            lower_span=lower_span,
            max_lower=max_lower,
            is_limited=region_span != max_lower * lower_span,
        )

    def consolidate_span(self, num_units: int, unit_size: int, spreads: bool) -> int:
        """Base blocks of the aggregated block that must hold all segments of a job (3.1.5)."""
        total = num_units * unit_size
        if spreads:
            total = num_units * self.base_size * -(-unit_size // self.base_size)
        level = self.level_for(total)
        return max(len(self.blocks), 1) if level is None else 1 << level


def _log2_ceil(value: int) -> int:
    """Ceiling of the binary logarithm of a positive integer."""
    return max(value - 1, 0).bit_length()
