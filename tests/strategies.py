"""Tiny random instances of every kind, small enough for `oracle.best_score`.

`random_instance` draws from a seeded generator; `instances` is the same as a hypothesis strategy.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Exclusive, Legality
from rackwright.models.never import NeverExplainer
from rackwright.models.node import Node
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import (
    Block,
    BlockTopology,
    FlatTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)

TOPOLOGY_KINDS = ("block", "ring", "torus3d", "tree", "flat")
RESOURCE_KINDS = ("mode_1", "mode_2", "mode_3", "power")
# Resource kinds put that resource on a random topology.
KINDS = (*TOPOLOGY_KINDS, "mixed", *RESOURCE_KINDS)
NOW_S = 10_000


def instances(kind: str) -> st.SearchStrategy[Instance]:
    """Hypothesis strategy of tiny instances; shrinks through its random draws."""
    return st.randoms(use_true_random=False).map(lambda rng: random_instance(rng, kind))


def options() -> st.SearchStrategy[PlanOptions]:
    """Hypothesis strategy of everything that changes the score."""
    return st.randoms(use_true_random=False).map(random_options)


def random_options(rng: Random) -> PlanOptions:
    """Any objective, legality, mix and optional terms."""
    mix = None
    if rng.random() < 0.3:
        sizes = rng.sample(range(1, 7), rng.randint(1, 3))
        mix = tuple((size, rng.randint(1, 3)) for size in sorted(sizes))
    return PlanOptions(
        objective=rng.choice(list(Objective)),
        legality=rng.choice(list(Legality)),
        mix=mix,
        locality=rng.random() < 0.5,
        balance_power=rng.random() < 0.4,
    )


def random_instance(rng: Random, kind: str) -> Instance:
    """A tiny instance: at most 10 nodes and 4 jobs, any combination of options.

    Parameters
    ----------
    rng
        Seeded; the same draws give the same instance.
    kind
        One of `KINDS`.
    """
    num_nodes = rng.randint(4, 10)
    everything = list(range(num_nodes))
    nodes = tuple(
        Node(
            f"n{index}",
            features=frozenset({"x"}) if rng.random() < 0.8 else frozenset(),
            power_w=rng.choice((0, 2, 2, 3)),
        )
        for index in everything
    )
    if kind == "mixed":
        chosen = rng.sample(TOPOLOGY_KINDS, 2)
    elif kind in RESOURCE_KINDS:
        chosen = [rng.choice((*TOPOLOGY_KINDS, "block", "block"))]
    else:
        chosen = [kind]
    topologies = tuple(
        _topology(rng, topology_kind, f"t{index}", everything)
        for index, topology_kind in enumerate(chosen)
    )
    partitions = _partitions(rng, topologies, everything)
    resources = (_resource(rng, kind, everything),) if kind in RESOURCE_KINDS else ()
    if kind == "mode_3" and rng.random() < 0.3:
        resources = (*resources, _resource(rng, "power", everything))
    cluster = Cluster(nodes, topologies, partitions, resources)
    return _loaded(rng, cluster)


def _topology(rng: Random, kind: str, name: str, everything: list[int]) -> Topology:
    members = everything[: len(everything) - rng.choice((0, 0, 0, 0, 1, 2))]
    if rng.random() < 0.2:
        members = rng.sample(members, len(members))
    match kind:
        case "block":
            return _block(rng, name, members)
        case "ring":
            return _ring(rng, name, members)
        case "torus3d":
            return _torus3d(rng, name, members)
        case "tree":
            return _tree(rng, name, members)
        case _:
            return FlatTopology(name)


def _cut(rng: Random, members: list[int], sizes: tuple[int, ...]) -> list[list[int]]:
    """`members` cut into groups of random sizes."""
    groups: list[list[int]] = []
    rest = list(members)
    while rest:
        size = rng.choice(sizes)
        groups.append(rest[:size])
        rest = rest[size:]
    return groups


def _block(rng: Random, name: str, members: list[int]) -> BlockTopology:
    base = rng.choice((1, 2, 2, 2, 3))
    # Mostly full blocks; short, oversized and phantom ones in between.
    ragged = (base, base, base, max(1, base - 1), base + 1)
    sizes = rng.choice(((base,), ragged))
    groups = _cut(rng, members, sizes)
    if rng.random() < 0.25:
        groups.insert(rng.randint(0, len(groups)), [])
    levels = rng.choice(((0,), (0,), (0, 1), (0, 1), (0, 2), (0, 2), (0, 1, 2), (0, 1, 3), (0, 3)))
    blocks = tuple(Block(f"b{i}", tuple(sorted(group))) for i, group in enumerate(groups))
    return BlockTopology(name, base, levels, blocks)


def _ring(rng: Random, name: str, members: list[int]) -> RingTopology:
    groups = _cut(rng, members, (2, 3, 4, 5, 6))
    return RingTopology(name, tuple(Ring(f"r{i}", tuple(g)) for i, g in enumerate(groups)))


def _torus3d(rng: Random, name: str, members: list[int]) -> TorusTopology:
    dims_choices = ((2, 2, 1), (4, 1, 1), (3, 2, 1), (2, 2, 2), (3, 1, 1), (5, 1, 1))
    toruses: list[Torus] = []
    rest = list(members)
    while rest and len(toruses) < 2:
        fitting = [dims for dims in dims_choices if dims[0] * dims[1] * dims[2] <= len(rest)]
        if not fitting:
            break
        dims = rng.choice(fitting)
        volume = dims[0] * dims[1] * dims[2]
        cells = [node if rng.random() < 0.93 else -1 for node in rest[:volume]]
        rest = rest[volume:]
        shapes = tuple(_shape(rng, dims) for _ in range(rng.choice((0, 1, 2, 2, 3))))
        toruses.append(Torus(f"k{len(toruses)}", dims, tuple(cells), shapes))
    return TorusTopology(name, tuple(toruses))


def _shape(rng: Random, dims: tuple[int, int, int]) -> TorusPlacement:
    shape = tuple(rng.randint(1, length) for length in dims)
    spacing = tuple(
        rng.randint(1, length) if rng.random() < 0.4 else size
        for size, length in zip(shape, dims, strict=True)
    )
    seed = tuple(rng.randrange(length) for length in dims)
    return TorusPlacement(
        (shape[0], shape[1], shape[2]),
        (spacing[0], spacing[1], spacing[2]),
        (seed[0], seed[1], seed[2]),
    )


def _tree(rng: Random, name: str, members: list[int]) -> TreeTopology:
    leaves = [
        Switch(f"s{i}", tuple(sorted(g)), ())
        for i, g in enumerate(_cut(rng, members, (1, 2, 3, 3)))
    ]
    switches = list(leaves)
    layer = list(range(len(leaves)))
    # Sometimes no common root: disconnected parts.
    while len(layer) > 1 and rng.random() < 0.85:
        groups = _cut(rng, layer, (2, 2, 3))
        layer = []
        for group in groups:
            layer.append(len(switches))
            switches.append(Switch(f"s{len(switches)}", (), tuple(group)))
    return TreeTopology(name, tuple(switches), is_dragonfly=rng.random() < 0.2)


def _partitions(
    rng: Random, topologies: tuple[Topology, ...], everything: list[int]
) -> tuple[Partition, ...]:
    partitions = [
        Partition(f"p{index}", _some_nodes(rng, everything), topology.name)
        for index, topology in enumerate(topologies)
    ]
    if rng.random() < 0.25:
        extra = Partition("extra", _some_nodes(rng, everything), None, rng.random() < 0.4)
        partitions.append(extra)
    return tuple(partitions)


def _some_nodes(rng: Random, everything: list[int]) -> frozenset[int]:
    share = rng.choice((1.0, 1.0, 0.9))
    return frozenset(node for node in everything if rng.random() < share)


def _resource(rng: Random, kind: str, everything: list[int]) -> Resource:
    if kind in ("mode_1", "mode_2"):
        mode = Mode.MODE_1 if kind == "mode_1" else Mode.MODE_2
        layers = []
        for _ in range(rng.randint(1, 4)):
            first = rng.randrange(len(everything) - 1)
            nodes = frozenset(everything[first : first + rng.randint(3, len(everything))])
            count = rng.choice((-1, 0, 1, 2, 2, 3, 3, 4, 5))
            layers.append(Layer(nodes, count, rng.choice((0, 0, 1)) if count > 1 else 0))
        return Resource("res", mode, tuple(layers))
    half = len(everything) // 2
    scale = 3 if kind == "power" else 1
    layers = [
        Layer(frozenset(part), rng.choice((-1, 0, *(scale * count for count in range(2, 10)))))
        for part in (everything[:half], everything[half:], everything)
    ]
    if kind == "power":
        return Resource(
            "watts", Mode.MODE_3, tuple(layers), unit="W", idle_w=rng.choice((0, 0, 1))
        )
    return Resource("res", Mode.MODE_3, tuple(layers))


def _loaded(rng: Random, cluster: Cluster) -> Instance:
    """The cluster with a random load and a random queue."""
    everything = rng.sample(range(len(cluster.nodes)), len(cluster.nodes))
    load = rng.choice((0.0, 0.0, 0.15, 0.3, 0.5))
    busy = [node for node in everything if rng.random() < load]
    topology = cluster.topologies[0]
    if isinstance(topology, BlockTopology) and rng.random() < 0.2:
        # Free nodes scattered over many blocks: lower-level block limits bind.
        busy = [rng.choice(block.nodes) for block in topology.blocks if len(block.nodes) > 1]
    running: list[RunningJob] = []
    unavailable: set[int] = set()
    allocated: set[int] = set()
    while busy:
        size = rng.randint(1, 2)
        part, busy = busy[:size], busy[size:]
        match rng.choice(("running", "running", "down", "allocated")):
            case "running":
                running.append(_running(rng, cluster, len(running), frozenset(part)))
            case "down":
                unavailable.update(part)
            case _:
                allocated.update(part)
    free = sorted(
        set(everything) - unavailable - allocated - {n for r in running for n in r.nodes}
    )
    blocked = {rng.choice(free)} if free and rng.random() < 0.06 else set()
    num_jobs = rng.choice((0, 1, 1, 2, 2, 3, 3, 4))
    jobs = [_possible_job(rng, cluster, str(index), num_jobs) for index in range(num_jobs)]
    jobs.sort(key=lambda job: (-(job.priority or 0), job.job_id))
    used = {
        resource.name: tuple(rng.choice((0, 0, 1)) for _ in resource.layers)
        for resource in cluster.resources
        if rng.random() < 0.5
    }
    return Instance(
        cluster=cluster,
        jobs=tuple(jobs),
        running=tuple(running),
        unavailable=frozenset(unavailable),
        allocated=frozenset(allocated),
        blocked=frozenset(blocked),
        used=used,
        now_s=rng.choice((None, NOW_S)),
    )


def _running(rng: Random, cluster: Cluster, index: int, nodes: frozenset[int]) -> RunningJob:
    exclusive = Exclusive.TOPO if rng.random() < 0.2 else None
    partition = rng.choice((None, *(partition.name for partition in cluster.partitions)))
    job = Job(f"running{index}", len(nodes), exclusive=exclusive)
    return RunningJob(job, nodes, partition)


def _volume(rng: Random, cluster: Cluster) -> int | None:
    """Volume of some configured torus placement, if the cluster has one."""
    volumes = [
        placement.volume
        for topology in cluster.topologies
        if isinstance(topology, TorusTopology)
        for torus in topology.toruses
        for placement in torus.placements
    ]
    return rng.choice(volumes) if volumes else None


def _possible_job(rng: Random, cluster: Cluster, job_id: str, num_jobs: int) -> Job:
    """A job, drawn again while it can never start; a few of those remain."""
    job = _job(rng, cluster, job_id, num_jobs)
    for _ in range(rng.choice((0, 2, 3, 4))):
        if NeverExplainer(Instance(cluster, (job,)), Legality.DOCUMENTED).explain(job) is None:
            break
        job = _job(rng, cluster, job_id, num_jobs)
    return job


def _job(rng: Random, cluster: Cluster, job_id: str, num_jobs: int) -> Job:
    total = len(cluster.nodes)
    num_nodes = min(rng.choice((1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 6, 8)), total)
    # Short queues have room for jobs above the largest level and for many segments.
    if num_jobs <= 2 and rng.random() < 0.5:
        num_nodes = rng.choice((total, total - 1, rng.randint(total // 2, total)))
    shape = _volume(rng, cluster)
    job = Job(
        job_id,
        num_nodes,
        exclusive=Exclusive.TOPO if rng.random() < 0.15 else None,
        contiguous=rng.random() < 0.25,
        features="x" if rng.random() < 0.1 else None,
        power_w=rng.choice((None, None, 0, 1, 4)),
        submit_s=rng.choice((None, NOW_S - 10, NOW_S - 500)),
        priority=rng.choice((None, 1, 2, 3)),
        weight=rng.choice((None, None, 1, 5)),
    )
    if shape is not None and rng.random() < 0.8:
        # Other sizes can never run on a torus.
        count = rng.randint(1, 3)
        job = replace(job, num_nodes=shape * count, segment=shape if count > 1 else None)
    elif rng.random() < 0.6:
        divisors = [size for size in range(1, num_nodes + 1) if num_nodes % size == 0]
        divisors = [size for size in divisors if 1 < size < num_nodes] * 3 + divisors
        odd = rng.random() < 0.05
        job = replace(
            job,
            segment=rng.randint(1, total + 2) if odd else rng.choice(divisors),
            spread_segments=rng.random() < 0.4,
            consolidate_segments=rng.random() < 0.4,
        )
    if rng.random() < 0.3:
        job = replace(job, switches=Switches(rng.choice((1, 1, 2, 3)), 300))
    names = [node.name for node in cluster.nodes]
    if rng.random() < 0.12:
        job = replace(job, exclude=tuple(rng.sample(names, rng.randint(1, 2))))
    if rng.random() < 0.15:
        job = replace(job, nodelist=tuple(rng.sample(names, rng.randint(1, total))))
    if len(cluster.partitions) > 1:
        wanted = rng.sample(cluster.partitions, rng.randint(1, len(cluster.partitions)))
        job = replace(job, partitions=tuple(partition.name for partition in wanted))
    if rng.random() < 0.8:
        licenses = tuple((resource.name, rng.choice((1, 1, 2))) for resource in cluster.resources)
        job = replace(job, licenses=licenses)
    return job
