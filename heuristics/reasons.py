"""Why an engine did not start a job, as far as that is cheap to tell."""

from __future__ import annotations

from ..models.instance import Instance
from ..models.job import Job
from ..models.never import NeverExplainer
from ..models.plan import Reason, Unplaced
from .state import State

# Pairs of waiting job and node up to which `never` is looked into thoroughly: counting 55,000
# nodes takes some 20 milliseconds, and jobs with nodes excluded have theirs counted each.
_MAX_NEVER_CHECKS = 2_000_000


def unplaced(state: State, supports: frozenset[str] | None = None) -> tuple[Unplaced, ...]:
    """Every job of the instance that is not started in `state`, and every ineligible one.

    Parameters
    ----------
    supports
        Kinds of topology that the engine places jobs on; None means all.
    """
    instance = state.instance
    free = _FreeCounts(instance)
    jobs = [job for job in instance.jobs if job.job_id not in state.started]
    is_small = len(jobs) * len(instance.cluster.nodes) <= _MAX_NEVER_CHECKS
    explainer = NeverExplainer(instance, state.legality) if is_small else None
    waiting = [
        _unsupported(instance, job, supports)
        or _never(instance, job, explainer)
        or _waits(instance, job, free)
        for job in jobs
    ]
    ineligible = [
        Unplaced(held.job.job_id, Reason.INELIGIBLE, "", held.reason)
        for held in instance.ineligible
    ]
    return tuple(waiting + ineligible)


def _unsupported(instance: Instance, job: Job, supports: frozenset[str] | None) -> Unplaced | None:
    """The answer for jobs that ask for kinds of topology which the engine does not know."""
    partitions = instance.partitions_of(job)
    kinds = {instance.cluster.topology_of(partition).kind for partition in partitions}
    if supports is None or kinds & supports:
        return None
    message = f"this engine places no jobs on topology/{', topology/'.join(sorted(kinds))}"
    return Unplaced(job.job_id, Reason.UNDECIDED, _ruling(instance, job), message)


class _FreeCounts:
    """Number of free nodes among candidates, counted once per set of candidates."""

    def __init__(self, instance: Instance) -> None:
        self._free = instance.free
        self._known: dict[frozenset[int], int] = {}

    def __call__(self, eligible: frozenset[int]) -> int:
        count = self._known.get(eligible)
        if count is None:
            count = self._known[eligible] = len(eligible & self._free)
        return count


def _waits(instance: Instance, job: Job, free_among: _FreeCounts) -> Unplaced:
    free = max(
        free_among(instance.eligible(job, partition)) for partition in instance.partitions_of(job)
    )
    if free < job.num_nodes:
        message = f"wants {job.num_nodes} nodes, {free} it could use are free"
        return Unplaced(job.job_id, Reason.WAITS, "available", message)
    message = "no room found beside the jobs placed before it (a heuristic's answer, no proof)"
    return Unplaced(job.job_id, Reason.WAITS, _ruling(instance, job), message)


def _never(instance: Instance, job: Job, explainer: NeverExplainer | None) -> Unplaced | None:
    """Whether the job can never start, whatever is free; without `explainer` by counts alone."""
    finding = _too_large(instance, job) if explainer is None else explainer.explain(job)
    return None if finding is None else Unplaced(job.job_id, Reason.NEVER, *finding)


def _too_large(instance: Instance, job: Job) -> tuple[str, str] | None:
    partitions = instance.partitions_of(job)
    kinds = {instance.cluster.topology_of(partition).kind for partition in partitions}
    if not job.is_divisible and kinds <= {"block", "ring", "torus3d"}:
        return "segment", f"--segment={job.segment} does not divide {job.num_nodes} nodes"
    most = max(len(instance.eligible(job, partition)) for partition in partitions)
    if most < job.num_nodes:
        return "node_count", f"wants {job.num_nodes} nodes, only {most} exist that it may use"
    return None


def _ruling(instance: Instance, job: Job) -> str:
    """The rule that most likely keeps the job out of free nodes that would be enough."""
    partition = instance.partitions_of(job)[0]
    if instance.required(job, partition):
        return "required_nodes"
    if instance.is_exclusive(job, partition):
        return "exclusive_wanted"
    units = instance.units(job, partition)
    if units.consolidates:
        return "consolidate_segments"
    if units.spreads:
        return "spread_segments"
    kind = instance.cluster.topology_of(partition).kind
    rules = {"block": "block_region", "ring": "ring_arc", "torus3d": "torus_anchor"}
    if kind == "tree":
        return "common_switch" if job.switches is None else "leaf_switches"
    return rules.get(kind, "contiguous" if job.contiguous else "available")
