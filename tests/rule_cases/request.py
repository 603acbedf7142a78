"""Rules about what the job asked for."""

from __future__ import annotations

from tiny import blocks, instance, place, plan, rings, running, tree

from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.node import Node
from rackwright.models.topology import FlatTopology

from .case import Case, pair

FLAT = FlatTopology("default")
B44 = blocks([4, 4], base=4)


def _with_features() -> Instance:
    names = ("gb200", "gb200", "h100", "h100")
    nodes = tuple(Node(f"n{i}", features=frozenset({name})) for i, name in enumerate(names))
    return Instance(Cluster(nodes, (FLAT,)), (Job("1", 2, features="gb200"),))


HALVES = (
    Partition("default", frozenset({0, 1, 2, 3})),
    Partition("other", frozenset({4, 5, 6, 7})),
)

CASES: tuple[Case, ...] = (
    *pair(
        "node_count", "exactly the nodes asked for",
        instance(FLAT, Job("1", 3), num_nodes=8),
        legal=place("1", [0, 4, 7]), illegal=place("1", [0, 4]),
    ),
    *pair(
        "node_count", "a range plans the minimum on block",
        instance(B44, Job("1", 2, max_nodes=3), num_nodes=8),
        legal=place("1", [0, 1]), illegal=place("1", [0, 1, 2]),
    ),
    *pair(
        "node_count", "a range may fill up on tree",
        instance(tree(4, 4, trunks=[[0, 1]]), Job("1", 2, max_nodes=3), num_nodes=8),
        legal=place("1", [0, 1, 4]), illegal=place("1", [0, 1, 4, 5]),
    ),
    *pair(
        "partition", "nodes of the partition it starts in",
        instance(FLAT, Job("1", 2), num_nodes=8, partitions=HALVES),
        legal=place("1", [0, 3]), illegal=place("1", [3, 4]),
    ),
    *pair(
        "partition", "only a partition that it named",
        instance(FLAT, Job("1", 2, partitions=("default",)), num_nodes=8, partitions=HALVES),
        legal=place("1", [0, 3]), illegal=place("1", [4, 5], partition="other"),
    ),
    *pair(
        "features", "--constraint",
        _with_features(),
        legal=place("1", [0, 1]), illegal=place("1", [1, 2]),
    ),
    *pair(
        "exclude", "--exclude",
        instance(FLAT, Job("1", 2, exclude=("n3", "unknown")), num_nodes=8),
        legal=place("1", [0, 1]), illegal=place("1", [1, 3]),
    ),
    *pair(
        "nodelist", "a list longer than the job is a pool",
        instance(FLAT, Job("1", 2, nodelist=("n1", "n2", "n3")), num_nodes=8),
        legal=place("1", [1, 3]), illegal=place("1", [1, 4]),
    ),
    *pair(
        "nodelist", "the list of a segmented job is a pool",
        instance(B44, Job("1", 4, segment=2, nodelist=("n0", "n1", "n4", "n5")), num_nodes=8),
        legal=place("1", [0, 1], [4, 5]), illegal=place("1", [0, 1], [2, 3]),
    ),
    *pair(
        "required_nodes", "a list no longer than the job is required",
        instance(B44, Job("1", 3, nodelist=("n1", "n2")), num_nodes=8),
        legal=place("1", [0, 1, 2]), illegal=place("1", [0, 1, 3]),
    ),
    *pair(
        "required_nodes", "segments mean nothing on tree, so the list is required there",
        instance(
            tree(4, 4, trunks=[[0, 1]]), Job("1", 4, segment=2, nodelist=("n1", "n5")), num_nodes=8
        ),
        legal=place("1", [0, 1, 4, 5]), illegal=place("1", [0, 1, 2, 3]),
    ),
    Case(
        "required_nodes", "a ring wants all nodes named",
        instance(rings(8), Job("1", 3, nodelist=("n1", "n2")), num_nodes=8),
        plan(place("1", [1, 2, 3])), False,
    ),
    Case(
        "required_nodes", "a ring takes a list of all nodes",
        instance(rings(8), Job("1", 3, nodelist=("n1", "n2", "n0")), num_nodes=8),
        plan(place("1", [0, 1, 2])), True,
    ),
    *pair(
        "available", "free nodes only",
        instance(
            FLAT, Job("1", 2), num_nodes=8,
            running=(running(0, 1),), allocated=frozenset({2}), unavailable=frozenset({3}),
        ),
        legal=place("1", [4, 5]), illegal=place("1", [3, 4]),
    ),
    *pair(
        "one_use", "no node for two jobs",
        instance(FLAT, Job("1", 2), Job("2", 2), num_nodes=8),
        legal=(place("1", [0, 1]), place("2", [2, 3])),
        illegal=(place("1", [0, 1]), place("2", [1, 2])),
    ),
    *pair(
        "one_use", "no node for two segments",
        instance(B44, Job("1", 4, segment=2), num_nodes=8),
        legal=place("1", [0, 1], [2, 3]), illegal=place("1", [0, 1], [1, 2]),
    ),
    *pair(
        "segment", "every segment has its size",
        instance(B44, Job("1", 4, segment=2), num_nodes=8),
        legal=place("1", [0, 1], [4, 5]), illegal=place("1", [0, 1, 2], [4]),
    ),
    *pair(
        "segment", "larger than the job: ignored",
        instance(B44, Job("1", 4, segment=8), num_nodes=8),
        legal=place("1", [0, 1, 2, 3]), illegal=place("1", [0, 1], [2, 3]),
    ),
    Case(
        "segment", "does not divide",
        instance(B44, Job("1", 3, segment=2), num_nodes=8),
        plan(place("1", [0, 1, 2])), False,
    ),
)  # fmt: skip
