"""Small clusters in the notation of slurm_semantics: nodes are numbers from 1."""

from __future__ import annotations

from typing import Any

from rackwright.heuristics.slurm.submit import Decision, choose
from rackwright.models.cluster import Cluster, Partition
from rackwright.models.instance import Instance
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Exclusive
from rackwright.models.node import Node
from rackwright.models.resources import Resource
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


def numbers(text: str) -> list[int]:
    """Node numbers of a list such as ``01-03,06``."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found.extend(range(int(low), int(high or low) + 1))
    return found


def indices(text: str) -> frozenset[int]:
    """Node indices of a list of node numbers."""
    return frozenset(number - 1 for number in numbers(text))


def blocks(sizes: list[int], levels: tuple[int, ...], base: int = 0) -> BlockTopology:
    """Base blocks of consecutive nodes, first block first; `base` defaults to the first size."""
    first, made = 0, []
    for number, size in enumerate(sizes, 1):
        made.append(Block(f"b{number}", tuple(range(first, first + size))))
        first += size
    return BlockTopology("t", base or sizes[0], levels, tuple(made))


def rings(*nodes: str) -> RingTopology:
    """Rings of node numbers in ring order."""
    return RingTopology(
        "t",
        tuple(
            Ring(f"r{number}", tuple(node - 1 for node in numbers(text)))
            for number, text in enumerate(nodes)
        ),
    )


def torus(dims: tuple[int, int, int], *shapes: TorusPlacement) -> TorusTopology:
    """One torus of consecutive nodes, x fastest."""
    cells = tuple(range(dims[0] * dims[1] * dims[2]))
    return TorusTopology("t", (Torus("t0", dims, cells, shapes),))


def shape(
    dims: tuple[int, int, int], spacing: tuple[int, int, int] | None = None
) -> TorusPlacement:
    """A placement with its default spacing, unless given."""
    return TorusPlacement(dims, spacing or dims)


def tree(leaves: list[str], *, groups: int = 1, is_dragonfly: bool = False) -> TreeTopology:
    """Leaves under `groups` middle switches (1: none) under one root."""
    switches = [
        Switch(f"s{number}", tuple(node - 1 for node in numbers(text)), ())
        for number, text in enumerate(leaves)
    ]
    tops = list(range(len(leaves)))
    if groups > 1:
        each = len(leaves) // groups
        for group in range(groups):
            children = tuple(range(group * each, (group + 1) * each))
            switches.append(Switch(f"t{group}", (), children))
        tops = list(range(len(leaves), len(leaves) + groups))
    switches.append(Switch("root", (), tuple(tops)))
    return TreeTopology("t", tuple(switches), is_dragonfly)


def world(
    topology: Topology,
    num_nodes: int,
    busy: str = "",
    *,
    weights: dict[int, int] | None = None,
    down: str = "",
    resources: tuple[Resource, ...] = (),
    **fields: Any,
) -> Instance:
    """An instance; `weights` by node number, 10 elsewhere when given."""
    names = range(1, num_nodes + 1)
    default = 10 if weights else 1
    nodes = tuple(Node(str(name), weight=(weights or {}).get(name, default)) for name in names)
    everything = frozenset(range(num_nodes))
    cluster = Cluster(
        nodes=nodes,
        topologies=(topology, FlatTopology("flat")),
        partitions=(Partition("p", everything, topology.name),),
        resources=resources,
    )
    return Instance(cluster=cluster, allocated=indices(busy), unavailable=indices(down), **fields)


def job(num_nodes: int, options: str = "", **fields: Any) -> Job:
    """A job from sbatch-like words: ``seg 2 spread consolidate topo -w 01-03 contiguous``."""
    words = options.split()
    known: dict[str, Any] = {
        "spread_segments": "spread" in words,
        "consolidate_segments": "consolidate" in words,
        "contiguous": "contiguous" in words,
        "exclusive": Exclusive.TOPO if "topo" in words else None,
    }
    if "seg" in words:
        known["segment"] = int(words[words.index("seg") + 1])
    if "-w" in words:
        listed = numbers(words[words.index("-w") + 1])
        known["nodelist"] = tuple(str(number) for number in listed)
    if "--switches" in words:
        known["switches"] = Switches(int(words[words.index("--switches") + 1]))
    known.update(fields)
    known.setdefault("job_id", "1")
    return Job(num_nodes=num_nodes, max_nodes=num_nodes, **known)


def said(answer: Decision) -> str:
    """The answer in the notation of the tables: a node list, ``wait`` or ``rejected``."""
    if answer.starts:
        return folded(answer.nodes)
    return {"pending": "wait", "rejected": "rejected"}[answer.decision]


def folded(nodes: tuple[int, ...]) -> str:
    """Node numbers as ``1-3,6``."""
    ranges: list[list[int]] = []
    for node in sorted(nodes):
        if ranges and ranges[-1][1] == node:
            ranges[-1][1] = node + 1
        else:
            ranges.append([node + 1, node + 1])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def same(text: str) -> str:
    """A node list of the tables without its zeros; words stay."""
    return folded(tuple(indices(text))) if text[:1].isdigit() else text


def ask(instance: Instance, num_nodes: int, options: str = "", **fields: Any) -> str:
    """What Slurm says to one job."""
    return said(choose(instance, job(num_nodes, options, **fields)))
