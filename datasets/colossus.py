"""Seeded instances of any size: the 55,008-node hall of the benchmarks, and smaller ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from ..models.cluster import Cluster, Partition
from ..models.instance import Instance, RunningJob
from ..models.job import Job
from ..models.legality import Exclusive
from ..models.node import Node
from ..models.resources import Layer, Mode, Resource
from ..models.topology import Block, BlockTopology

POWER = "power"
BLOCKS_PER_AISLE = 16
# Units per node of pending jobs; a cap of 6 per node keeps 7-unit jobs from filling a block.
PENDING_UNITS = (5, 6, 7)
# Running jobs stay below 90 % of 6 in every layer, however many there are.
RUNNING_UNITS = (4, 5)
_SEGMENTS = (2, 4, 8, 9, 16)
NOW_S = 1_767_225_600  # 2026-01-01T00:00:00Z


@dataclass(frozen=True, slots=True)
class _Hall:
    """What the builders below share while an instance is put together."""

    num_blocks: int
    block_size: int
    levels: tuple[int, ...]

    @property
    def num_nodes(self) -> int:
        return self.num_blocks * self.block_size

    def block(self, index: int) -> range:
        return range(index * self.block_size, (index + 1) * self.block_size)


def colossus(
    *,
    num_blocks: int = 3056,
    block_size: int = 18,
    levels: tuple[int, ...] = (0, 1, 2, 3, 4),
    num_jobs: int = 1000,
    seed: int = 0,
    occupied: float = 0.6,
    down: float = 0.02,
    mix: str = "plain",
    partitions: int = 1,
    power: bool = False,
) -> Instance:
    """A hall of NVL72 racks under load with a queue that does not fit.

    Parameters
    ----------
    num_blocks, block_size, levels
        Base blocks, nodes of each, and enabled levels as exponents of two.
    num_jobs
        Pending jobs.
    seed
        Of everything random; equal arguments give equal instances.
    occupied, down
        Shares of all nodes held by running jobs, and of the others that are down.
    mix
        ``plain``: units that fit a base block, no other options. ``all``: also consolidated,
        spread and exclusive jobs, units larger than a block (19 to 512 nodes), and one-node jobs.
    partitions
        1, or 3: the whole hall, its first three quarters, its last quarter.
    power
        Whether a MODE_3 resource caps blocks, aisles of 16 blocks and the hall so that it binds.

    Raises
    ------
    ValueError
        For an unknown `mix` or number of partitions, or shares outside 0..1.
    """
    if mix not in ("plain", "all"):
        raise ValueError(f"mix is {mix!r}; wanted 'plain' or 'all'")
    if partitions not in (1, 3):
        raise ValueError(f"partitions is {partitions}; wanted 1 or 3")
    if not (0 <= occupied <= 1 and 0 <= down <= 1):
        raise ValueError(f"occupied {occupied} and down {down} must lie in 0..1")
    hall = _Hall(num_blocks, block_size, levels)
    # One stream per part, so that a longer queue leaves the cluster's state as it is.
    state_random = Random(f"state {seed}")
    queue_random = Random(f"queue {seed}")
    cluster = _cluster(hall, partitions, power)
    running = _running_jobs(hall, occupied, mix, power, state_random)
    held = frozenset[int]().union(*(job.nodes for job in running))
    unavailable = frozenset(
        node for node in range(hall.num_nodes) if node not in held and state_random.random() < down
    )
    instance = Instance(
        cluster=cluster,
        jobs=_queue(hall, num_jobs, mix, partitions, power, queue_random),
        running=running,
        unavailable=unavailable,
        now_s=NOW_S,
    )
    if not power:
        return instance
    return replace(instance, used={POWER: used_amounts(cluster.resources[0], running)})


def used_amounts(resource: Resource, running: tuple[RunningJob, ...]) -> tuple[int, ...]:
    """Per layer of a MODE_3 resource, what running jobs use: their request on each node."""
    used = [0] * len(resource.layers)
    for held in running:
        request = dict(held.job.licenses).get(resource.name, 0)
        for node in held.nodes if request else ():
            for layer in resource.layers_of.get(node, ()):
                used[layer] += request
    return tuple(used)


def _cluster(hall: _Hall, partitions: int, power: bool) -> Cluster:
    width = len(str(hall.num_blocks))
    nodes = tuple(
        Node(name=f"r{block + 1:0{width}}n{tray + 1:02}", gpus=4)
        for block in range(hall.num_blocks)
        for tray in range(hall.block_size)
    )
    blocks = tuple(
        Block(f"r{index + 1:0{width}}", tuple(hall.block(index)))
        for index in range(hall.num_blocks)
    )
    topology = BlockTopology("nvl72", hall.block_size, hall.levels, blocks)
    return Cluster(
        nodes=nodes,
        topologies=(topology,),
        partitions=_partitions(hall, partitions),
        resources=(power_caps(hall.num_blocks, hall.block_size),) if power else (),
    )


def _partitions(hall: _Hall, count: int) -> tuple[Partition, ...]:
    everything = Partition("batch", frozenset(range(hall.num_nodes)))
    if count == 1:
        return (everything,)
    cut = hall.num_blocks * 3 // 4 * hall.block_size
    return (
        everything,
        Partition("train", frozenset(range(cut))),
        Partition("debug", frozenset(range(cut, hall.num_nodes))),
    )


def power_caps(num_blocks: int, block_size: int) -> Resource:
    """MODE_3 caps: 6 units per node in a block, 95 % of that in an aisle, 90 % in the hall."""
    block_cap = 6 * block_size
    num_nodes = num_blocks * block_size
    aisles = [
        range(first, min(first + BLOCKS_PER_AISLE, num_blocks))
        for first in range(0, num_blocks, BLOCKS_PER_AISLE)
    ]
    layers = [Layer(frozenset(range(num_nodes)), num_blocks * block_cap * 90 // 100, name="hall")]
    for index, aisle in enumerate(aisles):
        nodes = range(aisle.start * block_size, aisle.stop * block_size)
        if len(nodes) < num_nodes:
            cap = len(aisle) * block_cap * 95 // 100
            layers.append(Layer(frozenset(nodes), cap, name=f"aisle{index + 1}"))
    for block in range(num_blocks):
        nodes = range(block * block_size, (block + 1) * block_size)
        layers.append(Layer(frozenset(nodes), block_cap, name=f"block{block + 1}"))
    return Resource(POWER, Mode.MODE_3, tuple(layers), topology="nvl72")


def _running_jobs(
    hall: _Hall, occupied: float, mix: str, power: bool, random: Random
) -> tuple[RunningJob, ...]:
    """Jobs of one to eight blocks, put down block by block until the share is reached."""
    order = list(range(hall.num_blocks))
    random.shuffle(order)
    running: list[RunningJob] = []
    remaining = round(occupied * hall.num_nodes)
    while order and remaining > 0:
        share = random.choice((2, 4, 6, 9, 12, 16, 16, 18))
        share = min(share * hall.block_size // 18 or 1, remaining)
        width = 1 if share * 18 < 16 * hall.block_size else random.choice((1, 2, 4, 8))
        width = max(1, min(width, len(order), remaining // share))
        nodes: list[int] = []
        for _ in range(width):
            nodes += random.sample(hall.block(order.pop()), share)
        remaining -= len(nodes)
        is_exclusive = mix == "all" and random.random() < 0.1
        job = Job(
            job_id=f"run{len(running) + 1}",
            num_nodes=len(nodes),
            segment=share if width > 1 else None,
            exclusive=Exclusive.TOPO if is_exclusive else None,
            licenses=_request(power, RUNNING_UNITS, random),
            start_s=NOW_S - random.randrange(1, 86_400),
            time_limit_s=86_400 * random.randrange(1, 4),
        )
        running.append(RunningJob(job, frozenset(nodes)))
    return tuple(running)


def _request(power: bool, units: tuple[int, ...], random: Random) -> tuple[tuple[str, int], ...]:
    return ((POWER, random.choice(units)),) if power else ()


def _queue(
    hall: _Hall, num_jobs: int, mix: str, partitions: int, power: bool, random: Random
) -> tuple[Job, ...]:
    names = ("batch", "train", "debug")[:partitions]
    jobs = []
    for number in range(1, num_jobs + 1):
        job = _plain_job(hall, random) if mix == "plain" else _any_job(hall, random)
        jobs.append(
            replace(
                job,
                job_id=str(number),
                partitions=(random.choice(names),) if partitions > 1 else (),
                licenses=_request(power, PENDING_UNITS, random),
                priority=num_jobs + 1 - number,
                weight=random.randrange(1, 11),
                submit_s=NOW_S + number - num_jobs,
                time_limit_s=3600 * random.choice((1, 4, 12, 24, 48)),
            )
        )
    return tuple(jobs)


def _plain_job(hall: _Hall, random: Random) -> Job:
    """One unit within a block, or up to 576 nodes in equal segments of at most a block."""
    if random.random() < 0.5:
        return Job("", random.randrange(1, hall.block_size + 1))
    segment = random.choice([size for size in (*_SEGMENTS, 18) if size <= hall.block_size] or [1])
    # Log-uniform: as many jobs of 2 to 4 segments as of 16 to 32.
    most = max(2, min(576, hall.num_nodes // 2) // segment)
    return Job(
        "", segment * min(most, int(2 * (most / 2 + 1) ** random.random())), segment=segment
    )


def _any_job(hall: _Hall, random: Random) -> Job:
    """Every option of section 3.1.5, in proportions that make each of them matter."""
    kind = random.random()
    if kind < 0.10:
        return Job("", 1)
    if kind < 0.45:
        return _plain_job(hall, random)
    if kind < 0.65:
        return _large_unit(hall, random)
    segment = random.choice([size for size in _SEGMENTS if size <= hall.block_size] or [1])
    if kind < 0.80:
        count = random.choice((2, 4, 8, 16))
        return Job("", segment * count, segment=segment, consolidate_segments=True)
    if kind < 0.90:
        count = random.randrange(2, 9)
        return Job("", segment * count, segment=segment, spread_segments=True)
    return Job("", segment * random.randrange(1, 5), segment=segment, exclusive=Exclusive.TOPO)


def _large_unit(hall: _Hall, random: Random) -> Job:
    """A unit larger than a base block: whole, or as two segments."""
    smallest = hall.block_size + 1
    largest = max(smallest, min(512, hall.num_nodes // 2))
    size = min(largest, int(smallest * (largest / smallest) ** random.random()))
    return Job("", 2 * size, segment=size) if random.random() < 0.3 else Job("", size)
