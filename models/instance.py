"""The instance: a cluster, what runs on it now, and the queue to be planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import filterfalse

from .cluster import Cluster, Partition
from .features import matches_features
from .job import Job


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that holds nodes: a fact, neither planned nor checked.

    Attributes
    ----------
    job
        As submitted; `start_s` and `time_limit_s` tell when it must end.
    nodes
        Node indices that it holds.
    partition
        Name of the partition it runs in; None for the default one.
    """

    job: Job
    nodes: frozenset[int]
    partition: str | None = None


@dataclass(frozen=True, slots=True)
class IneligibleJob:
    """A pending job that cannot start whatever the placement: held, a dependency, begin time."""

    job: Job
    reason: str


@dataclass(frozen=True, slots=True)
class Units:
    """A job as placement units on one topology: `count` units of `size` nodes each."""

    count: int
    size: int
    spreads: bool
    consolidates: bool


@dataclass(frozen=True)
class Instance:
    """All that a placer needs to know.

    Attributes
    ----------
    cluster
        The machine.
    jobs
        Pending jobs to be planned, in priority order: partition tier, priority, submit time, id.
    running
        Jobs that hold nodes.
    unavailable
        Node indices that are down, drained, reserved ... ; not held by a job.
    allocated
        Node indices held by jobs that are not in `running` (state ALLOCATED, job unknown).
    blocked
        Node indices in state BLOCKED: an exclusive job that is not in `running` holds their unit.
    used
        Per resource name, the amount used in each of its layers, `base` not included.
    ineligible
        Pending jobs that are listed, not planned.
    now_s
        The instant of the state, seconds since the epoch; None if unknown.
    """

    cluster: Cluster
    jobs: tuple[Job, ...] = ()
    running: tuple[RunningJob, ...] = ()
    unavailable: frozenset[int] = frozenset()
    allocated: frozenset[int] = frozenset()
    blocked: frozenset[int] = frozenset()
    used: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ineligible: tuple[IneligibleJob, ...] = ()
    now_s: int | None = None

    @cached_property
    def occupied(self) -> frozenset[int]:
        """Nodes that some job holds."""
        return self.allocated.union(*(running.nodes for running in self.running))

    @cached_property
    def free(self) -> frozenset[int]:
        """Nodes that are up and that no job holds, BLOCKED ones too (see `rules.exclusive`)."""
        taken = self.unavailable | self.occupied
        return frozenset(filterfalse(taken.__contains__, range(len(self.cluster.nodes))))

    @cached_property
    def job_with_id(self) -> dict[str, Job]:
        """Pending job by id."""
        return {job.job_id: job for job in self.jobs}

    def partitions_of(self, job: Job) -> tuple[Partition, ...]:
        """Partitions that the job may run in, in the order it named them."""
        if not job.partitions:
            return self.cluster.partitions[:1]
        return tuple(self.cluster.partition_named[name] for name in job.partitions)

    def units(self, job: Job, partition: Partition) -> Units:
        """How the job is cut into placement units on the partition's topology.

        tree and flat ignore all segment options, ring and torus3d ignore spread and consolidate
        (slurm_semantics 3.1.5).
        """
        kind = self.cluster.topology_of(partition).kind
        if kind in ("tree", "flat"):
            return Units(1, job.num_nodes, False, False)
        is_block = kind == "block"
        return Units(
            job.num_units, job.unit_size, is_block and job.spreads, is_block and job.consolidates
        )

    def listed(self, job: Job) -> frozenset[int]:
        """Node indices of its ``--nodelist`` that exist; empty without one."""
        index_of = self.cluster.index_of
        return frozenset(index_of[name] for name in job.nodelist or () if name in index_of)

    def has_pool(self, job: Job, partition: Partition) -> bool:
        """Whether ``--nodelist`` is the candidate pool rather than required nodes (0.1, 3.1.5)."""
        if job.nodelist is None:
            return False
        return len(job.nodelist) > job.num_nodes or self.units(job, partition).count >= 2

    def required(self, job: Job, partition: Partition) -> frozenset[int]:
        """Nodes that must be part of the allocation (0.1)."""
        if job.nodelist is None or self.has_pool(job, partition):
            return frozenset()
        return self.listed(job)

    def eligible(self, job: Job, partition: Partition) -> frozenset[int]:
        """Nodes the job may use in `partition`, whatever their present state (0.2).

        Partition, features, ``--exclude`` and the pool of a long ``--nodelist``. Jobs that ask for
        nothing special get the very same object, so that callers can group jobs by it.
        """
        pool = job.nodelist if self.has_pool(job, partition) else None
        key = (partition.name, job.features, job.exclude, pool)
        nodes = self._eligible_cache.get(key)
        if nodes is None:
            nodes = partition.nodes
            if job.features:
                nodes = frozenset(
                    index
                    for index in nodes
                    if matches_features(job.features, self.cluster.nodes[index].features)
                )
            if job.exclude:
                index_of = self.cluster.index_of
                nodes -= {index_of[name] for name in job.exclude if name in index_of}
            if pool is not None:
                nodes &= self.listed(job)
            self._eligible_cache[key] = nodes
        return nodes

    @cached_property
    def _eligible_cache(self) -> dict[tuple[object, ...], frozenset[int]]:
        return {}

    def is_exclusive(self, job: Job, partition: Partition) -> bool:
        """Whether the job holds whole topology units in `partition` (section 7)."""
        return job.is_exclusive_topo or partition.is_exclusive_topo

    def power_per_node(self, job: Job, node: int) -> int:
        """Watts that `job` draws on `node`: its own figure, else the node profile's."""
        if job.power_w is not None:
            return job.power_w
        return self.cluster.nodes[node].power_w

    def with_jobs(self, jobs: tuple[Job, ...]) -> Instance:
        """The same state with another queue; what was derived from the state is kept."""
        other = replace(self, jobs=jobs)
        for name in ("occupied", "free", "_eligible_cache"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def idle(self) -> Instance:
        """The same cluster and queue with every node up and nothing running."""
        return Instance(cluster=self.cluster, jobs=self.jobs, now_s=self.now_s)
