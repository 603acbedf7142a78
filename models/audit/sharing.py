"""Who held what at the same time: nodes given twice, and units of exclusive jobs entered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from ..instance import Instance
from ..legality import Legality
from ..rules.exclusive import is_enforced
from ..topology import Topology, unit_owner
from .findings import Finding, Kind, Severity, nodes_in_words
from .history import Allocation, Era

# Whole nodes are what this product places. Where nothing in the records says so, that many
# overlaps, and that large a share of the allocations, show a cluster that shares its nodes.
SHARED_FROM_PAIRS = 100
SHARED_FROM_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two allocations that held something at the same time; the later start is second."""

    first: int
    second: int
    start_s: int
    end_s: int


def meetings(
    holders: Mapping[int, list[int]],
    allocations: tuple[Allocation, ...],
    matters: Callable[[int, int], bool],
) -> dict[Meeting, list[int]]:
    """Pairs of allocations that hold the same thing at once, with the things.

    Parameters
    ----------
    holders
        Thing (node, unit) to the indices of its allocations, by start.
    allocations
        What the indices mean.
    matters
        Whether a pair of them is of interest.

    Notes
    -----
    A sweep per thing, ends before starts: what ends and starts in one second does not meet.
    ``O(n log n)`` plus the pairs.
    """
    found: dict[Meeting, list[int]] = {}
    for thing, indices in holders.items():
        active: list[tuple[int, int]] = []
        for index in indices:
            allocation = allocations[index]
            while active and active[0][0] <= allocation.start_s:
                heappop(active)
            for end_s, other in active:
                if allocation.end_s > allocation.start_s and matters(other, index):
                    end = min(end_s, allocation.end_s)
                    meeting = Meeting(other, index, allocation.start_s, end)
                    found.setdefault(meeting, []).append(thing)
            if allocation.end_s > allocation.start_s:
                heappush(active, (allocation.end_s, index))
    return found


def holders_of_nodes(allocations: Iterable[Allocation]) -> dict[int, list[int]]:
    """Node to the indices of the allocations on it, by start."""
    holders: dict[int, list[int]] = {}
    for index, allocation in enumerate(allocations):
        for node in allocation.nodes:
            holders.setdefault(node, []).append(index)
    return holders


def double_allocations(
    era: Era, facts: Counter[str], *, shares_nodes: bool | None
) -> Iterator[Finding]:
    """Nodes held by two jobs at once although one of them holds its nodes alone.

    Parameters
    ----------
    era
        Allocations of one topology.
    facts
        Receives the number of overlaps, and what was assumed.
    shares_nodes
        Whether jobs that do not say so share their nodes; None decides by the number of overlaps.
    """
    allocations = era.allocations
    holders = holders_of_nodes(allocations)

    def is_conflict(one: int, other: int) -> bool:
        first, second = allocations[one], allocations[other]
        if first.record.job.job_id == second.record.job.job_id and _same_job(first, second):
            return False
        return first.record.whole_nodes is not False or second.record.whole_nodes is not False

    found = meetings(holders, allocations, is_conflict)
    certain = {m: n for m, n in found.items() if _is_certain(allocations, m)}
    facts["overlapping allocations"] += len(found)
    facts["neighbouring overlaps on a node"] += _neighbouring(holders, allocations)
    if shares_nodes is None:
        vague = len(found) - len(certain)
        is_common = vague >= SHARED_FROM_PAIRS and vague >= SHARED_FROM_SHARE * len(allocations)
        if is_common:
            facts["overlaps taken as sharing of nodes, not as findings"] += vague
        shares_nodes = is_common
    endless: Counter[int] = Counter()
    for meeting, nodes in (certain if shares_nodes else found).items():
        runaway = _endless(allocations, meeting)
        if runaway is not None:
            endless[runaway] += 1
            if endless[runaway] > 1:
                continue
        yield _double(era, meeting, tuple(sorted(nodes)))
    facts["further overlaps of jobs without an end"] += endless.total() - len(endless)


def _same_job(first: Allocation, second: Allocation) -> bool:
    """Whether both are runs of one job (a requeue noted late), not two jobs with a reused id."""
    return first.record.job.submit_s == second.record.job.submit_s


def _is_certain(allocations: tuple[Allocation, ...], meeting: Meeting) -> bool:
    return allocations[meeting.first].is_whole or allocations[meeting.second].is_whole


def _endless(allocations: tuple[Allocation, ...], meeting: Meeting) -> int | None:
    """The one of the two that has no end: it runs still, or accounting missed its end."""
    for index in (meeting.first, meeting.second):
        if allocations[index].record.end_s is None:
            return index
    return None


