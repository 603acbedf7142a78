"""Names of our rules for the steps at which Slurm's selection fails."""

from __future__ import annotations

from ...models.instance import Instance
from ...models.job import Job
from ...models.resources import Mode
from .submit import Decision

# Beginnings of failing steps; the first that matches counts.
_RULES = (
    ("0.6 more nodes", "node_count"),
    ("0.6 --nodelist", "nodelist"),
    ("0.6 required", "required_nodes"),
    ("0.5 required", "required_nodes"),
    ("0.5 fewer", "available"),
    ("0.4", "outside_blocks"),
    ("0.1", "required_nodes"),
    ("0.3", "available"),
    ("3.1.3 required", "required_nodes"),
    ("3.1.4 required", "lower_level_blocks"),
    ("3.1.4 light", "lower_level_blocks"),
    ("3.1.5 required", "nodelist"),
    ("3.1.5 no consolidate", "consolidate_segments"),
    ("3.1.5", "segment"),
    ("3.1.3 no candidate block for", "segment"),
    ("3.1", "block_region"),
    ("3.2", "ring_arc"),
    ("3.3", "torus_anchor"),
    ("3.4 more leaf", "leaf_switches"),
    ("3.4", "common_switch"),
    ("3.5", "available"),
)
_NEVER = "0.6 never, all nodes idle: "


def rule_of(answer: Decision, job: Job, instance: Instance) -> str:
    """The rule of ours that comes closest to the step at which `answer` failed."""
    step = (answer.step or "").removeprefix(_NEVER)
    if step.startswith("5."):
        return _resource_rule(job, instance)
    return next((rule for start, rule in _RULES if step.startswith(start)), "available")


def _resource_rule(job: Job, instance: Instance) -> str:
    """The mode of the resource that the job asks for; power caps without one."""
    requested = {name for name, _ in job.licenses}
    modes = [
        resource.mode
        for resource in instance.cluster.resources
        if resource.name in requested and not resource.is_power
    ]
    if not modes:
        return "power"
    names = {Mode.MODE_1: "mode_1", Mode.MODE_2: "mode_2", Mode.MODE_3: "mode_3"}
    return names[max(modes)]
