"""Brute force: the best score of a tiny instance, straight from the rules and the scorer.

No solver, no symmetry, no bound: every legal set of nodes of every job, every disjoint
combination of them. Use it on at most about ten nodes and four jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement, Plan, PlanOptions, TermValue
from rackwright.models.rules import verify
from rackwright.models.score import first_term, score

Terms = tuple[tuple[str, int | str], ...]


def best_score(instance: Instance, options: PlanOptions) -> Terms:
    """``(term, value)`` of the lexicographically best legal plan."""
    return best(instance, options)[1]


def best(instance: Instance, options: PlanOptions) -> tuple[Plan, Terms]:
    """A best legal plan and its score."""
    ways = {job.job_id: _placements(instance, job, options.legality) for job in instance.jobs}
    for value in sorted(_plans_by_first_term(instance, options), key=_number, reverse=True):
        champion: tuple[tuple[int, ...], Plan, Terms] | None = None
        for chosen in _plans_by_first_term(instance, options)[value]:
            for plan in _combinations(chosen, ways):
                if verify(instance, plan, options.legality):
                    continue
                terms = score(instance, plan, options)
                if champion is None or _key(terms) > champion[0]:
                    values = tuple((term.term, term.value) for term in terms)
                    champion = _key(terms), plan, values
        if champion is not None:
            return champion[1], champion[2]
    raise AssertionError("the empty plan is always legal")


def _number(value: int | str) -> int:
    return int(value or "0", 2) if isinstance(value, str) else value


def _key(terms: tuple[TermValue, ...]) -> tuple[int, ...]:
    return tuple((-1 if term.is_minimised else 1) * _number(term.value) for term in terms)


def _plans_by_first_term(
    instance: Instance, options: PlanOptions
) -> dict[int | str, list[tuple[Job, ...]]]:
    """Every subset of the queue, grouped by the value of term 1, which only depends on it."""
    grouped: dict[int | str, list[tuple[Job, ...]]] = {}
    for count in range(len(instance.jobs) + 1):
        for chosen in combinations(instance.jobs, count):
            started = Plan(tuple(Placement(job.job_id, (), "") for job in chosen))
            value = first_term(instance, started, options.objective)
            grouped.setdefault(value, []).append(chosen)
    return grouped


def _placements(instance: Instance, job: Job, legality: Legality) -> list[Placement]:
    """Every set of nodes, per partition, that the job could hold if it were alone.

    Rules that look at several jobs see node sets only, so one legal cut into segments per set
    is enough.
    """
    found = []
    for partition in instance.partitions_of(job):
        units = instance.units(job, partition)
        usable = sorted(instance.eligible(job, partition) & instance.free)
        for nodes in combinations(usable, job.num_nodes):
            for segments in cuts(nodes, units.count):
                placement = Placement(job.job_id, segments, partition.name)
                broken = verify(instance, Plan((placement,)), legality)
                # Watts may become legal beside a job that draws less than an idle node.
                if all(violation.rule == "power" for violation in broken):
                    found.append(placement)
                    break
    return found


def cuts(nodes: tuple[int, ...], count: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every way to cut `nodes` into `count` equal parts, order of parts ignored."""
    if count <= 1 or len(nodes) % count:
        yield (nodes,)
        return
    first, rest = nodes[0], nodes[1:]
    for others in combinations(rest, len(nodes) // count - 1):
        remaining = tuple(node for node in rest if node not in others)
        for cut in cuts(remaining, count - 1):
            yield ((first, *others), *cut)


def _combinations(jobs: tuple[Job, ...], ways: dict[str, list[Placement]]) -> Iterator[Plan]:
    """Every plan that starts exactly `jobs`, each on one of its ways, on disjoint nodes."""

    def extend(position: int, used: frozenset[int]) -> Iterator[tuple[Placement, ...]]:
        if position == len(jobs):
            yield ()
            return
        for placement in ways[jobs[position].job_id]:
            if used.isdisjoint(placement.nodes):
                for rest in extend(position + 1, used.union(placement.nodes)):
                    yield (placement, *rest)

    for placements in extend(0, frozenset()):
        yield Plan(placements)
