"""Every rule of `models.rules` about a single job, judged at its recorded start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..cluster import Cluster, Partition
from ..instance import Instance
from ..job import Job
from ..legality import Legality
from ..plan import Placement, Plan
from ..rules import Undecided, Violation, verify
from ..rules.partition import Segments, find_segments
from ..topology import BlockTopology
from .findings import Finding, Kind, Severity
from .history import Allocation, Era

# Judged over time by `sharing`, `layers` and `absences`, exactly and for all jobs together.
_OVER_TIME = frozenset(
    {"available", "one_use", "exclusive_wanted", "exclusive_held"}
    | {"mode_1", "mode_2", "mode_3", "power"}
)
# Depend on which nodes were free: an idle cluster is only the first look.
_BY_STATE = frozenset({"outside_blocks", "block_region", "ring_arc", "torus_anchor"})


@dataclass(frozen=True)
class _OneJob(Instance):
    """An instance of one job that shares everything about the cluster's state with `template`.

    A hundred thousand jobs are judged one by one; the sets of free nodes are built once.
    """

    template: Instance | None = None

    @cached_property
    def occupied(self) -> frozenset[int]:
        assert self.template is not None
        return self.template.occupied

    @cached_property
    def free(self) -> frozenset[int]:
        assert self.template is not None
        return self.template.free

    @cached_property
    def _eligible_cache(self) -> dict[tuple[object, ...], frozenset[int]]:
        assert self.template is not None
        return self.template._eligible_cache


class StartJudge:
    """Judges starts on one cluster; equal requests on equal nodes are judged once.

    Parameters
    ----------
    cluster
        The machine of the time.
    legality
        Which rules bind.
    """

    def __init__(self, cluster: Cluster, legality: Legality) -> None:
        self.cluster = cluster
        self.legality = legality
        self._idle = Instance(cluster)
        self._known: dict[tuple[object, ...], tuple[Violation, ...]] = {}

    def violations(
        self, allocation: Allocation, free: frozenset[int] | None = None
    ) -> tuple[Violation, ...]:
        """Rules that the start breaks, over-time rules aside.

        Parameters
        ----------
        allocation
            The start.
        free
            Nodes that were free just before; None judges it on an idle cluster.

        Raises
        ------
        Undecided
            When no cut into segments was found within the search limit.
        """
        job = _as_started(allocation)
        if free is not None:
            return self._judge(job, allocation, self._state(free))
        key = (*_request(job), allocation.partition, allocation.nodes)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judge(job, allocation, self._idle)
        return known

    def needs_state(self, allocation: Allocation, found: tuple[Violation, ...]) -> bool:
        """Whether the verdict depends on which nodes were free at the start."""
        partition = self.cluster.partition_named[allocation.partition]
        topology = self.cluster.topology_of(partition)
        if any(violation.rule in _BY_STATE for violation in found):
            return True
        job = allocation.record.job
        if not isinstance(topology, BlockTopology) or job.num_nodes == 1:
            return False
        limits = topology.unit_limits(self._idle.units(job, partition).size)
        is_floored = limits.is_top and limits.is_limited
        return is_floored and self.legality is Legality.SLURM_26_11

    def _state(self, free: frozenset[int]) -> Instance:
        everything = frozenset(range(len(self.cluster.nodes)))
        return Instance(self.cluster, unavailable=everything - free)

    def _judge(self, job: Job, allocation: Allocation, state: Instance) -> tuple[Violation, ...]:
        instance = _OneJob(
            self.cluster,
            (job,),
            unavailable=state.unavailable,
            now_s=allocation.start_s,
            template=state,
        )
        partition = self.cluster.partition_named[allocation.partition]
        segments = cut(instance, job, partition, allocation.nodes, self.legality)
        plan = Plan((Placement(job.job_id, segments, partition.name),))
        found = verify(instance, plan, self.legality)
        return tuple(violation for violation in found if violation.rule not in _OVER_TIME)


def cut(
    instance: Instance,
    job: Job,
    partition: Partition,
    nodes: tuple[int, ...],
    legality: Legality,
) -> Segments:
    """A legal cut of the nodes into segments, or the cut whose violations say what is wrong.

    Without a legal cut, the conditions between segments are dropped first: if the nodes can be cut
    without them, they are what is broken, and not the region of a segment.
    """
    found = find_segments(instance, job, partition, nodes, legality)
    if found is None and job.spreads:
        found = find_segments(
            instance, replace(job, spread_segments=False), partition, nodes, legality
        )
    if found is None and legality is not Legality.DOCUMENTED:
        found = find_segments(instance, job, partition, nodes, Legality.DOCUMENTED)
    if found is not None:
        return found
    topology = instance.cluster.topology_of(partition)
    ordered = list(nodes)
    if isinstance(topology, BlockTopology):
        ordered.sort(key=lambda node: (topology.block_of.get(node, -1), node))
    size = instance.units(job, partition).size
    return tuple(tuple(ordered[i : i + size]) for i in range(0, len(ordered), size))


def judge_starts(
    era: Era, judge: StartJudge, facts: Counter[str]
) -> Iterator[tuple[Allocation, tuple[Violation, ...]]]:
    """Every start of the era that breaks a rule of its own, in order of time.

    Parameters
    ----------
    era
        Allocations in order of their start.
    judge
        For the era's cluster.
    facts
        Receives how many starts were judged, and how many could not be, by reason.

    Notes
    -----
    Linear in the allocations: one judgement each, most of them remembered. The state of the nodes
    is built only for the few starts whose verdict depends on it.
    """
    tracker = _FreeNodes(era)
    for allocation in era.allocations:
        if not allocation.is_start:
            continue
        reason = _not_judged(allocation)
        if reason:
            facts[reason] += 1
            continue
        try:
            found = judge.violations(allocation)
            if judge.needs_state(allocation, found):
                found = _broken_either_way(judge, allocation, tracker.before(allocation))
        except Undecided:
            facts["starts undecided: too many ways to cut them into segments"] += 1
            continue
        facts["starts judged"] += 1
        if found:
            yield allocation, found


def _broken_either_way(
    judge: StartJudge, allocation: Allocation, states: tuple[frozenset[int], frozenset[int]]
) -> tuple[Violation, ...]:
    """Rules broken in both states that the clock allows (starts of one second have no order)."""
    most, least = states
    found = judge.violations(allocation, most)
    if not found or most == least:
        return found
    rules = {violation.rule for violation in judge.violations(allocation, least)}
    return tuple(violation for violation in found if violation.rule in rules)


def start_findings(era: Era, judge: StartJudge, facts: Counter[str]) -> Iterator[Finding]:
    """`judge_starts` as findings."""
    for allocation, violations in judge_starts(era, judge, facts):
        for violation in violations:
            yield Finding(
                kind=Kind.LEGALITY,
                rule=violation.rule,
                severity=Severity.ERROR,
                jobs=(allocation.job_id,),
                nodes=allocation.nodes,
                start_s=allocation.start_s,
                end_s=allocation.end_s,
                message=violation.message,
                partition=allocation.partition,
                user=allocation.record.job.user,
                num_nodes=len(allocation.nodes),
            )


def _not_judged(allocation: Allocation) -> str:
    if not allocation.record.knows_request:
        return "starts not judged: segments not recorded"
    if allocation.num_unknown:
        return "starts not judged: nodes that the topology lacks"
    return ""


def _as_started(allocation: Allocation) -> Job:
    """The request with the partition that it started in."""
    job = allocation.record.job
    if job.partitions == (allocation.partition,):
        return job
    return replace(job, partitions=(allocation.partition,))


def _request(job: Job) -> tuple[object, ...]:
    """All of a request that a rule about a single job can see."""
    waited = None
    if job.switches is not None and job.submit_s is not None and job.start_s is not None:
        waited = job.start_s - job.submit_s
    return (
        job.num_nodes,
        job.max_nodes,
        job.segment,
        job.spread_segments,
        job.consolidate_segments,
        job.exclusive,
        job.switches,
        waited,
        job.contiguous,
        job.nodelist,
        job.exclude,
        job.features,
        job.licenses,
    )


class _FreeNodes:
    """Nodes free just before a start, for starts asked in order of time."""

    def __init__(self, era: Era) -> None:
        self._era = era
        self._ends = sorted(era.allocations, key=lambda allocation: allocation.end_s)
        self._holders: Counter[int] = Counter()
        self._next_start = 0
        self._next_end = 0

    def before(self, allocation: Allocation) -> tuple[frozenset[int], frozenset[int]]:
        """Most and fewest nodes free for `allocation`; what ends in its second has ended.

        They differ by what else started in the same second: before it, or after.
        """
        now_s = allocation.start_s
        started = self._era.allocations
        while self._next_start < len(started) and started[self._next_start].start_s < now_s:
            self._holders.update(started[self._next_start].nodes)
            self._next_start += 1
        while self._next_end < len(self._ends) and self._ends[self._next_end].end_s <= now_s:
            if self._ends[self._next_end].start_s < now_s:
                self._holders.subtract(self._ends[self._next_end].nodes)
            self._next_end += 1
        down: set[int] = set()
        for absence in self._era.absences:
            if absence.start_s <= now_s < absence.end_s:
                down |= absence.nodes
        held = {node for node, holders in self._holders.items() if holders > 0}
        most = (self._era.everything - held - down).union(allocation.nodes)
        rivals: set[int] = set()
        for other in started[self._next_start :]:
            if other.start_s != now_s:
                break
            if other is not allocation:
                rivals.update(other.nodes)
        return most, (most - rivals).union(allocation.nodes)
