"""topology/tree: below one common switch, on few leaf switches (slurm_semantics 3.4)."""

from __future__ import annotations

from ..instance import Instance
from ..job import Job
from ..topology import TreeTopology
from .start import Start


def common_switch(start: Start) -> str | None:
    """All nodes lie below one common switch, at any level."""
    topology = start.topology
    if not isinstance(topology, TreeTopology) or not start.is_ruled:
        return None
    if any(start.nodes <= topology.members[root] for root in topology.roots):
        return None
    return f"no switch reaches all of its {len(start.nodes)} nodes"


def leaf_limit(instance: Instance, topology: TreeTopology, job: Job) -> int | None:
    """Most leaf switches that ``--switches`` allows the job now; None means any number.

    The count binds while the job has waited less than its time (the state's instant or the
    submit time unknown: it still waits). Dragonfly resets counts above 1.
    """
    switches = job.switches
    if switches is None or switches.count <= 0:
        return None
    if topology.is_dragonfly and switches.count > 1:
        return None
    if instance.now_s is not None and job.submit_s is not None:
        if instance.now_s - job.submit_s >= switches.max_wait_s:
            return None
    return switches.count


def leaf_switches(start: Start) -> str | None:
    """``--switches=count@time``: at most `count` leaf switches while the job waits for them."""
    topology = start.topology
    if not isinstance(topology, TreeTopology) or not start.is_ruled:
        return None
    limit = leaf_limit(start.instance, topology, start.job)
    if limit is None:
        return None
    leaves = {topology.leaf_of[node] for node in start.nodes if node in topology.leaf_of}
    if len(leaves) > limit:
        return f"uses {len(leaves)} leaf switches, at most {limit} allowed while it waits"
    return None
