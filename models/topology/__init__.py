"""The five kinds of topology, and the hierarchy that all of them span."""

from __future__ import annotations

from .block import Block, BlockTopology, UnitLimits
from .flat import FlatTopology
from .ring import Ring, RingTopology
from .torus import Torus, TorusPlacement, TorusTopology
from .tree import Switch, TreeTopology
from .unit import unit_owner

Topology = BlockTopology | RingTopology | TorusTopology | TreeTopology | FlatTopology

__all__ = [
    "Block",
    "BlockTopology",
    "FlatTopology",
    "Ring",
    "RingTopology",
    "Switch",
    "Topology",
    "Torus",
    "TorusPlacement",
    "TorusTopology",
    "TreeTopology",
    "UnitLimits",
    "unit_owner",
]
