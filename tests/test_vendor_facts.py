"""Facts of Slurm's own test suite about placement come out of rules and exact engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rackwright.models.cluster import Cluster
from rackwright.models.instance import Instance
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.plan import PlanOptions, Reason
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.rules import find_segments
from rackwright.models.topology import (
    Block,
    BlockTopology,
    FlatTopology,
    Switch,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)
from rackwright.solver import optimal

Record = Mapping[str, Any]
NUM_CASES = 39


def cases(folder: Path) -> list[Record]:
    text = (folder / "cases" / "slurm_topology_cases.json").read_text(encoding="utf-8")
    return list(json.loads(text)["cases"])


def instance_of(case: Record) -> Instance:
    record = case["topology"]
    names = node_names(record)
    index_of = {name: index for index, name in enumerate(names)}
    topology = topology_of(record, index_of)
    resources = (resource_of(case["power"], index_of),) if "power" in case else ()
    cluster = Cluster(tuple(map(Node, names)), (topology,), (), resources)
    return Instance(cluster, tuple(job_of(job) for job in case["jobs"]))


def node_names(record: Record) -> list[str]:
    groups = [*record.get("blocks", ()), *record.get("toruses", ()), record]
    found = dict.fromkeys(name for group in groups for name in group.get("nodes", ()))
    # node10 after node9: the numbers are all that differs within a kind of name.
    return sorted(found, key=lambda name: (len(name), name))


def topology_of(record: Record, index_of: Mapping[str, int]) -> Topology:
    def indices(group: Record) -> tuple[int, ...]:
        return tuple(index_of[name] for name in group.get("nodes", ()))

    match record["kind"]:
        case "block":
            base = record["block_sizes"][0]
            levels = sorted((size // base).bit_length() - 1 for size in record["block_sizes"])
            named = tuple(
                Block(block["name"], tuple(sorted(indices(block)))) for block in record["blocks"]
            )
            return BlockTopology("default", base, tuple(levels), named)
        case "tree":
            position = {each["name"]: i for i, each in enumerate(record["switches"])}
            return TreeTopology(
                "default",
                tuple(
                    Switch(
                        each["name"],
                        indices(each),
                        tuple(position[child] for child in each.get("children", ())),
                    )
                    for each in record["switches"]
                ),
            )
        case "torus3d":
            return TorusTopology(
                "default",
                tuple(
                    Torus(
                        each["name"],
                        tuple(each["dims"]),
                        indices(each),
                        tuple(
                            TorusPlacement(tuple(dims), tuple(dims)) for dims in each["placements"]
                        ),
                    )
                    for each in record["toruses"]
                ),
            )
        case _:
            return FlatTopology("default")


def resource_of(record: Record, index_of: Mapping[str, int]) -> Resource:
    covered = [frozenset(index_of[name] for name in layer["nodes"]) for layer in record["layers"]]
    # Base loads count in all layers above, too.
    bases = [
        sum(
            layer["base"]
            for layer, below in zip(record["layers"], covered, strict=True)
            if below <= nodes
        )
        for nodes in covered
    ]
    layers = tuple(
        Layer(nodes, layer["count"], base)
        for layer, nodes, base in zip(record["layers"], covered, bases, strict=True)
    )
    return Resource(record["resource"], Mode[record["mode"]], layers)


def job_of(record: Record) -> Job:
    switches = record.get("switches")
    power = record.get("power_per_node")
    nodelist = record.get("nodelist")
    return Job(
        str(record["id"]),
        record["nodes"],
        segment=record.get("segment"),
        switches=Switches(switches) if switches else None,
        nodelist=tuple(nodelist) if nodelist else None,
        licenses=(("power", power),) if power else (),
    )


@pytest.mark.parametrize("legality", list(Legality))
@pytest.mark.parametrize("number", range(NUM_CASES))
def test_fact(shared_data: Path, number: int, legality: Legality) -> None:
    case = cases(shared_data)[number]
    state = instance_of(case)
    if case["jobs"][0]["expect"].startswith("audit"):
        check_audit(case, state, legality)
        return
    result = optimal(state, PlanOptions(legality=legality))
    reasons = {each.job_id: each.reason for each in result.unplaced}
    for record in case["jobs"]:
        placement = result.plan.placement_of.get(str(record["id"]))
        assert (placement is not None) == (record["expect"] == "runs"), case["name"]
        if record["expect"] == "rejected_at_submit":
            assert reasons[str(record["id"])] is Reason.NEVER
        if placement is not None and "allowed_nodesets" in record:
            # A choice of Slurm's among legal ones binds nobody else.
            if not case.get("heuristic_only"):
                names = set(state.cluster.names(placement.nodes))
                assert names in [set(allowed) for allowed in record["allowed_nodesets"]]


def check_audit(case: Record, state: Instance, legality: Legality) -> None:
    (record,) = case["jobs"]
    nodes = [state.cluster.index_of[name] for name in record["recorded_nodes"]]
    partition = state.cluster.partitions[0]
    found = find_segments(state, state.jobs[0], partition, nodes, legality)
    assert (found is not None) == (record["expect"] == "audit_ok")


def test_no_case_is_left_out(shared_data: Path) -> None:
    assert len(cases(shared_data)) == NUM_CASES
