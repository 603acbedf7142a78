"""Writes an instance as the files that operators have: topology.yaml, CSVs, power.yaml."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from ..models.cluster import Cluster
from ..models.hostlist import fold
from ..models.instance import Instance
from ..models.job import Job
from ..models.resources import Resource
from ..models.topology import (
    BlockTopology,
    FlatTopology,
    RingTopology,
    Topology,
    Torus,
    TorusTopology,
    TreeTopology,
)

JOB_COLUMNS = (
    "job_id",
    "state",
    "nodes",
    "segment",
    "spread_segments",
    "consolidate_segments",
    "exclusive",
    "switches",
    "contiguous",
    "partition",
    "nodelist",
    "exclude",
    "features",
    "licenses",
    "power_w",
    "priority",
    "weight",
    "submit",
    "start",
    "time_limit",
)


def write_instance(instance: Instance, folder: Path) -> None:
    """Write every file of an instance into `folder`, which is created.

    Parameters
    ----------
    instance
        Nodes held by unknown jobs (`allocated`) and BLOCKED ones are written as node states.
    folder
        Gets topology.yaml, nodes.csv, jobs.csv and, with resources, resources.yaml or power.yaml.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "topology.yaml").write_text(topology_yaml(instance.cluster))
    (folder / "nodes.csv").write_text(nodes_csv(instance))
    (folder / "jobs.csv").write_text(jobs_csv(instance))
    if any(partition.topology for partition in instance.cluster.partitions):
        (folder / "slurm.conf").write_text(slurm_conf(instance.cluster))
    for is_power, name in ((False, "resources.yaml"), (True, "power.yaml")):
        resources = [entry for entry in instance.cluster.resources if entry.is_power is is_power]
        if resources:
            (folder / name).write_text(resources_yaml(instance.cluster, resources))


def unavailable_hostlist(instance: Instance) -> str:
    """The hostlist for ``--unavailable``."""
    return fold(instance.cluster.names(instance.unavailable))


def topology_yaml(cluster: Cluster) -> str:
    """Slurm's topology.yaml of a cluster; its first topology is the default one."""
    lines = ["---"]
    for index, topology in enumerate(cluster.topologies):
        lines.append(f"- topology: {topology.name}")
        lines.append(f"  cluster_default: {'true' if index == 0 else 'false'}")
        lines += _topology_lines(cluster, topology)
    return "\n".join(lines) + "\n"


def _topology_lines(cluster: Cluster, topology: Topology) -> list[str]:
    match topology:
        case BlockTopology():
            sizes = ", ".join(map(str, topology.block_sizes))
            lines = ["  block:", f"    block_sizes: [{sizes}]", "    blocks:"]
            for block in topology.blocks:
                lines.append(f"      - block: {block.name}")
                if block.nodes:
                    lines.append(f'        nodes: "{_fold(cluster, block.nodes)}"')
            return lines
        case RingTopology():
            lines = ["  ring:", "    rings:"]
            for ring in topology.rings:
                lines.append(f"      - ring: {ring.name}")
                lines.append(f'        nodes: "{_fold(cluster, ring.nodes, keep_order=True)}"')
            return lines
        case TorusTopology():
            return ["  torus3d:", "    toruses:"] + [
                line for torus in topology.toruses for line in _torus_lines(cluster, torus)
            ]
        case TreeTopology():
            lines = ["  tree:", "    switches:"]
            for switch in topology.switches:
                lines.append(f"      - switch: {switch.name}")
                if switch.children:
                    names = [topology.switches[child].name for child in switch.children]
                    lines.append(f'        children: "{fold(names)}"')
                elif switch.nodes:
                    lines.append(f'        nodes: "{_fold(cluster, switch.nodes)}"')
            return lines
        case FlatTopology():
            return ["  flat: true"]


def _torus_lines(cluster: Cluster, torus: Torus) -> list[str]:
    if -1 in torus.cells:
        raise ValueError(f"torus {torus.name} has empty cells; regions are not written")
    lines = [
        f"      - name: {torus.name}",
        f"        dims: {_axes(torus.dims)}",
        f'        nodes: "{_fold(cluster, torus.cells, keep_order=True)}"',
        "        placements:",
    ]
    for placement in torus.placements:
        lines.append(f"          - dims: {_axes(placement.dims)}")
        lines.append(f"            anchor_spacing: {_axes(placement.spacing)}")
        lines.append(f"            anchor_seed: {_axes(placement.seed)}")
    return lines


def _axes(values: tuple[int, int, int]) -> str:
    return f"{{x: {values[0]}, y: {values[1]}, z: {values[2]}}}"


def _fold(cluster: Cluster, nodes: Iterable[int], *, keep_order: bool = False) -> str:
    return fold((cluster.nodes[node].name for node in nodes), keep_order=keep_order)


