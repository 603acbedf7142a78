"""hilbert: the free shape that is shortest along a Hilbert curve; by description.

Historic Slurm ranked 3-D coordinates along a Hilbert curve (J. Skilling, 2004) and took a tight
window of the ranking; RFold's reproduction takes the one of smallest index range. Only configured
anchors are legal here, so the window is the anchor of smallest range (peers.md C.10).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...models.plan import PlanOptions
from ...models.topology import Torus, TorusTopology
from ..placing.attempt import Attempt
from ..state import State
from .by_rule import ByRule
from .driver import placer
from .rule import Anchor, Rule


class _Hilbert(Rule):
    def __init__(self) -> None:
        self._ranks: dict[tuple[str, int], list[int]] = {}

    def anchors(self, attempt: Attempt, anchors: Sequence[Anchor], size: int) -> Sequence[Anchor]:
        topology = attempt.view.topology
        assert isinstance(topology, TorusTopology)

        def span(anchor: Anchor) -> tuple[int, int]:
            key = (topology.name, anchor.torus)
            if key not in self._ranks:
                self._ranks[key] = hilbert_ranks(topology.toruses[anchor.torus])
            cells = (bit for bit in range(anchor.mask.bit_length()) if anchor.mask >> bit & 1)
            ranks = [self._ranks[key][cell] for cell in cells]
            return max(ranks) - min(ranks), min(ranks)

        return sorted(anchors, key=span)


def hilbert_ranks(torus: Torus) -> list[int]:
    """Position of every cell along the Hilbert curve through the cube around the torus."""
    bits = max(1, (max(torus.dims) - 1).bit_length())
    length_x, length_y, length_z = torus.dims
    return [
        hilbert_index((x, y, z), bits)
        for z in range(length_z)
        for y in range(length_y)
        for x in range(length_x)
    ]


def hilbert_index(point: tuple[int, int, int], bits: int) -> int:
    """Index of a point on the 3-D Hilbert curve with `bits` bits per axis.

    Skilling's transform: undo the excess work of every level from the top, then Gray-decode and
    interleave.
    """
    axes = list(point)
    level = 1 << (bits - 1)
    while level > 1:
        low = level - 1
        for axis in range(3):
            if axes[axis] & level:
                axes[0] ^= low
            else:
                swap = (axes[0] ^ axes[axis]) & low
                axes[0] ^= swap
                axes[axis] ^= swap
        level >>= 1
    for axis in (1, 2):
        axes[axis] ^= axes[axis - 1]
    flip = 0
    level = 1 << (bits - 1)
    while level > 1:
        if axes[2] & level:
            flip ^= level - 1
        level >>= 1
    axes = [axis ^ flip for axis in axes]
    index = 0
    for bit in reversed(range(bits)):
        for axis in axes:
            index = index << 1 | (axis >> bit & 1)
    return index


def _build(state: State, options: PlanOptions) -> ByRule:
    return ByRule(_Hilbert())


hilbert = placer("hilbert", _build, frozenset({"torus3d"}))
