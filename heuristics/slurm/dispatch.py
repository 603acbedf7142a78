"""Which algorithm plans a job (slurm_semantics 0.3, 0.4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from ...models.cluster import Cluster
from ...models.topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology
from .attempt import Counts, Pool, Refusal, Request, Segments, Select
from .block import select_block
from .block_counts import BlockTables, group_sums
from .dragonfly import select_dragonfly
from .feeding import cannot_be_fed
from .flat import select_flat
from .retry import retry
from .ring import select_ring
from .single_node import select_single_node
from .torus3d import TorusTables, select_torus
from .tree import select_tree
from .tree_tables import TreeTables


class Selector:
    """Slurm's choice of nodes on one topology of a cluster."""

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        self.topology = topology
        self.weights: Counts = np.array([node.weight for node in cluster.nodes], dtype=np.int64)
        self._blocks: BlockTables | None = None
        self._algorithm = self._own_algorithm()

    def select(self, pool: Pool, request: Request) -> Segments | Refusal:
        """Nodes for `request` among the candidates `pool`, by segment."""
        algorithm = self._algorithm_for(pool, request)
        if request.mode3 is None:
            return retry(algorithm, pool, request)
        order = partial(request.mode3.removal_order, pool)
        hopeless = None
        if algorithm is self._algorithm and self._blocks is not None:
            hopeless = partial(cannot_be_fed, self._blocks, pool, request)
        return retry(algorithm, pool, request, order, hopeless)

    def may_select(self, pool: Pool, request: Request) -> bool:
        """False when `select` must refuse: too few candidates, or too few in any one block.

        Far cheaper than an attempt; backfill asks for every moment at which a job ends.
        """
        if np.count_nonzero(pool) < request.min_nodes:
            return False
        if self._blocks is None or request.max_nodes == 1 or not (pool & self.is_member).any():
            return True
        size, units = request.units.size, request.units.count
        limits = self._blocks.topology.unit_limits(size)
        in_regions = group_sums(self._blocks.counts(pool), limits.region_span)
        return int((in_regions // size).sum()) >= units

    def leaves_topology(self, nodes: Sequence[int]) -> bool:
        """Whether several nodes were chosen outside every block, ring or torus (0.4)."""
        if self.topology.kind in ("tree", "flat"):
            return False
        if len(nodes) == 1 and self.topology.kind != "torus3d":
            return False
        return not self.is_member[list(nodes)].all()

    def _algorithm_for(self, pool: Pool, request: Request) -> Select:
        kind = self.topology.kind
        if request.max_nodes == 1 and kind != "torus3d":
            return partial(select_single_node, weights=self.weights)
        if kind == "tree":
            is_own = not request.contiguous
        else:
            is_own = kind != "flat" and bool((pool & self.is_member).any())
        return self._algorithm if is_own else partial(select_flat, weights=self.weights)

    @cached_property
    def is_member(self) -> Pool:
        """Nodes that belong to a block, a ring, or a torus with placements (0.4)."""
        nodes: set[int] = set()
        if isinstance(self.topology, BlockTopology):
            nodes = set(self.topology.block_of)
        elif isinstance(self.topology, RingTopology):
            nodes = set(self.topology.ring_of)
        elif isinstance(self.topology, TorusTopology):
            nodes = {node for torus in TorusTables(self.topology).members for node in torus}
        flags = np.zeros(len(self.weights), dtype=np.bool_)
        flags[sorted(nodes)] = True
        return flags

    def _own_algorithm(self) -> Select:
        if isinstance(self.topology, BlockTopology):
            tables = self._blocks = BlockTables(self.topology)
            return partial(select_block, tables, self.is_member, weights=self.weights)
        if isinstance(self.topology, RingTopology):
            return partial(select_ring, self.topology, self.is_member, weights=self.weights)
        if isinstance(self.topology, TorusTopology):
            shapes = TorusTables(self.topology)
            return partial(select_torus, shapes, self.is_member, weights=self.weights)
        if isinstance(self.topology, TreeTopology):
            below = TreeTables(self.topology)
            select = select_dragonfly if self.topology.is_dragonfly else select_tree
            return partial(select, below, weights=self.weights)
        return partial(select_flat, weights=self.weights)
