"""A topology as a file describes it: names and places, before nodes have indices."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Problem
from ..topology import TorusPlacement

KINDS = ("block", "flat", "ring", "torus3d", "tree")


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A block, ring or switch.

    Attributes
    ----------
    name
        BlockName, RingName or SwitchName.
    nodes
        Node names in the order written; the order is the position on a ring.
    place
        Where it stands in the file.
    children
        Names of child switches.
    """

    name: str
    nodes: tuple[str, ...]
    place: str
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TorusSpec:
    """A torus; `cells` holds a node name per cell, x fastest, empty for a cell without one."""

    name: str
    dims: tuple[int, int, int]
    cells: tuple[str, ...]
    placements: tuple[TorusPlacement, ...]
    place: str


@dataclass(frozen=True, slots=True)
class TopologySpec:
    """One topology.

    Attributes
    ----------
    name
        ``default`` for topology.conf and for ``scontrol show topology``.
    kind
        One of `KINDS`.
    place
        Where it stands in the file.
    block_sizes
        As written; empty when left out, which means Slurm's default (1.2).
    groups
        Blocks, rings or switches in file order.
    toruses
        Toruses in file order.
    sizes_place
        Where the block sizes stand.
    """

    name: str
    kind: str
    place: str
    block_sizes: tuple[int, ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    toruses: tuple[TorusSpec, ...] = ()
    sizes_place: str = ""

    @property
    def node_names(self) -> list[str]:
        """Every node name it mentions, duplicates included, in file order."""
        names = [name for group in self.groups for name in group.nodes]
        names += [name for torus in self.toruses for name in torus.cells if name]
        return names


@dataclass(frozen=True, slots=True)
class TopologyFile:
    """What a topology file says.

    Attributes
    ----------
    source
        The file.
    specs
        Its topologies, the cluster's default first; never empty.
    is_live
        Whether it is the output of ``scontrol show topology`` rather than a configuration.
    warnings
        What Slurm accepts although it is unlikely to be meant.
    """

    source: str
    specs: tuple[TopologySpec, ...]
    is_live: bool = False
    warnings: tuple[Problem, ...] = ()
