"""Fewest blocks and lowest level of a start, against every legal placement."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from oracle import _placements
from strategies import random_instance

from rackwright.models.audit.crossing import spread_of
from rackwright.models.audit.history import Allocation
from rackwright.models.audit.scene import Requests, Scene
from rackwright.models.formats.records import Record
from rackwright.models.legality import Legality
from rackwright.models.rules import held_nodes
from rackwright.models.topology import BlockTopology, unit_owner

CASES = 250


@pytest.mark.parametrize("kind", ["block", "tree"])
def test_the_fewest_blocks_and_the_lowest_level(kind: str) -> None:
    rng = Random(f"crossing {kind}")
    judged = needless = 0
    for _ in range(CASES):
        instance = replace(random_instance(rng, kind), blocked=frozenset(), now_s=None)
        for given in instance.jobs:
            partition = instance.partitions_of(given)[0]
            job = replace(given, partitions=(partition.name,), max_nodes=given.num_nodes)
            alone = replace(instance, jobs=(job,))
            ways = [p.nodes for p in _placements(alone, job, Legality.DOCUMENTED)]
            if not ways:
                continue
            topology = alone.cluster.topology_of(partition)
            owner = unit_owner(topology)
            if any(node not in owner for nodes in ways for node in nodes):
                continue
            recorded = max(ways, key=lambda nodes: len({owner[node] for node in nodes}))
            record = Record(job, nodelist="x")
            allocation = Allocation(record, recorded, 0, 0, 60, partition.name, True)
            held = held_nodes(alone, topology, Legality.DOCUMENTED)
            scene = Scene(alone.cluster, alone.free, alone.occupied, held, {})
            request = Requests(alone.cluster, Legality.DOCUMENTED).of(job, partition.name)
            spread = spread_of(allocation, request, scene)
            if spread is None or not spread.is_judged:
                continue
            judged += 1
            counts = [len({owner[node] for node in nodes}) for nodes in ways]
            assert spread.fewest == min(counts), (job, topology, ways)
            needless += spread.is_needless
            if isinstance(topology, BlockTopology) and spread.blocks > 1:
                assert spread.smallest == _lowest(topology, ways)
    assert judged > CASES / 2 and needless > 5


def _lowest(topology: BlockTopology, ways: list[tuple[int, ...]]) -> int:
    """Base blocks of the smallest enabled level at which some placement lies in one block."""
    for level in topology.levels:
        span = 1 << level
        if any(len({topology.block_of[node] // span for node in nodes}) == 1 for nodes in ways):
            return span
    return 0
