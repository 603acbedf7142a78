"""topology/torus3d: cells in a wrapping grid; a unit is one anchor of a configured placement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd


@dataclass(frozen=True, slots=True)
class TorusPlacement:
    """A configured shape: its dimensions, and seed and spacing of its anchors per axis.

    `spacing` is resolved: an omitted or zero entry already equals the dimension.
    """

    dims: tuple[int, int, int]
    spacing: tuple[int, int, int]
    seed: tuple[int, int, int] = (0, 0, 0)

    @property
    def volume(self) -> int:
        """Nodes of the shape."""
        return self.dims[0] * self.dims[1] * self.dims[2]


@dataclass(frozen=True)
class Torus:
    """One torus.

    Attributes
    ----------
    name
        Its name.
    dims
        Length of the x, y and z axis.
    cells
        Node index per cell, x fastest; -1 for an empty cell.
    placements
        In configuration order.
    """

    name: str
    dims: tuple[int, int, int]
    cells: tuple[int, ...]
    placements: tuple[TorusPlacement, ...]

    @cached_property
    def sorted_placements(self) -> tuple[TorusPlacement, ...]:
        """Placements by volume, configuration order within equal volume (3.3)."""
        return tuple(sorted(self.placements, key=lambda placement: placement.volume))

    def anchors(self, placement: TorusPlacement) -> tuple[tuple[int, ...], ...]:
        """Cell tuples (linear cell indices) of every anchor, x outermost, z innermost (1.4).

        Each axis is walked in orbit order of the seed under "+spacing mod length".
        """
        orbits = [
            [
                (placement.seed[axis] + step * placement.spacing[axis]) % self.dims[axis]
                for step in range(self.dims[axis] // gcd(self.dims[axis], placement.spacing[axis]))
            ]
            for axis in range(3)
        ]
        return tuple(
            self._box(placement.dims, x, y, z)
            for x in orbits[0]
            for y in orbits[1]
            for z in orbits[2]
        )

    def usable_anchors(self, placement: TorusPlacement) -> tuple[tuple[int, ...], ...]:
        """Node indices of every anchor that has a node of its own in each cell (1.4)."""
        if placement not in self._usable:
            boxes = (tuple(self.cells[cell] for cell in box) for box in self.anchors(placement))
            self._usable[placement] = tuple(
                box for box in boxes if -1 not in box and len(set(box)) == len(box)
            )
        return self._usable[placement]

    @cached_property
    def _usable(self) -> dict[TorusPlacement, tuple[tuple[int, ...], ...]]:
        return {}

    @cached_property
    def anchor_sets(self) -> frozenset[frozenset[int]]:
        """Node sets of the usable anchors of all placements."""
        return frozenset(
            frozenset(box)
            for placement in self.placements
            for box in self.usable_anchors(placement)
        )

    def _box(self, dims: tuple[int, int, int], x: int, y: int, z: int) -> tuple[int, ...]:
        length_x, length_y, length_z = self.dims
        return tuple(
            (x + dx) % length_x
            + length_x * ((y + dy) % length_y)
            + length_x * length_y * ((z + dz) % length_z)
            for dz in range(dims[2])
            for dy in range(dims[1])
            for dx in range(dims[0])
        )


@dataclass(frozen=True)
class TorusTopology:
    """Toruses in configuration order."""

    name: str
    toruses: tuple[Torus, ...]

    kind = "torus3d"

    @cached_property
    def torus_of(self) -> dict[int, int]:
        """Node index to torus index."""
        return {
            node: index
            for index, torus in enumerate(self.toruses)
            for node in torus.cells
            if node >= 0
        }

    @cached_property
    def placeable_nodes(self) -> frozenset[int]:
        """Nodes of the toruses with placements; only these draw jobs to the topology (0.4)."""
        return frozenset(
            node for torus in self.toruses if torus.placements for node in torus.cells if node >= 0
        )
