"""Orders of the queue for objectives that do not prescribe one, and what a job is worth there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import pow

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective
from .placing import nominal_size

# Exponent of a unit's size in base blocks.
_PREFERENCE = 0.2
# Share of a plan's nodes, least dense first, that a job left out competes with.
_MARGIN = 0.2
# How much earlier a job comes for every pass that left it out.
_URGENCY = 1.08
_LESSONS = 20


def job_values(instance: Instance, objective: Objective) -> dict[str, int]:
    """What starting each job adds to the first term.

    Priorities as powers of two: their sum orders plans as the start vector does.
    """
    jobs = instance.jobs
    match objective:
        case Objective.PRIORITY:
            return {job.job_id: 1 << (len(jobs) - 1 - at) for at, job in enumerate(jobs)}
        case Objective.WEIGHTED:
            return {job.job_id: job.effective_weight * job.num_nodes for job in jobs}
        case Objective.THROUGHPUT:
            return {job.job_id: job.num_nodes for job in jobs}
        case Objective.JOBS:
            return {job.job_id: 1 for job in jobs}


def densities(instance: Instance, objective: Objective) -> dict[str, float]:
    """How much every job is preferred: value per node it takes, or its place in the queue."""
    jobs = instance.jobs
    if objective is Objective.PRIORITY:
        return {job.job_id: float(len(jobs) - at) for at, job in enumerate(jobs)}
    values = job_values(instance, objective)
    return {job.job_id: values[job.job_id] / nodes_taken(instance, job) for job in jobs}


def nodes_taken(instance: Instance, job: Job) -> int:
    """Nodes that the job takes from others: an exclusive one keeps the rest of its units, too."""
    partition = instance.partitions_of(job)[0]
    topology = instance.cluster.topology_of(partition)
    if topology.kind == "flat" or not instance.is_exclusive(job, partition):
        return job.num_nodes
    nominal = nominal_size(topology, len(instance.cluster.nodes))
    units = instance.units(job, partition)
    per_nominal = 1 if units.spreads else max(1, nominal // units.size)
    return -(-units.count // per_nominal) * -(-units.size // nominal) * nominal


def queue_orders(instance: Instance, density: Mapping[str, float]) -> Iterator[Sequence[Job]]:
    """Orders of the queue worth trying, best first.

    By value per node that the job takes from others, with units beyond a base block preferred
    (`preferences`). Then equal densities with large jobs or large units first, a slight preference
    for large jobs, for large and for small units.
    """
    preference = preferences(instance, density)
    keys: tuple[Callable[[Job], tuple[float, ...]], ...] = (
        lambda job: (-preference[job.job_id], -job.num_nodes, -job.unit_size),
        lambda job: (-density[job.job_id], -job.num_nodes, -job.unit_size),
        lambda job: (-density[job.job_id] * job.num_nodes**0.1, -job.unit_size),
        lambda job: (-density[job.job_id], -job.unit_size, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.unit_size**0.1, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.unit_size**-0.1, -job.num_nodes),
    )
    for key in keys:
        yield sorted(instance.jobs, key=key)


def preferences(instance: Instance, density: Mapping[str, float]) -> dict[str, float]:
    """The density of every job, higher for units larger than a base block.

    Room for those is lost for good once small ones lie scattered, while small ones still fit into
    what large ones leave.
    """
    num_nodes = len(instance.cluster.nodes)
    bases = {
        partition.name: nominal_size(instance.cluster.topology_of(partition), num_nodes)
        for partition in instance.cluster.partitions
    }
    return {
        job.job_id: density[job.job_id]
        * pow(max(1.0, job.unit_size / bases[instance.partitions_of(job)[0].name]), _PREFERENCE)
        for job in instance.jobs
    }


def lessons(
    instance: Instance,
    order: Sequence[Job],
    density: Mapping[str, float],
    started: Mapping[str, object],
) -> Iterator[Sequence[Job]]:
    """Further orders, each learned from the pass before it; as long as there is a lesson.

    A job that was left out although it is worth more than the least of what started comes earlier
    next time. Whatever made it fail (a scarce aggregate, partition, feature or cap), that is what
    helps it, so nothing needs to know the reason.

    Parameters
    ----------
    order
        Of the pass before the first of these.
    started
        The jobs of the latest pass, by id, whenever the next order is asked for.
    """
    taken = {job.job_id: nodes_taken(instance, job) for job in order}
    urgency = preferences(instance, density)
    for _ in range(_LESSONS):
        margin = _marginal_density(density, taken, started)
        missed = [
            job.job_id
            for job in order
            if job.job_id not in started and density[job.job_id] >= margin
        ]
        if not missed:
            return
        for job_id in missed:
            urgency[job_id] *= _URGENCY
        order = sorted(order, key=lambda job: -urgency[job.job_id])
        yield order


def _marginal_density(
    density: Mapping[str, float], taken: Mapping[str, int], started: Mapping[str, object]
) -> float:
    """The density below which the least dense jobs of a plan take `_MARGIN` of its nodes."""
    least_first = sorted(started, key=lambda job_id: density[job_id])
    totals = accumulate(taken[job_id] for job_id in least_first)
    wanted = _MARGIN * sum(taken[job_id] for job_id in least_first)
    pairs = zip(least_first, totals, strict=True)
    return next((density[job_id] for job_id, total in pairs if total >= wanted), 0.0)
