"""What is free while a plan is built: jobs can be started and stopped in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, starmap

from ...models.cluster import Partition
from ...models.instance import Instance
from ...models.job import Job
from ...models.legality import Legality
from ...models.plan import Placement, Plan
from ...models.rules import held_nodes, is_placed_flat
from ...models.rules.exclusive import is_enforced
from ...models.rules.start import dispatch_candidates
from .contest import contested_units
from .counts import CountIndex, RegionIndex
from .ledger import Ledger, Served
from .request import NO_REQUEST, Request
from .single import SingleCharges
from .view import View

Pieces = list[tuple[int, int]]
"""``(unit, mask)`` pairs: which nodes of which base block, ring, torus or leaf."""


@dataclass(frozen=True, slots=True)
class Started:
    """A job of the plan: its segments as pieces, and the units it holds exclusively."""

    job: Job
    partition: Partition
    segments: tuple[tuple[tuple[int, int], ...], ...]
    held: tuple[int, ...]
    request: Request


class State:
    """Free nodes per topology, resources, and the jobs started so far.

    Parameters
    ----------
    instance
        Never modified.
    legality
        Which rules bind.
    """

    def __init__(self, instance: Instance, legality: Legality) -> None:
        self.instance = instance
        self.legality = legality
        self.ledger = Ledger(instance)
        self.single = SingleCharges(instance, legality)
        self.started: dict[str, Started] = {}
        self.gives = 0
        self._masks: dict[tuple[str, int], list[int]] = {}
        self._kept: list[frozenset[int]] = []
        num_nodes = len(instance.cluster.nodes)
        self.views = {
            topology.name: View(topology, num_nodes) for topology in instance.cluster.topologies
        }
        for view in self.views.values():
            self._open(view)
        self._shadows: dict[str, list[tuple[View, dict[int, int]]]] = {}
        self._counts: dict[tuple[object, ...], CountIndex] = {}
        self._ranks: dict[str, list[int]] = {}
        self._lower_blocks: dict[tuple[str, int, bool, int], list[int]] = {}
        self._placed_flat: dict[tuple[int, str, bool], bool] = {}

    def _open(self, view: View) -> None:
        instance = self.instance
        free = self.masks(view, instance.free).copy()
        busy = [mask.bit_count() for mask in view.masks(instance.occupied)]
        held = held_nodes(instance, view.topology, self.legality)
        if held:
            free = [mask & ~closed for mask, closed in zip(free, view.masks(held), strict=True)]
        view.open(free, busy)
        view.contested = contested_units(instance, view, lambda nodes: self.masks(view, nodes))

    def holds(self, job: Job, partition: Partition) -> bool:
        """Whether the job needs whole units (base blocks, rings ...) for itself."""
        return self.instance.is_exclusive(job, partition) and is_enforced(
            self.view(partition).topology, self.legality
        )

    def view(self, partition: Partition) -> View:
        """The view of the topology that jobs of `partition` are placed on."""
        return self.views[self.instance.cluster.topology_of(partition).name]

    def masks(self, view: View, nodes: frozenset[int]) -> list[int]:
        """Masks of a set of nodes per unit, computed once per set."""
        key = (view.topology.name, id(nodes))
        masks = self._masks.get(key)
        if masks is None:
            masks = self._masks[key] = view.masks(nodes)
            self._kept.append(nodes)
        return masks

    def counts(
        self,
        view: View,
        nodes: frozenset[int],
        job_free_only: bool,
        request: Request,
        whole: Sequence[Served] | None = None,
    ) -> CountIndex:
        """The index of what a job may take of `nodes`, optionally only in units without any job.

        Shared by all jobs with the same arguments; requests that differ little share one, too
        (see `Ledger.class_of`), so that counts may be a little low, never too high for long.
        `whole` is for an index that has to be built: see `CountIndex`.
        """
        request_class = self.ledger.class_of(request)
        key = (view.topology.name, id(nodes), job_free_only, request_class.per_node)
        index = self._counts.get(key)
        if index is None:
            masks = self.masks(view, nodes)
            index = self._counts[key] = self.private_counts(
                view, masks, job_free_only, request_class, whole
            )
        index.refresh(self.gives)
        return index

    def private_counts(
        self,
        view: View,
        masks: list[int],
        job_free_only: bool,
        request: Request,
        whole: Sequence[Served] | None = None,
    ) -> CountIndex:
        """An index of one job's own, for candidates that change with the resources left."""
        meter = self.ledger.meter(view, request) if request.per_node else None
        return CountIndex(view, masks, self._rank(view), job_free_only, meter, whole)

    def regions(self, counts: CountIndex, span: int) -> RegionIndex:
        """The index of aligned regions of `span` units over an up-to-date index."""
        index = counts.regions.get(span)
        if index is None:
            index = counts.regions[span] = RegionIndex(counts, span)
        index.refresh()
        return index

    def is_placed_flat(self, job: Job, partition: Partition) -> bool:
        """Whether the flat algorithm places a multi-node job (0.4), remembered per candidates."""
        candidates = dispatch_candidates(self.instance, job, partition)
        key = (id(candidates), partition.name, job.contiguous)
        known = self._placed_flat.get(key)
        if known is None:
            known = self._placed_flat[key] = is_placed_flat(self.instance, job, partition)
        return known

    def largest_lower_blocks(
        self, view: View, nodes: frozenset[int], job_free_only: bool, span: int
    ) -> list[int]:
        """Free nodes of the complete groups of `span` units before planning, largest first.

        What 26.11's floor rule adds up (8.1 bug 1).
        """
        key = (view.topology.name, id(nodes), job_free_only, span)
        counts = self._lower_blocks.get(key)
        if counts is None:
            masks = self.masks(view, nodes)
            free = [
                0
                if job_free_only and view.start_busy[unit]
                else (view.start_free[unit] & masks[unit]).bit_count()
                for unit in range(view.outside)
            ]
            complete = view.outside // span * span
            groups = (sum(free[at : at + span]) for at in range(0, complete, span))
            counts = self._lower_blocks[key] = sorted(groups, reverse=True)
        return counts

    def _rank(self, view: View) -> list[int]:
        """Order in which equal units are used: emptiest surroundings last, to stay whole.

        The nearest surroundings decide first: pairs, then groups of 4, 8 and 16.
        """
        rank = self._ranks.get(view.topology.name)
        if rank is None:
            free = [mask.bit_count() for mask in view.free[: view.outside]]
            around = [free]
            for span in (2, 4, 8, 16):
                totals = [sum(free[at : at + span]) for at in range(0, len(free), span)]
                around.append([totals[unit // span] for unit in range(len(free))])
            keys = list(zip(*around, range(len(free)), strict=True))
            order = sorted(range(len(free)), key=keys.__getitem__)
            rank = [0] * len(free)
            for position, unit in enumerate(order):
                rank[unit] = position
            self._ranks[view.topology.name] = rank
        return rank

    def commit(
        self,
        job: Job,
        partition: Partition,
        segments: list[Pieces],
        request: Request = NO_REQUEST,
        holds: bool = False,
    ) -> None:
        """Start a job whose nodes have been taken (and charged per node) already."""
        view = self.view(partition)
        for pieces in segments:
            for unit, mask in pieces:
                view.occupy(unit, job.job_id, mask.bit_count())
        held: tuple[int, ...] = ()
        if holds:
            units = {unit for pieces in segments for unit, _ in pieces}
            held = tuple(sorted(units - {view.outside}))
            for unit in held:
                view.hold(unit)
        started = Started(job, partition, tuple(map(tuple, segments)), held, request)
        self.started[job.job_id] = started
        if request.is_filtered:
            nodes = frozenset(self._nodes(started))
            self.ledger.charge_once(nodes, request)
            self.single.add(job, nodes, request)
        if len(self.views) > 1:
            self._shadow(view, started)

    def _shadow(self, own: View, started: Started) -> None:
        """Take the job's nodes, and what else it holds, in the views of the other topologies."""
        nodes = frozenset(self._nodes(started))
        closed = frozenset(node for unit in started.held for node in own.units[unit] if node >= 0)
        shadows: list[tuple[View, dict[int, int]]] = []
        for view in self.views.values():
            if view is own:
                continue
            taken: dict[int, int] = {}
            for unit, mask in view.split(nodes | closed).items():
                mask &= view.free[unit]
                view.take(unit, mask)
                taken[unit] = mask
            for unit, mask in view.split(nodes).items():
                view.occupy(unit, started.job.job_id, mask.bit_count())
            shadows.append((view, taken))
        self._shadows[started.job.job_id] = shadows

    def stop(self, job_id: str) -> Started:
        """Take a job out of the plan again."""
        started = self.started.pop(job_id)
        view = self.view(started.partition)
        for unit in started.held:
            view.release(unit)
        for pieces in started.segments:
            for unit, mask in pieces:
                view.vacate(unit, job_id, mask.bit_count())
                self.give(view, unit, mask, started.request)
        if started.request.is_filtered:
            nodes = frozenset(self._nodes(started))
            self.ledger.charge_once(nodes, started.request, -1)
            self.single.remove(job_id)
        for other, taken in self._shadows.pop(job_id, ()):
            for unit, mask in other.split(frozenset(self._nodes(started))).items():
                other.vacate(unit, job_id, mask.bit_count())
            for unit, mask in taken.items():
                other.give(unit, mask)
        return started

    def reset(self) -> None:
        """Stop every job at once: back to the start state."""
        self.started.clear()
        self._shadows.clear()
        self.ledger.reset()
        self.single.reset()
        for view in self.views.values():
            view.reset()
        for index in self._counts.values():
            index.reset()

    def restore(self, started: Sequence[Started]) -> None:
        """Return to a set of started jobs kept from `started`."""
        if tuple(self.started.values()) != tuple(started):
            self.reset()
            for kept in started:
                self.restart(kept)

    def prepare(self) -> None:
        """Build the indexes of all jobs, as `reset` returns them to what they are when built."""
        ready: set[tuple[object, ...]] = set()
        wholes: dict[tuple[object, ...], list[Served]] = {}
        for job in self.instance.jobs:
            request = self.ledger.request(job)
            if request.is_filtered:
                continue
            for partition in self.instance.partitions_of(job):
                nodes = self.instance.eligible(job, partition)
                holds = self.holds(job, partition)
                key = (partition.name, id(nodes), holds, request.per_node)
                if key not in ready:
                    ready.add(key)
                    view, request_class = self.view(partition), self.ledger.class_of(request)
                    shared = (view.topology.name, request_class.per_node)
                    if request.per_node and shared not in wholes:
                        wholes[shared] = self._served(view, request_class)
                    self.counts(view, nodes, holds, request, wholes.get(shared))

    def _served(self, view: View, request: Request) -> list[Served]:
        """How many of all free nodes the resources serve now, unit by unit."""
        meter = self.ledger.meter(view, request)
        free = view.free[: view.outside]
        return [meter(unit, mask) if mask else (0, False) for unit, mask in enumerate(free)]

    def restart(self, started: Started) -> None:
        """Start a stopped job again on the very nodes it had; they must be free."""
        view = self.view(started.partition)
        for pieces in started.segments:
            for unit, mask in pieces:
                self.take(view, unit, mask, started.request)
        segments = [list(pieces) for pieces in started.segments]
        self.commit(started.job, started.partition, segments, started.request, bool(started.held))

    def take(self, view: View, unit: int, mask: int, request: Request) -> None:
        """Take nodes of one unit and charge what they draw."""
        view.take(unit, mask)
        if request.per_node:
            self.ledger.charge(view, unit, mask, request)

    def give(self, view: View, unit: int, mask: int, request: Request) -> None:
        """Return nodes of one unit and what they draw."""
        view.give(unit, mask)
        if request.per_node:
            self.gives += 1
            self.ledger.charge(view, unit, mask, request, -1)

    def _nodes(self, started: Started) -> Iterator[int]:
        view = self.view(started.partition)
        for pieces in started.segments:
            for unit, mask in pieces:
                yield from view.nodes(unit, mask)

    def placement(self, started: Started) -> Placement:
        """The job's nodes by segment."""
        view = self.view(started.partition)
        return Placement(
            started.job.job_id,
            tuple(
                tuple(sorted(chain.from_iterable(starmap(view.nodes, pieces))))
                for pieces in started.segments
            ),
            started.partition.name,
        )

    def plan(self) -> Plan:
        """Everything started so far, in queue order."""
        return Plan(
            tuple(
                self.placement(self.started[job.job_id])
                for job in self.instance.jobs
                if job.job_id in self.started
            )
        )
