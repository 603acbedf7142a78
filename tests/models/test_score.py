"""Score terms and usable capacity, by hand-computed examples."""

from __future__ import annotations

import pytest
from tiny import blocks, instance, place, plan, rings, running, topo, torus, tree

from rackwright.models.capacity import base_size, fits
from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.plan import Objective, Plan, PlanOptions
from rackwright.models.resources import INFINITE, Layer, Mode, Resource
from rackwright.models.rules import layer_usage
from rackwright.models.score import capacity_mix, is_better, nodes_left, score
from rackwright.models.topology import FlatTopology, Topology

FLAT = FlatTopology("default")
P8 = blocks([4] * 8, base=4, levels=(0, 1, 2, 3))
# State F of slurm_semantics 3.1.6, from 0: free per block 1, 3, 2, 4, 3, 4, 4, 3.
BUSY_F = frozenset({0, 1, 2, 5, 8, 9, 16, 29})


def left_over(topology: Topology, taken: frozenset[int], size: int, num_nodes: int) -> int:
    state = instance(topology, num_nodes=num_nodes)
    return fits(state, frozenset(range(num_nodes)) - taken, topology, size)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, 24),
        # Per block: 0+1+1+2+1+2+2+1.
        (2, 10),
        (3, 6),
        (4, 3),
        # Pairs hold 4, 6, 7, 7.
        (5, 3),
        (7, 2),
        (8, 0),
        # Quads hold 10 and 14.
        (9, 2),
        (12, 1),
        # All hold 24.
        (17, 1),
        (24, 1),
        (25, 0),
    ],
)
def test_block_fits(size: int, expected: int) -> None:
    assert left_over(P8, BUSY_F, size, 32) == expected


def test_block_fits_beyond_the_largest_level() -> None:
    # G1: 7 blocks, pairs, whole topology with M = 4 of 4 pairs; the trailing pair has one block.
    seven = blocks([4] * 7, base=4, levels=(0, 1))
    assert left_over(seven, frozenset(), 28, 28) == 1
    # 12 nodes touch at most two pairs: with 3 free in each block, 6 + 6.
    thinned = frozenset(range(0, 28, 4))
    assert left_over(seven, thinned, 12, 28) == 1
    # 13 nodes may touch no more; 17 nodes may touch three pairs, 6 + 6 + 6.
    assert left_over(seven, thinned, 13, 28) == 0
    assert left_over(seven, thinned, 17, 28) == 1


def test_block_fits_limited_by_lower_level_blocks() -> None:
    # Row 14 of 3.1.6: 16 nodes in at most four base blocks, which hold 4+4+4+3.
    gap = blocks([4] * 8, base=4, levels=(0, 3))
    assert left_over(gap, BUSY_F, 16, 32) == 0
    assert left_over(gap, BUSY_F, 15, 32) == 1


def test_ring_fits_count_arcs() -> None:
    # Free 1-4 and 6-7 of ring r0 and all of r1: runs 4, 2 and 3.
    topology = rings(8, 3)
    taken = frozenset({0, 5})
    assert left_over(topology, taken, 2, 11) == 2 + 1 + 1
    assert left_over(topology, taken, 3, 11) == 1 + 0 + 1
    # Free 0-1 and 6-7 form one run over the end.
    assert left_over(rings(8), frozenset({2, 3, 4, 5}), 4, 8) == 1


def test_torus_fits_count_free_anchors() -> None:
    topology = torus((4, 4, 2), (2, 2, 1), (2, 2, 2))
    assert left_over(topology, frozenset(), 4, 32) == 8
    assert left_over(topology, frozenset({0}), 4, 32) == 7
    assert left_over(topology, frozenset({0}), 8, 32) == 3
    assert left_over(topology, frozenset(), 5, 32) == 0


def test_tree_fits() -> None:
    topology = tree(4, 3, 3, trunks=[[0, 1], [2], [3, 4]])
    assert base_size(topology) == 4
    assert left_over(topology, frozenset(), 2, 10) == 2 + 1 + 1
    # 5 nodes: trunk t0 has 7 members, t1 only 3; t0 keeps 6 of them.
    assert left_over(topology, frozenset({0}), 5, 10) == 1
    assert left_over(topology, frozenset({0, 1, 2}), 5, 10) == 0
    # 8 nodes: only the root.
    assert left_over(topology, frozenset({0}), 8, 10) == 1
    assert left_over(topology, frozenset(), 11, 10) == 0


def test_flat_fits() -> None:
    assert left_over(FLAT, frozenset({3}), 2, 8) == 3


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        (Objective.PRIORITY, "101"),
        (Objective.WEIGHTED, 2 * 5 + 3 * 1),
        (Objective.THROUGHPUT, 5),
        (Objective.JOBS, 2),
    ],
)
def test_first_term(objective: Objective, value: int | str) -> None:
    state = instance(FLAT, Job("1", 2, priority=5), Job("2", 4), Job("3", 3), num_nodes=8)
    chosen = plan(place("3", [2, 3, 4]), place("1", [0, 1]))
    first = score(state, chosen, PlanOptions(objective=objective))[0]
    assert (first.term, first.value) == (objective.value, value)


def test_terms_and_their_order() -> None:
    state = instance(P8, Job("1", 6), Job("2", 2), num_nodes=32)
    chosen = plan(place("1", [0, 1, 2, 3, 4, 5]), place("2", [8, 9]))
    terms = score(state, chosen, PlanOptions(locality=True, balance_power=True))
    assert [(term.term, term.value, term.is_minimised) for term in terms] == [
        ("priority", "11", False),
        ("power_balance", 10_000, False),
        # Mix 6:1, 2:1. Left per block 0, 2, 2, 4, 4, 4, 4, 4. Pairs 2, 6, 8, 8: three sixes;
        # twos 0+1+1+2*5.
        ("usable_capacity", 6 * 3 + 2 * 12, False),
        ("blocks_touched", 3, True),
        # Pairs: one for job 1, one for job 2.
        ("locality", 2, True),
    ]


