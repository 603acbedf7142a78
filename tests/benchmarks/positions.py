"""Where positions matter: a torus of 4,096 nodes and 1,000 rings of 16, ``weighted``, to proof.

Run: ``python tests/benchmarks/positions.py [--seeds 3]``
"""

from __future__ import annotations

import argparse
import platform
import random
import time

from rackwright.heuristics.greedy import greedy
from rackwright.models.cluster import Cluster
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.node import Node
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.topology import (
    Ring,
    RingTopology,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
)
from rackwright.solver import optimal

SHAPES = ((2, 2, 2), (4, 4, 2), (4, 4, 4))


def torus(rng: random.Random) -> Instance:
    """16 x 16 x 16 cells, three shapes, 40 % busy in whole boxes and 40 nodes down, 200 jobs."""
    placements = tuple(TorusPlacement(dims, dims) for dims in SHAPES)
    whole = Torus("pod0", (16, 16, 16), tuple(range(4096)), placements)
    anchors = [anchor for placement in placements for anchor in whole.anchors(placement)]
    busy = {rng.randrange(4096) for _ in range(40)}
    while len(busy) < 0.4 * 4096:
        busy.update(rng.choice(anchors))
    jobs = tuple(_job(rng, i, (8, 8, 8, 32, 32, 64), (1, 1, 2, 4)) for i in range(200))
    return _instance(TorusTopology("torus", (whole,)), 4096, jobs, busy)


def rings(rng: random.Random) -> Instance:
    """1,000 rings of 16, 60 % of them partly busy, 2 % of the nodes down, 500 jobs."""
    topology = RingTopology(
        "rings", tuple(Ring(f"r{i}", tuple(range(16 * i, 16 * i + 16))) for i in range(1000))
    )
    busy = {node for node in range(16000) if rng.random() < 0.02}
    for ring in topology.rings:
        if rng.random() < 0.6:
            first, length = rng.randrange(16), rng.randint(1, 14)
            busy.update(ring.nodes[(first + step) % 16] for step in range(length))
    sizes = (1, 2, 3, 4, 5, 6, 8, 8, 12, 16)
    jobs = tuple(_job(rng, i, sizes, (1, 1, 2, 4, 8, 16)) for i in range(500))
    return _instance(topology, 16000, jobs, busy)


def _job(rng: random.Random, number: int, sizes: tuple[int, ...], counts: tuple[int, ...]) -> Job:
    size, count = rng.choice(sizes), rng.choice(counts)
    weight = rng.randint(1, 10)
    return Job(str(number), size * count, segment=size, priority=1000 - number, weight=weight)


def _instance(
    topology: Topology, num_nodes: int, jobs: tuple[Job, ...], busy: set[int]
) -> Instance:
    nodes = tuple(Node(f"n{index:05d}") for index in range(num_nodes))
    return Instance(Cluster(nodes, (topology,)), jobs, unavailable=frozenset(busy))


def main() -> None:
    """Print one line per case and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    print(f"{platform.machine()}, Python {platform.python_version()}")
    options = PlanOptions(objective=Objective.WEIGHTED)
    for make in (torus, rings):
        for seed in range(seeds):
            instance = make(random.Random(seed))
            began = time.perf_counter()
            start = greedy(instance, options)
            greedy_s = time.perf_counter() - began
            result = optimal(instance, options, hint=start.plan)
            seconds = time.perf_counter() - began
            first = result.objective[0]
            proof = "proven" if result.status == "optimal" else f"bound {first.bound}"
            print(
                f"{make.__name__} seed {seed}: {len(instance.free)} free, "
                f"{sum(job.num_nodes for job in instance.jobs)} asked; greedy "
                f"{start.objective[0].value} in {greedy_s:.2f} s; optimal {first.value} "
                f"({proof}) in {seconds:.1f} s"
            )


if __name__ == "__main__":
    main()
