"""topology/ring: a unit is a contiguous arc of one ring (slurm_semantics 3.2)."""

from __future__ import annotations

from collections.abc import Collection

from ..topology import Ring, RingTopology
from .start import Start


def _ruling(start: Start) -> RingTopology | None:
    """The ring topology that binds the start, if one does."""
    topology = start.topology
    return topology if isinstance(topology, RingTopology) and start.is_ruled else None


def is_arc(ring: Ring, nodes: Collection[int]) -> bool:
    """Whether `nodes` occupy consecutive positions of `ring`, wrapping at its end."""
    wanted = frozenset(nodes)
    taken = [node in wanted for node in ring.nodes]
    # A proper arc ends once; a full ring never does.
    ends = sum(taken[i] and not taken[(i + 1) % len(taken)] for i in range(len(taken)))
    return sum(taken) == len(wanted) and ends <= 1


def ring_arc(start: Start) -> str | None:
    """Every unit is one contiguous arc, with wrap, of one ring."""
    topology = _ruling(start)
    if topology is None:
        return None
    for unit in start.placement.segments:
        rings = {topology.ring_of.get(node) for node in unit}
        index = next(iter(rings), None)
        if len(rings) != 1 or index is None:
            return f"a unit of {len(unit)} nodes does not lie in one ring"
        if not is_arc(topology.rings[index], unit):
            return f"a unit of {len(unit)} nodes is no arc of ring {topology.rings[index].name}"
    return None


def one_segment_per_ring(start: Start) -> str | None:
    """26.11 gives every segment of a job a ring of its own; undocumented (3.2)."""
    topology = _ruling(start)
    if topology is None:
        return None
    used: set[int] = set()
    for unit in start.placement.segments:
        rings = {topology.ring_of[node] for node in unit if node in topology.ring_of}
        if rings & used:
            return "two of its segments share a ring"
        used |= rings
    return None
