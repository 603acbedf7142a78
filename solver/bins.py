"""Bins, cells and lanes: the symmetry reduction (design.md section 5).

* A **bin** holds small units: a base block, a maximal free arc of a ring, a leaf switch, a torus,
  or all nodes outside of any. Its *site* is the topology unit it lies in.
* A **cell** is a set of nodes of a bin that nothing distinguishes: same bin in every topology,
  same jobs that may use them, same layers. Only the number taken from a cell matters.
* A **lane** is a set of one-cell bins that nothing distinguishes but their free count and what one
  resource may still charge them. Its bins share an arc flow; every other bin is a lane of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ..models.instance import Instance
from ..models.topology import (
    BlockTopology,
    FlatTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)
from .headroom import UNCAPPED, Cap, State

OUTSIDE = -1

Signature = Hashable


class Bin(NamedTuple):
    """One bin of one topology; a tuple, as there are thousands.

    Attributes
    ----------
    topology_index
        Its topology.
    site
        Index of its base block, ring, leaf switch or torus; OUTSIDE for nodes in none.
    nodes
        Usable nodes, ascending (by position for an arc of a ring).
    is_job_free
        Whether no running job has a node in its site.
    headroom
        What its nodes may still be charged, counted by the cap of its lane; 0 without a cap.
    """

    topology_index: int
    site: int
    nodes: tuple[int, ...]
    is_job_free: bool
    headroom: int = 0

    @property
    def free(self) -> int:
        """Usable nodes."""
        return len(self.nodes)

    @property
    def state(self) -> State:
        """Where it enters the flow of its lane."""
        return self.free, self.headroom


@dataclass
class Lane:
    """Interchangeable bins, or one bin alone.

    Attributes
    ----------
    bins
        Its bins; all of one cell if there are several.
    cells
        Signature to nodes; of several bins, the one shared signature and a sample of its nodes.
    is_windowed
        Whether positions matter, so that every cell is one node.
    cap
        What each of several bins may be charged; layers over a single bin are constraints.
    """

    index: int
    topology_index: int
    bins: list[Bin]
    cells: dict[Signature, tuple[int, ...]] = field(default_factory=dict)
    is_windowed: bool = False
    cap: Cap = UNCAPPED

    @property
    def is_single(self) -> bool:
        """Whether the lane is one bin."""
        return len(self.bins) == 1

    @cached_property
    def free_counts(self) -> Counter[int]:
        """Number of bins per free count."""
        return Counter(bin_.free for bin_ in self.bins)

    @cached_property
    def states(self) -> Counter[State]:
        """Number of bins per free count and headroom."""
        return Counter(bin_.state for bin_ in self.bins)

    @cached_property
    def free(self) -> int:
        """Usable nodes of all its bins."""
        return sum(free * number for free, number in self.free_counts.items())

    @property
    def site(self) -> int:
        """Site of its first bin: exact for a single bin, enough to find its region otherwise."""
        return self.bins[0].site

    @property
    def largest(self) -> int:
        """Usable nodes of its largest bin."""
        return max(self.free_counts)


def bins_of(
    instance: Instance,
    topology: Topology,
    index: int,
    usable: frozenset[int],
    outside: frozenset[int],
) -> list[Bin]:
    """All non-empty bins of `topology`.

    Parameters
    ----------
    usable
        Nodes that are free and in no held unit.
    outside
        Nodes that some job may use although they belong to no unit of the topology.

    Notes
    -----
    Linear in the nodes of the topology.
    """
    busy = instance.occupied
    bins: list[Bin] = []
    covered: set[int] = set()
    for site, members in _sites(topology):
        nodes = list(filter(usable.__contains__, members))
        if not covered.isdisjoint(nodes):
            nodes = [node for node in nodes if node not in covered]
        if not nodes:
            continue
        covered.update(nodes)
        job_free = busy.isdisjoint(members)
        arcs = [nodes]
        if isinstance(topology, RingTopology):
            arcs = topology.rings[site].arcs(usable)
        bins += [Bin(index, site, tuple(arc), job_free) for arc in arcs]
    elsewhere = tuple(sorted((outside & usable) - covered))
    if elsewhere:
        bins.append(Bin(index, OUTSIDE, elsewhere, True))
    return bins


def _sites(topology: Topology) -> Iterable[tuple[int, tuple[int, ...]]]:
    if isinstance(topology, BlockTopology):
        return ((site, block.nodes) for site, block in enumerate(topology.blocks))
    if isinstance(topology, RingTopology):
        return ((site, ring.nodes) for site, ring in enumerate(topology.rings))
    if isinstance(topology, TorusTopology):
        return (
            (site, tuple(node for node in torus.cells if node >= 0))
            for site, torus in enumerate(topology.toruses)
        )
    if isinstance(topology, TreeTopology):
        return ((leaf, topology.switches[leaf].nodes) for leaf in topology.leaves)
    assert isinstance(topology, FlatTopology)
    return ()
