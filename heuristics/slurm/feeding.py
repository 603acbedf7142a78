"""When no retry can help a job that MODE_3 layers are too poor for (5.4).

Slurm gives up one node per attempt; on a hall of 55,000 nodes a hopeless job takes it seconds.
The bound here is only ever used to leave out attempts that must fail.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from .attempt import Pool, Request, indices
from .block_counts import BlockTables, group_sums


def cannot_be_fed(tables: BlockTables, pool: Pool, request: Request) -> bool:
    """Whether the layers feed too few units of the job, whichever nodes are given up."""
    mode3 = request.mode3
    if mode3 is None:
        return False
    attempt = mode3.attempt()
    available: Counter[tuple[int, int]] = Counter()
    fed: dict[tuple[int, int], int] = {}
    for node in indices(pool):
        block = tables.topology.block_of.get(node, -1)
        if block >= 0:
            key = (block, attempt.leaf_of(node))
            available[key] += 1
            if key not in fed:
                fed[key] = attempt.leaf_capacity(node)
    by_block = np.zeros(tables.num_blocks, dtype=np.int64)
    for (block, leaf), count in available.items():
        by_block[block] += min(count, fed[block, leaf])
    limits = tables.topology.unit_limits(request.units.size)
    by_region = group_sums(by_block, limits.region_span)
    return int((by_region // request.units.size).sum()) < request.units.count