def test_mix_of_the_queue_weighs_segments() -> None:
    state = instance(P8, Job("1", 8, segment=2), Job("2", 2), Job("3", 6), num_nodes=32)
    assert capacity_mix(state, PlanOptions()) == ((2, 5), (6, 1))
    assert capacity_mix(state, PlanOptions(mix=((3, 7),))) == ((3, 7),)


@pytest.mark.parametrize(
    ("topology", "size"),
    [(P8, 4), (rings(3, 5), 5), (torus((4, 1, 1), (2, 1, 1)), 2), (FLAT, 1)],
)
def test_mix_of_an_empty_queue_is_the_base_size(topology: Topology, size: int) -> None:
    assert capacity_mix(instance(topology, num_nodes=32), PlanOptions()) == ((size, 1),)


def test_exclusive_units_are_not_left() -> None:
    state = instance(
        P8,
        topo("1", 2),
        num_nodes=32,
        running=(running(4, exclusive=True), running(8)),
        blocked=frozenset({12}),
    )
    left = nodes_left(state, plan(place("1", [0, 1])), P8, Legality.DOCUMENTED)
    # Blocks 0 (planned), 1 (running), 3 (BLOCKED) are closed; node 8 is busy.
    assert left == frozenset(range(32)) - frozenset(range(8)) - {8} - frozenset(range(12, 16))


def test_nodes_outside_blocks_touch_none() -> None:
    state = instance(P8, Job("1", 1), num_nodes=33)
    terms = score(state, plan(place("1", [32])), PlanOptions(locality=True))
    assert {term.term: term.value for term in terms}["blocks_touched"] == 0
    assert {term.term: term.value for term in terms}["locality"] == 0


def test_tree_locality_counts_switches_above_the_leaves() -> None:
    state = instance(tree(2, 2, 2, 2, trunks=[[0, 1], [2, 3], [4, 5]]), Job("1", 5), num_nodes=8)
    terms = score(state, plan(place("1", [0, 1, 2, 3, 4])), PlanOptions(locality=True))
    assert [term.value for term in terms][-2:] == [3, 2]


def test_power_balance_is_the_smallest_headroom() -> None:
    watts = Resource(
        "w",
        Mode.MODE_3,
        (
            Layer(frozenset(range(4)), 30),
            Layer(frozenset(range(8)), INFINITE),
            Layer(frozenset({7}), 0),
        ),
        unit="W",
        idle_w=1,
    )
    licences = Resource("m3", Mode.MODE_3, (Layer(frozenset(range(8)), 12, base=2),))
    job = Job("1", 2, power_w=9, licenses=(("m3", 3),))
    state = instance(
        FLAT, job, num_nodes=8, resources=(watts, licences), used={"w": (2, 0, 0), "m3": (1,)}
    )
    chosen = plan(place("1", [0, 1]))
    usage = layer_usage(state, chosen, Legality.DOCUMENTED)
    # Two idle nodes and two jobs' nodes beside 2 W in use; 2 nodes x 3 licences beside 1.
    assert usage == {"w": [2 + 2 + 18, 6 + 18, 1], "m3": [7]}
    balance = score(state, chosen, PlanOptions(balance_power=True))[1]
    # 8 of 30 W and 3 of 10 licences are left.
    assert balance.value == min(10_000 * 8 // 30, 10_000 * 3 // 10)


def test_mode_1_and_2_usage() -> None:
    layers = (Layer(frozenset(range(4)), 2), Layer(frozenset(range(2, 8)), 9))
    first = Resource("m1", Mode.MODE_1, layers)
    second = Resource("m2", Mode.MODE_2, layers)
    job = Job("1", 2, licenses=(("m1", 2), ("m2", 2)))
    state = instance(FLAT, job, num_nodes=8, resources=(first, second), used={"m1": (1, 0)})
    usage = layer_usage(state, plan(place("1", [2, 3])), Legality.SLURM_26_11)
    assert usage == {"m1": [1, 2], "m2": [2, 2]}


def test_blocks_of_several_topologies_count_apart() -> None:
    nodes = tuple(Node(f"n{index}") for index in range(8))
    one, other = blocks([4, 4], base=4), FlatTopology("flat")
    everything = frozenset(range(8))
    partitions = (Partition("p", everything, "default"), Partition("f", everything, "flat"))
    cluster = Cluster(nodes, (one, other), partitions)
    state = Instance(cluster, (Job("1", 2, partitions=("f",)), Job("2", 2, partitions=("p",))))
    chosen = plan(place("1", [0, 4], partition="f"), place("2", [1, 2], partition="p"))
    terms = score(state, chosen, PlanOptions())
    # Left: 3 in the first block, 5-7 in the second. Size 2 twice in the mix, on both topologies.
    assert [term.value for term in terms] == ["11", 2 * 2 * (0 + 1) + 2 * 2 * 2, 1]


def test_is_better_is_lexicographic() -> None:
    state = instance(P8, Job("1", 4), num_nodes=32)
    nothing = score(state, Plan(), PlanOptions())
    one_block = score(state, plan(place("1", [0, 1, 2, 3])), PlanOptions())
    assert is_better(one_block, nothing)
    assert not is_better(nothing, one_block)
    assert not is_better(nothing, nothing)
