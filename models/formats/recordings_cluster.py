"""The cluster of a recording: topology and resources as the recordings spell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..cluster import Cluster, Partition
from ..hostlist import expand
from ..node import Node
from ..resources import INFINITE, Layer, Mode, Resource
from ..topology import (
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

Record = Mapping[str, Any]
Indices = Callable[[Any], tuple[int, ...]]

TOPOLOGY = "t0"
FLAT = "flat"


def make_cluster(
    names: Sequence[str],
    weights: Sequence[int],
    topology: Topology,
    resources: tuple[Resource, ...] = (),
    default_partition: str = "p",
) -> Cluster:
    """A cluster with partition ``p`` on `topology` and partition ``flat`` on none.

    Parameters
    ----------
    default_partition
        The one that jobs without a partition run in.
    """
    nodes = tuple(Node(name, weight=weight) for name, weight in zip(names, weights, strict=True))
    everything = frozenset(range(len(nodes)))
    partitions = (Partition("p", everything, topology.name), Partition(FLAT, everything, FLAT))
    return Cluster(
        nodes=nodes,
        topologies=(topology, FlatTopology(FLAT)),
        partitions=tuple(sorted(partitions, key=lambda each: each.name != default_partition)),
        resources=resources,
    )


def index_hostlists(names: Sequence[str]) -> Indices:
    """A function that turns a hostlist into the indices of its nodes, order kept."""
    index_of = {name: index for index, name in enumerate(names)}

    def indices(hostlist: Any) -> tuple[int, ...]:
        return tuple(index_of[name] for name in expand(hostlist or "") if name in index_of)

    return indices


def block_topology(
    sizes: Sequence[int] | None, blocks: Sequence[tuple[str, tuple[int, ...]]]
) -> BlockTopology:
    """topology/block; without `sizes`, Slurm's default of five levels above the first block."""
    if sizes:
        base = sizes[0]
        levels = {(size // base).bit_length() - 1 for size in sizes}
    else:
        base = next(len(nodes) for _, nodes in blocks if nodes)
        levels = set(range(5))
    return BlockTopology(
        name=TOPOLOGY,
        base_size=base,
        levels=tuple(sorted(levels | {0})),
        blocks=tuple(Block(name, tuple(sorted(nodes))) for name, nodes in blocks),
    )


def ring_topology(rings: Sequence[tuple[str, tuple[int, ...]]]) -> RingTopology:
    """topology/ring; the order of the nodes is their position."""
    return RingTopology(TOPOLOGY, tuple(Ring(name, nodes) for name, nodes in rings))


def torus(
    name: str,
    dims: tuple[int, int, int],
    cells: Sequence[int],
    placements: Sequence[tuple[Sequence[int], Sequence[int], Sequence[int]]],
) -> Torus:
    """One torus; placements are ``(dims, spacing, seed)`` with 0 for a spacing left out (1.4)."""
    return Torus(
        name=name,
        dims=dims,
        cells=tuple(cells),
        placements=tuple(
            TorusPlacement(
                dims=triple(shape),
                spacing=triple(
                    [step or length for step, length in zip(spacing, shape, strict=True)]
                ),
                seed=triple(seed),
            )
            for shape, spacing, seed in placements
        ),
    )


def torus_topology(toruses: Sequence[Torus]) -> TorusTopology:
    """topology/torus3d."""
    return TorusTopology(TOPOLOGY, tuple(toruses))


def tree_topology(
    switches: Sequence[tuple[str, tuple[int, ...], Sequence[str]]], is_dragonfly: bool = False
) -> TreeTopology:
    """topology/tree from ``(name, nodes, names of children)``."""
    index_of = {name: index for index, (name, _, _) in enumerate(switches)}
    return TreeTopology(
        name=TOPOLOGY,
        switches=tuple(
            Switch(name, tuple(sorted(nodes)), tuple(index_of[child] for child in children))
            for name, nodes, children in switches
        ),
        is_dragonfly=is_dragonfly,
    )


def make_resource(record: Record, indices: Indices) -> Resource:
    """One entry of resources.yaml; under MODE_3 a layer's base counts in all layers above it."""
    mode = Mode[record["mode"].upper()]
    layers = [(frozenset(indices(layer["nodes"])), layer) for layer in record["layers"]]
    own: list[int] = [
        sum(base["value"] for base in layer.get("base") or ()) for _, layer in layers
    ]

    def base_of(nodes: frozenset[int], position: int) -> int:
        if mode is not Mode.MODE_3:
            return own[position]
        pairs = zip(layers, own, strict=True)
        return sum(base for (other, _), base in pairs if other <= nodes)

    return Resource(
        name=record["resource"],
        mode=mode,
        layers=tuple(
            Layer(
                nodes=nodes,
                count=INFINITE if layer["count"] < 0 else layer["count"],
                base=base_of(nodes, position),
                name=str(layer["nodes"]),
            )
            for position, (nodes, layer) in enumerate(layers)
        ),
        variables={each["name"]: each["value"] for each in record.get("variables") or ()},
        topology=record.get("topology"),
    )


def used_amounts(
    records: Sequence[Record], resources: Sequence[Resource], indices: Indices
) -> dict[str, tuple[int, ...]]:
    """Amounts in use per resource and layer, from ``layers_before`` (listed in another order)."""
    used = {
        (record["name"], frozenset(indices(record["nodes"]))): record["used"] for record in records
    }
    return {
        resource.name: tuple(
            used.get((resource.name, layer.nodes), 0) for layer in resource.layers
        )
        for resource in resources
    }


def parse_licenses(text: str | None, resources: Sequence[Resource]) -> tuple[tuple[str, int], ...]:
    """``name:count[,...]``: default count 1, variables replaced, repeated names added up (5.2)."""
    variables = {resource.name: resource.variables for resource in resources}
    amounts: dict[str, int] = {}
    for item in (text or "").replace("=", ":").split(","):
        name, _, count = item.partition(":")
        if name:
            amount = variables.get(name, {}).get(count)
            amounts[name] = amounts.get(name, 0) + (int(count or 1) if amount is None else amount)
    return tuple((name, count) for name, count in amounts.items() if count)


def triple(values: Sequence[int]) -> tuple[int, int, int]:
    """Three numbers, one for each axis."""
    x, y, z = values
    return (x, y, z)
