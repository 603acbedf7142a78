"""Decisions of a live controller (``decisions_*.jsonl``): one job against one state each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..cluster import Cluster
from ..hostlist import expand
from ..instance import Instance, RunningJob
from ..job import Job, Switches
from ..legality import Exclusive
from ..topology import Topology, Torus
from .recordings_cluster import (
    Indices,
    block_topology,
    index_hostlists,
    make_cluster,
    make_resource,
    parse_licenses,
    ring_topology,
    torus,
    torus_topology,
    tree_topology,
    triple,
    used_amounts,
)

Record = Mapping[str, Any]

_KINDS = {"blocks": "block", "rings": "ring", "toruses": "torus3d", "switches": "tree"}


def decision_recording(record: Record) -> tuple[str, str, Instance, dict[str, Any]]:
    """Identifier, kind, instance and the fields of the outcome."""
    cluster, indices = recorded_cluster(record)
    instance = Instance(
        cluster=cluster,
        jobs=(make_job("job", record["request"], cluster),),
        running=running_jobs(record["busy_jobs"], cluster, indices),
        unavailable=frozenset(indices(record["drained"])),
        blocked=frozenset(indices(record["blocked"])),
        used=used_amounts(record.get("layers_before") or (), cluster.resources, indices),
    )
    kind = "hres" if record.get("resources") else cluster.topologies[0].kind
    outcome = record["outcome"]
    nodes = outcome.get("nodelist")
    fields = {
        "decision": outcome["decision"],
        "nodes": None if nodes is None else frozenset(indices(nodes)),
        "reason": outcome.get("reason"),
        "error": outcome.get("error"),
        "code": outcome.get("errno"),
    }
    return record["id"], kind, instance, fields


def recorded_cluster(record: Record) -> tuple[Cluster, Indices]:
    """The cluster of a decision or a queue; equal ones are the same object."""
    parts = {
        key: record.get(key)
        for key in ("topology", "nodes_total", "weights", "resources", "partition_topology")
    }
    return _cluster(json.dumps(parts, sort_keys=True))


@lru_cache(maxsize=8)
def _cluster(text: str) -> tuple[Cluster, Indices]:
    record = json.loads(text)
    names = expand(record["nodes_total"])
    indices = index_hostlists(names)
    weights = [1] * len(names)
    for group in record["weights"] or ():
        for node in indices(group["nodes"]):
            weights[node] = group["weight"]
    topology = _topology(record["topology"], indices)
    resources = tuple(make_resource(each, indices) for each in record["resources"] or ())
    partition = "flat" if record["partition_topology"] == "flat" else "p"
    return make_cluster(names, weights, topology, resources, partition), indices


def _topology(record: Record, indices: Indices) -> Topology:
    kind = next((kind for key, kind in _KINDS.items() if key in record), None)
    if kind == "block":
        blocks = [(block["name"], indices(block["nodes"])) for block in record["blocks"]]
        return block_topology(record.get("block_sizes"), blocks)
    if kind == "ring":
        return ring_topology([(ring["name"], indices(ring["nodes"])) for ring in record["rings"]])
    if kind == "torus3d":
        return torus_topology([_torus(each, indices) for each in record["toruses"]])
    if kind == "tree":
        return tree_topology(
            [
                (each["switch"], indices(each.get("nodes")), expand(each.get("children") or ""))
                for each in record["switches"]
            ]
        )
    raise ValueError("unknown kind of topology")


def _torus(record: Record, indices: Indices) -> Torus:
    dims = _axes(record["dims"])
    cells = [-1] * (dims[0] * dims[1] * dims[2])
    whole = {"anchor": None, "dims": record["dims"], "nodes": record.get("nodes") or ""}
    for region in record.get("regions") or [whole]:
        left, front, low = _axes(region["anchor"])
        width, depth, height = _axes(region["dims"])
        box = [
            (left + x) + dims[0] * (front + y) + dims[0] * dims[1] * (low + z)
            for z in range(height)
            for y in range(depth)
            for x in range(width)
        ]
        for cell, node in zip(box, indices(region["nodes"]), strict=False):
            cells[cell] = node
    placements = [
        (_axes(each["dims"]), _axes(each.get("anchor_spacing")), _axes(each.get("anchor_seed")))
        for each in record.get("placements") or ()
    ]
    return torus(record["name"], dims, cells, placements)


def _axes(record: Mapping[str, int] | None) -> tuple[int, int, int]:
    return triple([(record or {}).get(axis, 0) for axis in "xyz"])


def make_job(job_id: str, request: Record, cluster: Cluster, **extra: Any) -> Job:
    """The job of a recorded request; `extra` are further fields of `Job`."""
    nodelist = request.get("nodelist")
    switches = request.get("switches")
    return Job(
        job_id=job_id,
        num_nodes=request["nodes"],
        max_nodes=request["nodes"],
        segment=request["segment"],
        spread_segments=request["spread_segments"],
        consolidate_segments=request["consolidate_segments"],
        exclusive=Exclusive.TOPO if request["exclusive_topo"] else None,
        switches=Switches(switches) if switches else None,
        nodelist=tuple(expand(nodelist)) if nodelist else None,
        exclude=tuple(expand(request.get("exclude") or "")),
        licenses=parse_licenses(request.get("licenses"), cluster.resources),
        **extra,
    )


def running_jobs(
    records: Sequence[Record], cluster: Cluster, indices: Indices
) -> tuple[RunningJob, ...]:
    """The jobs that hold nodes; instants count from the state's own, which is 0."""
    running = []
    for number, record in enumerate(records):
        nodes = frozenset(indices(record["nodelist"]))
        limit, elapsed = record.get("time_limit_min"), record.get("elapsed_s")
        job = Job(
            job_id=f"running-{number}",
            num_nodes=len(nodes),
            max_nodes=len(nodes),
            exclusive=Exclusive.TOPO if record["exclusive_topo"] else None,
            licenses=parse_licenses(record.get("licenses"), cluster.resources),
            time_limit_s=None if limit is None else 60 * limit,
            start_s=None if elapsed is None else -round(elapsed),
        )
        partition = record.get("partition") or cluster.partitions[0].name
        running.append(RunningJob(job, nodes, partition))
    return tuple(running)
