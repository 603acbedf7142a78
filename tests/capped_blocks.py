"""Tiny random instances whose base blocks (or rings) nothing distinguishes but nodes and caps."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive, Legality
from rackwright.models.node import Node
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import Block, BlockTopology, Ring, RingTopology, Topology

CAP = "cap"


def capped_options(rng: Random) -> PlanOptions:
    """Any objective, legality and mix, mostly without the terms that tell all blocks apart."""
    mix = tuple((size, rng.randint(1, 3)) for size in sorted(rng.sample(range(1, 4), 2)))
    return PlanOptions(
        objective=rng.choice(list(Objective)),
        legality=rng.choice(list(Legality)),
        mix=mix if rng.random() < 0.5 else None,
        balance_power=rng.random() < 0.05,
    )


def capped_instance(rng: Random) -> Instance:
    """At most 10 nodes in three to five groups, most of them with a layer of their own."""
    groups: list[tuple[int, ...]] = []
    first = 0
    for size in rng.choices((1, 2, 2, 3, 3, 3), k=rng.randint(3, 5)):
        if first + size <= 10:
            groups.append(tuple(range(first, first + size)))
            first += size
    profile = rng.choice((0, 2, 3))
    nodes = tuple(Node(f"n{index}", power_w=profile) for index in range(first))
    resource = _resource(rng, groups, first)
    cluster = Cluster(
        nodes,
        (_topology(rng, groups),),
        (Partition("p", frozenset(range(first)), "t"),),
        (resource,),
    )
    busy = [node for node in range(first) if rng.random() < rng.choice((0, 0.15, 0.3))]
    is_running = [rng.random() < 0.5 for _ in busy]
    number = rng.choice((1, 2, 3, 3, 4))
    return Instance(
        cluster=cluster,
        jobs=tuple(_job(rng, str(index), first) for index in range(number)),
        running=tuple(
            RunningJob(Job(f"running{node}", 1), frozenset({node}), "p")
            for node, runs in zip(busy, is_running, strict=True)
            if runs
        ),
        unavailable=frozenset(
            node for node, runs in zip(busy, is_running, strict=True) if not runs
        ),
        used={CAP: tuple(rng.choice((0, 0, 0, 1, 2)) for _ in resource.layers)},
    )


def _topology(rng: Random, groups: list[tuple[int, ...]]) -> Topology:
    if rng.random() < 0.1:
        return RingTopology("t", tuple(Ring(f"r{i}", nodes) for i, nodes in enumerate(groups)))
    blocks = tuple(Block(f"b{i}", nodes) for i, nodes in enumerate(groups))
    return BlockTopology("t", 3, rng.choice(((0,), (0,), (0, 3), (0, 1, 3))), blocks)


def _resource(rng: Random, groups: list[tuple[int, ...]], num_nodes: int) -> Resource:
    # Charges with a common divisor, and caps that are no multiple of it.
    scale = rng.choice((1, 1, 3))
    layers = [
        Layer(frozenset(nodes), rng.randint(0, 2 * scale * len(nodes) + 1), name=f"block{index}")
        for index, nodes in enumerate(groups)
        if rng.random() < 0.85
    ]
    if rng.random() < 0.3:
        layers.append(Layer(frozenset(range(num_nodes)), scale * rng.randint(3, 14), name="hall"))
    if rng.random() < 0.2:
        layers.append(Layer(frozenset(rng.choice(groups)), scale * rng.randint(0, 5), name="two"))
    if rng.random() < 0.1:
        some = frozenset(rng.sample(range(num_nodes), 2))
        layers.append(Layer(some, scale * rng.randint(0, 5), name="part"))
    rng.shuffle(layers)
    is_power = rng.random() < 0.35
    return Resource(
        CAP,
        Mode.MODE_3,
        tuple(layers),
        unit="W" if is_power else None,
        idle_w=rng.choice((0, 0, 1)) if is_power else 0,
    )


def _job(rng: Random, job_id: str, num_nodes: int) -> Job:
    size = rng.choice((1, 1, 2, 2, 3, 4, 5))
    count = rng.choice((1, 1, 2, 3)) if size <= 3 else 1
    count = max(1, min(count, num_nodes // size))
    job = Job(
        job_id,
        min(size * count, num_nodes),
        segment=size if count > 1 else None,
        exclusive=Exclusive.TOPO if rng.random() < 0.2 else None,
        licenses=((CAP, rng.choice((1, 2, 3, 3, 6))),) if rng.random() < 0.85 else (),
        power_w=rng.choice((None, None, 0, 1, 3, 4)),
        weight=rng.choice((None, 1, 5)),
    )
    if count > 1 and rng.random() < 0.35:
        job = replace(job, spread_segments=True)
    if count > 1 and rng.random() < 0.15:
        job = replace(job, consolidate_segments=True)
    return job