def resources_yaml(cluster: Cluster, resources: Iterable[Resource]) -> str:
    """resources.yaml (or our power.yaml, with unit and idle_w) of some resources."""
    lines = ["---"]
    for resource in resources:
        lines += [f"- resource: {resource.name}", f"  mode: {resource.mode.name}"]
        if resource.topology is not None:
            lines.append(f"  topology: {resource.topology}")
        if resource.unit is not None:
            lines += [f"  unit: {resource.unit}", f"  idle_w: {resource.idle_w}"]
        if resource.variables:
            lines.append("  variables:")
            for name, value in resource.variables.items():
                lines += [f"    - name: {name}", f"      value: {value}"]
        lines.append("  layers:")
        for layer in resource.layers:
            first = f"name: {layer.name}" if resource.is_power and layer.name else None
            nodes = f'nodes: ["{_fold(cluster, layer.nodes)}"]'
            keys = [key for key in (first, nodes, f"count: {layer.count}") if key]
            lines += [f"    {'- ' if index == 0 else '  '}{key}" for index, key in enumerate(keys)]
    return "\n".join(lines) + "\n"


def slurm_conf(cluster: Cluster) -> str:
    """The node and partition lines of a slurm.conf: which topology each partition is placed on."""
    everything = range(len(cluster.nodes))
    lines = [f"NodeName={_fold(cluster, everything)} State=UNKNOWN"]
    for index, partition in enumerate(cluster.partitions):
        words = [f"PartitionName={partition.name}", f"Nodes={_fold(cluster, partition.nodes)}"]
        words += [f"Default={'YES' if index == 0 else 'NO'}"]
        words += [f"Topology={partition.topology}"] * bool(partition.topology)
        words += [f"PriorityTier={partition.priority_tier}"]
        words += ["Exclusive=TOPO"] * partition.is_exclusive_topo
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def nodes_csv(instance: Instance) -> str:
    """The CSV for ``--nodes``: state, partitions and profile of every node."""
    cluster = instance.cluster
    partitions_of: dict[int, list[str]] = {}
    if len(cluster.partitions) > 1:
        for partition in cluster.partitions:
            for node in partition.nodes:
                partitions_of.setdefault(node, []).append(partition.name)
    columns = ["node", "state", "gpus"]
    has_power = any(node.power_w for node in cluster.nodes)
    has_features = any(node.features for node in cluster.nodes)
    columns += ["partitions"] * bool(partitions_of) + ["power_w"] * has_power
    columns += ["features"] * has_features
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for index, entry in enumerate(cluster.nodes):
        writer.writerow(
            {
                "node": entry.name,
                "state": _state(instance, index),
                "gpus": entry.gpus or "",
                "partitions": ",".join(partitions_of.get(index, [])),
                "power_w": entry.power_w,
                "features": ",".join(sorted(entry.features)),
            }
        )
    return text.getvalue()


def _state(instance: Instance, node: int) -> str:
    if node in instance.unavailable:
        return "drained"
    if node in instance.occupied:
        return "allocated"
    return "blocked" if node in instance.blocked else "idle"


def jobs_csv(instance: Instance) -> str:
    """The CSV for ``--jobs``: running jobs first, then the queue; unused columns are left out."""
    rows = [
        _job_row(held.job)
        | {"state": "running", "nodelist": _fold(instance.cluster, held.nodes)}
        | ({"partition": held.partition} if held.partition else {})
        for held in instance.running
    ]
    rows += [_job_row(job) for job in instance.jobs]
    columns = [name for name in JOB_COLUMNS if any(row.get(name) for row in rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _job_row(job: Job) -> dict[str, str]:
    switches = job.switches
    values: dict[str, object] = {
        "job_id": job.job_id,
        "nodes": job.num_nodes,
        "segment": job.segment,
        "spread_segments": "true" if job.spread_segments else None,
        "consolidate_segments": "true" if job.consolidate_segments else None,
        "exclusive": job.exclusive.value if job.exclusive else None,
        "switches": f"{switches.count}@{switches.max_wait_s // 60}" if switches else None,
        "contiguous": "true" if job.contiguous else None,
        "partition": ",".join(job.partitions),
        "nodelist": fold(job.nodelist) if job.nodelist else None,
        "exclude": fold(job.exclude) if job.exclude else None,
        "features": job.features,
        "licenses": ",".join(f"{name}:{count}" for name, count in job.licenses),
        "power_w": job.power_w,
        "priority": job.priority,
        "weight": job.weight,
        "submit": job.submit_s,
        "start": job.start_s,
        "time_limit": job.time_limit_s // 60 if job.time_limit_s else None,
    }
    return {name: str(value) for name, value in values.items() if value not in (None, "")}
