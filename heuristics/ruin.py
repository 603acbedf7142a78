"""Which jobs a local search ejects: a few cheap ones, or all in one neighbourhood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from ..models.instance import Units
from ..models.job import Job
from ..models.topology import BlockTopology, Topology, TreeTopology
from .placing import nominal_size
from .state import State

_MAX_EJECTED = 12
_MAX_REGIONS = 48


class Ruin:
    """Chooses a waiting job to make room for, and the jobs that have to go.

    Parameters
    ----------
    state
        Its plan is read, not changed.
    random
        Seeded.
    density
        By job id; jobs of low density go first.
    """

    def __init__(self, state: State, random: Random, density: Mapping[str, float]) -> None:
        self._state = state
        self._random = random
        self._density = density

    def target(self, waiting: Sequence[Job]) -> Job | None:
        """A waiting job, dense ones likelier; None now and then, to shuffle the plan only."""
        if not waiting or self._random.random() < 0.2:
            return None
        return waiting[int(len(waiting) * self._random.random() ** 2)]

    def ejected(self, target: Job | None) -> list[str]:
        """Ids of the jobs to stop."""
        if not self._state.started:
            return []
        choice = self._random.random()
        if target is None:
            jobs = self._neighbours(self._random.randint(1, 4)) if choice < 0.6 else self._few()
        elif choice < 0.6:
            jobs = self._in_the_way(target)
        elif choice < 0.8:
            jobs = self._neighbours(self._units_needed(target))
        else:
            jobs = self._cheap(target)
        return sorted(jobs)[:_MAX_EJECTED]

    def _units_needed(self, job: Job) -> int:
        instance = self._state.instance
        topology = instance.cluster.topology_of(instance.partitions_of(job)[0])
        nominal = nominal_size(topology, len(instance.cluster.nodes))
        return -(-job.num_nodes // nominal)

    def _in_the_way(self, target: Job) -> set[str]:
        """All jobs of the plan where the target would fit at the least loss, more or less."""
        instance = self._state.instance
        partition = self._random.choice(instance.partitions_of(target))
        view = self._state.view(partition)
        units = instance.units(target, partition)
        span = self._span(target, view.topology, units)
        needed = units.count * units.size if units.consolidates else units.size
        masks = self._state.masks(view, instance.eligible(target, partition))
        must_be_free = self._state.holds(target, partition)
        regions = range(-(-view.outside // span))
        options: list[tuple[float, int, set[str]]] = []
        for region in self._random.sample(regions, min(_MAX_REGIONS, len(regions))):
            inside = range(region * span, min(region * span + span, view.outside))
            room = sum(
                (view.start_free[unit] & masks[unit]).bit_count()
                for unit in inside
                if not (must_be_free and view.start_busy[unit])
            )
            if room >= needed:
                hosts = {job_id for unit in inside for job_id in view.hosts.get(unit, ())}
                lost = sum(self._loss(job_id) for job_id in hosts)
                fitting = 1 if units.consolidates else room // needed
                noise = self._random.uniform(0.5, 1.5)
                options.append((lost * noise / fitting, fitting, hosts))
        options.sort(key=lambda option: option[0])
        missing = 1 if units.consolidates else units.count
        jobs: set[str] = set()
        for _, fitting, hosts in options:
            if missing <= 0:
                break
            jobs |= hosts
            missing -= 1 if units.spreads else fitting
        return jobs

    def _loss(self, job_id: str) -> float:
        return self._density[job_id] * self._state.started[job_id].job.num_nodes

    def _span(self, target: Job, topology: Topology, units: Units) -> int:
        """Units of one region that has to hold a placement unit, or the whole target."""
        if isinstance(topology, BlockTopology):
            if units.consolidates:
                return topology.consolidate_span(units.count, units.size, units.spreads)
            return topology.unit_limits(units.size).region_span
        if isinstance(topology, TreeTopology):
            return 1 << (self._units_needed(target) - 1).bit_length()
        return 1

    def _neighbours(self, width: int) -> set[str]:
        """Jobs on an aligned window of units around some unit that hosts one."""
        some = self._state.started[self._random.choice(list(self._state.started))]
        view = self._state.view(some.partition)
        unit = self._random.choice([unit for pieces in some.segments for unit, _ in pieces])
        span = 1 << max(width - 1, 0).bit_length()
        first = unit // span * span
        jobs: set[str] = set()
        for near in range(first, min(first + span, len(view.units))):
            jobs |= view.hosts.get(near, set())
            if len(jobs) > _MAX_EJECTED:
                break
        if len(jobs) > _MAX_EJECTED:
            jobs = set(self._random.sample(sorted(jobs), self._random.randint(1, 4)))
        return jobs

    def _few(self) -> set[str]:
        """One to four jobs anywhere."""
        started = list(self._state.started)
        return set(self._random.sample(started, min(len(started), self._random.randint(1, 4))))

    def _cheap(self, target: Job) -> set[str]:
        """Jobs of low density, until about as many nodes as the target needs are free."""
        started = list(self._state.started)
        missing = int(target.num_nodes * self._random.uniform(0.3, 1.3))
        jobs: set[str] = set()
        while missing > 0 and len(jobs) < min(_MAX_EJECTED, len(started)):
            some = [self._random.choice(started) for _ in range(4)]
            job_id = min(some, key=lambda job_id: self._density[job_id])
            if job_id in jobs:
                missing -= 1
                continue
            jobs.add(job_id)
            missing -= self._state.started[job_id].job.num_nodes
        return jobs
