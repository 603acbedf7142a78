"""Small clusters and workloads for tests of the replay."""

from __future__ import annotations

from random import Random

from rackwright.heuristics.replay import ReplayJob
from rackwright.models.cluster import Cluster
from rackwright.models.job import Job
from rackwright.models.node import Node
from rackwright.models.topology import Block, BlockTopology, FlatTopology


def racks(count: int, size: int = 4, levels: tuple[int, ...] = (0, 1)) -> Cluster:
    """`count` base blocks of `size` nodes."""
    nodes = tuple(Node(f"n{index + 1:03}") for index in range(count * size))
    blocks = tuple(
        Block(f"b{index + 1}", tuple(range(index * size, (index + 1) * size)))
        for index in range(count)
    )
    return Cluster(nodes, (BlockTopology("default", size, levels, blocks),))


def flat(count: int) -> Cluster:
    """Nodes without a topology."""
    return Cluster(tuple(Node(f"n{index + 1:03}") for index in range(count)), (FlatTopology(),))


def job(name: str, nodes: int, runtime_s: int, submit_s: int = 0, **options: object) -> ReplayJob:
    """A job whose limit is its runtime unless given."""
    limit = options.pop("limit_s", runtime_s)
    fields = {"submit_s": submit_s, "time_limit_s": limit, **options}
    return ReplayJob(Job(name, nodes, **fields), runtime_s)  # type: ignore[arg-type]


def random_jobs(seed: int, count: int = 60, largest: int = 12) -> list[ReplayJob]:
    """A mixed workload that does not fit at once."""
    random = Random(seed)
    jobs, submit = [], 0
    for number in range(count):
        submit += random.randrange(0, 40)
        nodes = random.choice((1, 1, 2, 3, 4, 4, 6, 8, largest))
        runtime = random.randrange(1, 200)
        limit = runtime * random.choice((1, 2, 3))
        jobs.append(job(str(number), nodes, runtime, submit, limit_s=limit))
    return jobs
