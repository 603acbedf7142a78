"""Cutting recorded allocations into segments, against all cuts there are."""

from __future__ import annotations

from random import Random

import pytest
from oracle import cuts
from strategies import random_instance
from tiny import blocks, instance, rings, torus

from rackwright.models.cluster import Cluster
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.plan import Placement, Plan
from rackwright.models.rules import find_segments, verify

CUT_RULES = {
    "segment",
    "block_region",
    "lower_level_blocks",
    "outside_blocks",
    "spread_segments",
    "ring_arc",
    "one_segment_per_ring",
    "torus_anchor",
}


def exists(state: Instance, job: Job, nodes: tuple[int, ...], legality: Legality) -> bool:
    """Whether some cut breaks none of the rules about single units."""
    partition = state.partitions_of(job)[0]
    for segments in cuts(nodes, state.units(job, partition).count):
        placement = Placement(job.job_id, segments, partition.name)
        broken = {violation.rule for violation in verify(state, Plan((placement,)), legality)}
        if not broken & CUT_RULES:
            return True
    return False


@pytest.mark.parametrize("legality", list(Legality))
@pytest.mark.parametrize("kind", ["block", "ring", "torus3d", "tree"])
def test_agrees_with_trying_every_cut(kind: str, legality: Legality) -> None:
    rng = Random(kind)
    found = 0
    for _ in range(400):
        base = random_instance(rng, kind)
        sizes = [(size, count) for size in (1, 2, 3) for count in (2, 3, 4)]
        size, count = rng.choice([s for s in sizes if s[0] * s[1] <= len(base.cluster.nodes)])
        job = Job("1", size * count, segment=size, spread_segments=rng.random() < 0.4)
        state = Instance(base.cluster, (job,))
        nodes = tuple(sorted(rng.sample(range(len(base.cluster.nodes)), job.num_nodes)))
        partition = state.partitions_of(job)[0]
        segments = find_segments(state, job, partition, nodes, legality)
        assert (segments is not None) == exists(state, job, nodes, legality)
        if segments is not None:
            found += 1
            plan = Plan((Placement("1", segments, partition.name),))
            broken = {violation.rule for violation in verify(state, plan, legality)}
            assert not broken & CUT_RULES
    # The test means something only if it sees both outcomes.
    assert 20 < found


@pytest.mark.parametrize("spread", [False, True])
def test_limited_units_agree_with_trying_every_cut(spread: bool) -> None:
    """Units over several base blocks with a binding lower-level limit, on ragged allocations."""
    rng = Random(5)
    outcomes = set()
    for _ in range(150):
        topology = blocks([3] * 6, base=3, levels=(0, 3))
        job = Job("1", 8, segment=4, spread_segments=spread)
        state = instance(topology, job, num_nodes=18)
        nodes = tuple(sorted(rng.sample(range(18), 8)))
        found = find_segments(state, job, state.cluster.partitions[0], nodes, Legality.DOCUMENTED)
        assert (found is not None) == exists(state, job, nodes, Legality.DOCUMENTED)
        outcomes.add(found is not None)
    assert outcomes == {True, False}


def test_one_unit_is_left_to_verify() -> None:
    state = instance(rings(4), Job("1", 2), num_nodes=4)
    partition = state.cluster.partitions[0]
    assert find_segments(state, state.jobs[0], partition, {2, 0}, Legality.DOCUMENTED) == ((0, 2),)


def test_wrong_number_of_nodes_has_no_cut() -> None:
    state = instance(blocks([4, 4], base=4), Job("1", 4, segment=2), num_nodes=8)
    partition = state.cluster.partitions[0]
    assert find_segments(state, state.jobs[0], partition, {0, 1, 4}, Legality.DOCUMENTED) is None


def test_the_bug_that_nobody_noticed() -> None:
    """Slurm 25.05 placed three segments of 12 as 17 + 17 + 2 (slurm_semantics 8.1, 6)."""
    job = Job("1", 36, segment=12)
    state = instance(blocks([17] * 4, base=17, levels=(0,)), job, num_nodes=68)
    nodes = [*range(17), *range(17, 34), 34, 35]
    partition = state.cluster.partitions[0]
    assert find_segments(state, job, partition, nodes, Legality.DOCUMENTED) is None


def test_large_allocations_are_cut_at_once() -> None:
    """64 segments of 20 nodes over racks of 18: every segment touches two of them."""
    job = Job("1", 64 * 20, segment=20)
    topology = blocks([18] * 256, base=18, levels=(0, 4))
    nodes = tuple(Node(f"n{index}") for index in range(18 * 256))
    state = Instance(Cluster(nodes, (topology,)), (job,))
    chosen = [18 * block + node for block in range(128) for node in range(10)]
    partition = state.cluster.partitions[0]
    segments = find_segments(state, job, partition, chosen, Legality.DOCUMENTED)
    assert segments is not None
    plan = Plan((Placement("1", segments, partition.name),))
    assert verify(state, plan, Legality.DOCUMENTED) == ()


def test_overlapping_torus_anchors_need_a_search() -> None:
    """G8: {8,1}, {2,3}, {4,5} of a torus of eight with shapes of two at every position."""
    topology = torus((8, 1, 1), (2, 1, 1), spacing=(1, 1, 1))
    job = Job("1", 6, segment=2)
    state = instance(topology, job, num_nodes=8)
    partition = state.cluster.partitions[0]
    found = find_segments(state, job, partition, [7, 0, 1, 2, 3, 4], Legality.DOCUMENTED)
    assert found is not None
    assert {frozenset(segment) for segment in found} == {
        frozenset({0, 7}),
        frozenset({1, 2}),
        frozenset({3, 4}),
    }
