"""Which unit of its topology a node lies in: base block, ring, torus or leaf switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .block import BlockTopology
from .ring import RingTopology
from .torus import TorusTopology
from .tree import TreeTopology

if TYPE_CHECKING:
    from . import Topology


def unit_owner(topology: Topology) -> Mapping[int, int]:
    """Node index to the index of its base block, ring, torus or leaf switch; empty on flat.

    It is the unit that an exclusive job closes, too (slurm_semantics section 7).
    """
    match topology:
        case BlockTopology():
            return topology.block_of
        case RingTopology():
            return topology.ring_of
        case TorusTopology():
            return topology.torus_of
        case TreeTopology():
            return topology.leaf_of
        case _:
            return {}