def _neighbouring(holders: Mapping[int, list[int]], allocations: tuple[Allocation, ...]) -> int:
    """Allocations that begin before the one started last on the same node has ended."""
    spans = (
        sorted((allocations[index].start_s, allocations[index].end_s) for index in indices)
        for indices in holders.values()
    )
    return sum(later[0] < earlier[1] for its in spans for earlier, later in pairwise(its))


def _double(era: Era, meeting: Meeting, nodes: tuple[int, ...]) -> Finding:
    first, second = era.allocations[meeting.first], era.allocations[meeting.second]
    doubtful = first.record.is_clock_uncertain or second.record.is_clock_uncertain
    endless = first.record.end_s is None or second.record.end_s is None
    message = f"{nodes_in_words(len(nodes))} held by job {first.job_id} as well"
    if endless:
        message += "; one of them has no recorded end (sacctmgr show runawayjobs)"
    elif doubtful:
        message += "; within the repeated hour of a clock change"
    return Finding(
        kind=Kind.LEGALITY,
        rule="one_use",
        severity=Severity.WARNING if doubtful or endless else Severity.ERROR,
        jobs=(second.job_id, first.job_id),
        nodes=nodes,
        start_s=meeting.start_s,
        end_s=meeting.end_s,
        message=message,
        partition=second.partition,
        user=second.record.job.user,
        num_nodes=len(second.nodes),
    )


def intrusions(era: Era, legality: Legality) -> Iterator[Finding]:
    """Jobs in a unit that another job holds exclusively (slurm_semantics section 7).

    The exclusive job that came into a used unit breaks exclusive_wanted; the job that came into a
    held one breaks exclusive_held.
    """
    instance = Instance(era.cluster)
    for topology in era.cluster.topologies:
        if not is_enforced(topology, legality):
            continue
        exclusive = frozenset(
            index
            for index, allocation in enumerate(era.allocations)
            if _is_exclusive_on(era, instance, allocation, topology)
        )
        if not exclusive:
            continue
        owner = unit_owner(topology)
        holders: dict[int, list[int]] = {}
        for index, allocation in enumerate(era.allocations):
            for unit in {owner[node] for node in allocation.nodes if node in owner}:
                holders.setdefault(unit, []).append(index)
        closed = {
            unit: indices for unit, indices in holders.items() if not exclusive.isdisjoint(indices)
        }

        def matters(one: int, other: int, among: frozenset[int] = exclusive) -> bool:
            if era.allocations[one].job_id == era.allocations[other].job_id:
                return not _same_job(era.allocations[one], era.allocations[other])
            return one in among or other in among

        for meeting, units in meetings(closed, era.allocations, matters).items():
            yield from _intrusion(era, meeting, frozenset(units), owner, exclusive)


def _is_exclusive_on(
    era: Era, instance: Instance, allocation: Allocation, topology: Topology
) -> bool:
    partition = era.cluster.partition_named[allocation.partition]
    is_own = era.cluster.topology_of(partition) is topology
    return is_own and instance.is_exclusive(allocation.record.job, partition)


def _intrusion(
    era: Era,
    meeting: Meeting,
    units: frozenset[int],
    owner: Mapping[int, int],
    exclusive: frozenset[int],
) -> Iterator[Finding]:
    first, second = era.allocations[meeting.first], era.allocations[meeting.second]
    nodes = tuple(node for node in second.nodes if owner.get(node) in units)
    is_tie = first.start_s == second.start_s
    endless = first.record.end_s is None or second.record.end_s is None
    doubtful = first.record.is_clock_uncertain or second.record.is_clock_uncertain
    rules = []
    if meeting.second in exclusive:
        rules.append("exclusive_wanted")
    if meeting.first in exclusive and not (is_tie and rules):
        rules.append("exclusive_held")
    for rule in rules:
        what = "wants whole units that" if rule == "exclusive_wanted" else "entered units that"
        verb = "uses" if rule == "exclusive_wanted" else "holds exclusively"
        yield Finding(
            kind=Kind.LEGALITY,
            rule=rule,
            severity=Severity.WARNING if endless or doubtful else Severity.ERROR,
            jobs=(second.job_id, first.job_id),
            nodes=nodes,
            start_s=meeting.start_s,
            end_s=meeting.end_s,
            message=f"{what} job {first.job_id} {verb}",
            partition=second.partition,
            user=second.record.job.user,
            num_nodes=len(second.nodes),
        )
