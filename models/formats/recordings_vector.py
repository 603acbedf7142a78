"""Golden vectors of the compiled topology plugins (slurm_semantics 11.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..cluster import Cluster
from ..instance import Instance
from ..job import Job
from ..resources import INFINITE, Layer, Mode, Resource
from ..topology import FlatTopology, Topology
from .recordings_cluster import (
    TOPOLOGY,
    block_topology,
    make_cluster,
    ring_topology,
    torus,
    torus_topology,
    tree_topology,
    triple,
)

Record = Mapping[str, Any]

PERMANENT = 2178
RESOURCE = "power"


def vector_recording(record: Record) -> tuple[str, Instance, dict[str, Any]]:
    """Kind, instance and the fields of the outcome."""
    request, expect = record["request"], record["expect"]
    parts = {"topology": record["topology"], "num_nodes": record["num_nodes"]}
    parts["weights"] = request.get("weights")
    cluster = _cluster(json.dumps(parts, sort_keys=True))
    instance = Instance(
        cluster=cluster,
        jobs=(_job(request),),
        allocated=frozenset(node - 1 for node in request["busy"]),
    )
    if expect["ok"]:
        nodes = frozenset(node - 1 for node in expect["nodes"])
        return _kind(record["topology"]), instance, {"decision": "start_now", "nodes": nodes}
    decision = "rejected" if expect["rc"] == PERMANENT else "not_started"
    fields = {"decision": decision, "error": expect["msg"], "code": expect["rc"]}
    return _kind(record["topology"]), instance, fields


def _kind(topology: Record) -> str:
    if topology.get("hres"):
        return "block_hres_mode3"
    return "tree_dragonfly" if topology.get("dragonfly") else str(topology["type"])


def _job(request: Record) -> Job:
    required = request.get("required")
    per_node = request.get("per_node")
    return Job(
        job_id="job",
        num_nodes=request["min_nodes"],
        max_nodes=request["max_nodes"],
        segment=request.get("segment"),
        spread_segments=bool(request.get("spread")),
        consolidate_segments=bool(request.get("consolidate")),
        contiguous=bool(request.get("contiguous")),
        nodelist=tuple(str(node) for node in required) if required else None,
        licenses=((RESOURCE, per_node),) if per_node else (),
    )


@lru_cache(maxsize=8)
def _cluster(text: str) -> Cluster:
    record = json.loads(text)
    number = record["num_nodes"]
    names = [str(node) for node in range(1, number + 1)]
    hres = record["topology"].get("hres")
    resources = (_resource(hres),) if hres else ()
    topology = _topology(record["topology"])
    return make_cluster(names, record["weights"] or [1] * number, topology, resources)


def _resource(record: Record) -> Resource:
    # Slurm honours the mapping only of a resource with a variable (5.1), so a mapped one has one.
    return Resource(
        name=RESOURCE,
        mode=Mode(record["mode"]),
        layers=tuple(
            Layer(
                frozenset(node - 1 for node in layer["nodes"]),
                INFINITE if layer["count"] < 0 else layer["count"],
            )
            for layer in record["layers"]
        ),
        variables={"unit": 1} if record["mapped"] else {},
        topology=TOPOLOGY if record["mapped"] else None,
    )


def _topology(record: Record) -> Topology:
    kind = record["type"]
    if kind == "block":
        blocks = [
            (f"b{index}", _indices(nodes)) for index, nodes in enumerate(record["blocks"], 1)
        ]
        return block_topology(record["block_sizes"], blocks)
    if kind == "ring":
        rings = [(f"r{index}", _indices(nodes)) for index, nodes in enumerate(record["rings"])]
        return ring_topology(rings)
    if kind == "torus3d":
        toruses = []
        for index, each in enumerate(record["toruses"]):
            dims = triple(each["dims"])
            first = each["first_node"] - 1
            placements = [
                (shape["dims"], shape["anchor_spacing"], shape["anchor_seed"])
                for shape in each["placements"]
            ]
            cells = range(first, first + dims[0] * dims[1] * dims[2])
            toruses.append(torus(f"t{index}", dims, cells, placements))
        return torus_topology(toruses)
    if kind == "tree":
        switches = [
            (each["name"], _indices(each["nodes"]), each["children"] or ())
            for each in record["switches"]
        ]
        return tree_topology(switches, record["dragonfly"])
    if kind == "flat":
        return FlatTopology(TOPOLOGY)
    raise ValueError(f"unknown topology {kind!r}")


def _indices(nodes: list[int] | None) -> tuple[int, ...]:
    return tuple(node - 1 for node in nodes or ())
