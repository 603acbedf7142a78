"""--exclusive=topo, in both directions."""

from __future__ import annotations

from tiny import blocks, instance, place, plan, rings, running, topo, torus, tree

from rackwright.models.cluster import Partition
from rackwright.models.job import Job
from rackwright.models.topology import FlatTopology

from .case import DOCUMENTED, SLURM, Case, pair

B444 = blocks([4, 4, 4], base=4, levels=(0, 1))
TREE = tree(4, 4, trunks=[[0, 1]])
EXCLUSIVE = (Partition("default", frozenset(range(12)), is_exclusive_topo=True),)

CASES: tuple[Case, ...] = (
    *pair(
        "exclusive_wanted", "a block without a running job",
        instance(B444, topo("1", 2), num_nodes=12, running=(running(0),)),
        legal=place("1", [4, 5]), illegal=place("1", [1, 2]),
    ),
    *pair(
        "exclusive_wanted", "drained nodes in the block do not matter, unknown jobs do",
        instance(
            B444, topo("1", 2), num_nodes=12,
            unavailable=frozenset({0}), allocated=frozenset({4}),
        ),
        legal=place("1", [1, 2]), illegal=place("1", [5, 6]),
    ),
    *pair(
        "exclusive_wanted", "nor another planned job, even of one node",
        instance(B444, topo("1", 2), Job("2", 1), num_nodes=12),
        legal=(place("1", [0, 1]), place("2", [4])),
        illegal=(place("1", [0, 1]), place("2", [2])),
    ),
    *pair(
        "exclusive_wanted", "every block that it touches, also with segments",
        instance(B444, topo("1", 4, segment=2), Job("2", 2), num_nodes=12),
        legal=(place("1", [0, 1], [2, 3]), place("2", [4, 5])),
        illegal=(place("1", [0, 1], [4, 5]), place("2", [6, 7])),
    ),
    *pair(
        "exclusive_wanted", "one-node exclusive jobs too",
        instance(B444, topo("1", 1), num_nodes=12, running=(running(0),)),
        legal=place("1", [4]), illegal=place("1", [1]),
    ),
    *pair(
        "exclusive_wanted", "a whole ring",
        instance(rings(4, 4), topo("1", 2), num_nodes=8, running=(running(0),)),
        legal=place("1", [4, 5]), illegal=place("1", [1, 2]),
    ),
    *pair(
        "exclusive_wanted", "an exclusive partition wants it for all its jobs",
        instance(B444, Job("1", 2), num_nodes=12, allocated=frozenset({0}), partitions=EXCLUSIVE),
        legal=place("1", [4, 5]), illegal=place("1", [1, 2]),
    ),
    *pair(
        "exclusive_wanted", "leaf switches, as documented",
        instance(TREE, topo("1", 2), num_nodes=8, running=(running(0),)),
        legal=place("1", [4, 5]), illegal=place("1", [1, 2]), legalities=(DOCUMENTED,),
    ),
    Case(
        "exclusive_wanted", "26.11 ignores it on tree",
        instance(TREE, topo("1", 2), num_nodes=8, running=(running(0),)),
        plan(place("1", [1, 2])), True, (SLURM,),
    ),
    Case(
        "exclusive_wanted", "a whole torus, as documented",
        instance(torus((4, 1, 1), (2, 1, 1)), topo("1", 2), num_nodes=4, running=(running(0),)),
        plan(place("1", [2, 3])), False, (DOCUMENTED,),
    ),
    Case(
        "exclusive_wanted", "26.11 ignores it on torus3d",
        instance(torus((4, 1, 1), (2, 1, 1)), topo("1", 2), num_nodes=4, running=(running(0),)),
        plan(place("1", [2, 3])), True, (SLURM,),
    ),
    Case(
        "exclusive_wanted", "flat has no units",
        instance(FlatTopology("default"), topo("1", 2), num_nodes=4, running=(running(0),)),
        plan(place("1", [1, 2])), True,
    ),
    *pair(
        "exclusive_held", "nobody enters the block of a running exclusive job",
        instance(B444, Job("1", 1), num_nodes=12, running=(running(0, exclusive=True),)),
        legal=place("1", [4]), illegal=place("1", [1]),
    ),
    *pair(
        "exclusive_held", "of a job in an exclusive partition",
        instance(
            B444, Job("1", 2, partitions=("default",)), num_nodes=12,
            running=(running(0, partition="whole"),),
            partitions=(
                Partition("default", frozenset(range(12))),
                Partition("whole", frozenset(range(12)), is_exclusive_topo=True),
            ),
        ),
        legal=place("1", [4, 5]), illegal=place("1", [1, 2]),
    ),
    *pair(
        "exclusive_held", "a BLOCKED node closes its block",
        instance(B444, Job("1", 2), num_nodes=12, blocked=frozenset({0})),
        legal=place("1", [4, 5]), illegal=place("1", [2, 3]),
    ),
    *pair(
        "exclusive_held", "a BLOCKED node closes its ring",
        instance(rings(4, 4), Job("1", 2), num_nodes=8, blocked=frozenset({0})),
        legal=place("1", [4, 5]), illegal=place("1", [2, 3]),
    ),
    Case(
        "exclusive_held", "26.11 lets jobs onto BLOCKED nodes of a tree",
        instance(TREE, Job("1", 2), num_nodes=8, blocked=frozenset({0})),
        plan(place("1", [0, 1])), True, (SLURM,),
    ),
    Case(
        "exclusive_held", "the documentation does not",
        instance(TREE, Job("1", 2), num_nodes=8, blocked=frozenset({0})),
        plan(place("1", [1, 2])), False, (DOCUMENTED,),
    ),
)  # fmt: skip
