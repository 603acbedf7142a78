"""From counts to node names: the last and only step that tells interchangeable nodes apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..models.plan import Placement, Plan
from ..models.topology import BlockTopology, RingTopology
from .bins import OUTSIDE, Bin, Lane
from .flow_slots import FlowSlots, Nodes, Value
from .holds import most_in_hold
from .model import Kind, PlacementModel, Variable
from .options import cut


class Decoder:
    """Turns the values of a solved model into a plan.

    Parameters
    ----------
    model
        The placement model.
    value
        Value of a variable in the solution.
    """

    def __init__(self, model: PlacementModel, value: Value) -> None:
        self.model = model
        self.value = value
        self._pools = _pools(model)
        self._slots: dict[int, FlowSlots] = {
            lane_index: FlowSlots(model.layout.lanes[lane_index], flow, value)
            for lane_index, flow in model.flows.items()
        }
        self._allotted: dict[tuple[int, int], Nodes] = {}
        self._held: dict[tuple[int, int], list[Bin]] = {}
        # Per kind: (region, jobs confined there), (region, units), (region, lane, nodes).
        self._confined: dict[int, list[tuple[int, Variable]]] = defaultdict(list)
        for (index, region), confined in model.confined.items():
            self._confined[index].append((region, confined))
        self._counts: dict[int, list[tuple[int, Variable]]] = defaultdict(list)
        for (index, region), count in model.unit_counts.items():
            self._counts[index].append((region, count))
        self._loose_of: dict[int, list[tuple[int, int, Variable]]] = defaultdict(list)
        for (index, region, lane_index), taken in model.loose.items():
            self._loose_of[index].append((region, lane_index, taken))

    def plan(self) -> Plan:
        """The plan; jobs in instance order.

        Raises
        ------
        SpreadConflict
            When segments of a job in a flow lane cannot be given distinct bins.
        """
        self._take_holds()
        jobs_of = self._jobs_of_kinds()
        segments: dict[int, list[Nodes]] = defaultdict(list)
        # Whoever needs distinct bins chooses first; among them the one with the most segments.
        kinds = sorted(
            self.model.kinds,
            key=lambda kind: (not kind.option.one_per_site, -kind.option.units.count, kind.index),
        )
        for kind in kinds:
            if jobs_of[kind.index]:
                for job, unit in self._units(kind, jobs_of[kind.index]):
                    segments[job].append(sorted(unit))
        partition_of = {
            job: kind.option.partition.name for kind in kinds for job in jobs_of[kind.index]
        }
        return Plan(
            tuple(
                self._placement(job, sorted(segments[job]), partition_of[job])
                for job in sorted(segments)
            )
        )

    def _placement(self, position: int, units: list[Nodes], partition_name: str) -> Placement:
        instance = self.model.instance
        job = instance.jobs[position]
        partition = instance.cluster.partition_named[partition_name]
        segments = cut(instance.units(job, partition), units)
        return Placement(job.job_id, tuple(tuple(unit) for unit in segments), partition_name)

    def _jobs_of_kinds(self) -> dict[int, list[int]]:
        """Which started jobs of a shape take which of its options."""
        jobs_of: dict[int, list[int]] = {}
        waiting: dict[int, list[int]] = {}
        for kind in self.model.kinds:
            key = id(kind.shape)
            if key not in waiting:
                waiting[key] = [
                    job for job in kind.shape.jobs if self.value(self.model.starts[job])
                ]
            number = self.value(kind.started)
            jobs_of[kind.index] = waiting[key][:number]
            waiting[key] = waiting[key][number:]
        return jobs_of

    # Units per kind ----------------------------------------------------------------------

    def _units(self, kind: Kind, jobs: list[int]) -> Iterable[tuple[int, Nodes]]:
        """``(job, nodes)`` for every unit of the started jobs of a kind."""
        count = kind.option.units.count
        for members, seats in self._groups(kind, jobs):
            if kind.option.one_per_site:
                # Seats of a site are neighbours and no more than the members, so that dealing
                # them in turn gives nobody two of one site.
                for position, (_, nodes) in enumerate(sorted(seats, key=lambda seat: seat[0])):
                    yield members[position % len(members)], nodes
            else:
                for position, (_, nodes) in enumerate(seats):
                    yield members[position // count], nodes

    def _groups(
        self, kind: Kind, jobs: list[int]
    ) -> Iterable[tuple[list[int], list[tuple[int, Nodes]]]]:
        """Jobs with the ``(site, nodes)`` units they share out: per aggregate if consolidated."""
        seats = self._seats(kind, len(jobs))
        span = self._span(kind)
        if span is None:
            yield jobs, seats
            return
        taken = 0
        for region, confined in self._confined[kind.index]:
            number = self.value(confined)
            if number:
                inside = [(site, nodes) for site, nodes in seats if site // span == region]
                yield jobs[taken : taken + number], inside
            taken += number

    def _span(self, kind: Kind) -> int | None:
        """Base blocks of the aggregate that each job of the kind is confined to, if it is."""
        topology = kind.option.topology
        if kind.index not in self._confined or not isinstance(topology, BlockTopology):
            return None
        units = kind.option.units
        return topology.consolidate_span(units.count, units.size, units.spreads)

    def _seats(self, kind: Kind, num_jobs: int) -> list[tuple[int, Nodes]]:
        model, value = self.model, self.value
        seats: list[tuple[int, Nodes]] = []
        for window in model.windows.get(kind.index, []):
            if value(window.taken):
                site = model.lane_of_node[kind.option.topology_index, window.nodes[0]].site
                size = kind.option.units.size
                starts = range(0, len(window.nodes), size)
                seats += [(site, list(window.nodes[start : start + size])) for start in starts]
        for lane in model.layout.of(kind.option.topology_index):
            units = model.units.get((kind.index, lane.index))
            if units is not None and value(units):
                seats += self._small(kind, lane, value(units), num_jobs)
        seats += self._loose(kind)
        for unit in model.identified.get(kind.index, []):
            nodes: Nodes = []
            site = OUTSIDE
            for lane_index, taken in unit.nodes.items():
                if value(taken):
                    site = model.layout.lanes[lane_index].site
                    nodes += self._draw(kind, model.layout.lanes[lane_index], value(taken))
            if nodes:
                seats.append((site, nodes))
        return seats

    def _small(
        self, kind: Kind, lane: Lane, number: int, num_jobs: int
    ) -> list[tuple[int, Nodes]]:
        size = kind.option.units.size
        if lane.is_single:
            return [(lane.site, self._draw(kind, lane, size)) for _ in range(number)]
        if kind.option.holds_sites:
            return self._small_in_held(kind, lane, number)
        per_bin = self._jobs_near(kind, lane, num_jobs) if kind.option.one_per_site else number
        unit = (size, self.model.charge(kind, lane))
        return self._slots[lane.index].take(unit, number, per_bin)

    def _jobs_near(self, kind: Kind, lane: Lane, num_jobs: int) -> int:
        """Jobs of the kind that may use the lane: of consolidated ones, those of its aggregate."""
        span = self._span(kind)
        if span is None:
            return num_jobs
        return self.value(self.model.confined[kind.index, lane.site // span])

    def _small_in_held(self, kind: Kind, lane: Lane, number: int) -> list[tuple[int, Nodes]]:
        """Every held bin gets a unit first, then they are filled one after another."""
        size = kind.option.units.size
        held = self._held[kind.index, lane.index]
        counts = [1] * len(held)
        rest = number - len(held)
        for position, bin_ in enumerate(held):
            more = min(rest, most_in_hold(self.model, kind, lane, bin_.state) - 1)
            counts[position] += more
            rest -= more
        return [
            (bin_.site, list(bin_.nodes[index * size : (index + 1) * size]))
            for bin_, count in zip(held, counts, strict=True)
            for index in range(count)
        ]

    def _loose(self, kind: Kind) -> list[tuple[int, Nodes]]:
        seats = []
        size = kind.option.units.size
        for region, number in self._counts[kind.index]:
            if not self.value(number):
                continue
            nodes: Nodes = []
            site = OUTSIDE
            for other, lane_index, taken in self._loose_of[kind.index]:
                if other == region and self.value(taken):
                    lane = self.model.layout.lanes[lane_index]
                    site = lane.site
                    nodes += self._draw(kind, lane, self.value(taken))
            seats += [(site, nodes[start : start + size]) for start in range(0, len(nodes), size)]
        return seats

    # Drawing nodes -------------------------------------------------------------------------

    def _draw(self, kind: Kind, lane: Lane, number: int) -> Nodes:
        """The next `number` nodes that the kind takes from the lane."""
        allotted = self._allotted.get((kind.index, lane.index))
        if allotted is None:
            allotted = self._allot(kind, lane)
            self._allotted[kind.index, lane.index] = allotted
        drawn, allotted[:] = allotted[:number], allotted[number:]
        return drawn

    def _allot(self, kind: Kind, lane: Lane) -> Nodes:
        """All nodes that the kind takes from the lane."""
        total = self._total(kind, lane)
        if not lane.is_single:
            if kind.option.holds_sites:
                held = self._held[kind.index, lane.index]
                return _one_of_each_first(
                    [
                        bin_.nodes[: most_in_hold(self.model, kind, lane, bin_.state)]
                        for bin_ in held
                    ]
                )[:total]
            return self._slots[lane.index].loose(self.model.charge(kind, lane), total)
        nodes: Nodes = []
        for cell, members in lane.cells.items():
            taken = self.model.cell_use.get((kind.index, lane.index, cell))
            number = (
                total if len(lane.cells) == 1 else self.value(taken) if taken is not None else 0
            )
            pool = self._pools[min(members)]
            nodes += pool[:number]
            del pool[:number]
        return nodes

    def _total(self, kind: Kind, lane: Lane) -> int:
        model, value = self.model, self.value
        total = 0
        units = model.units.get((kind.index, lane.index))
        if units is not None:
            total += kind.option.units.size * value(units)
        total += sum(
            value(taken) for _, index, taken in self._loose_of[kind.index] if index == lane.index
        )
        for unit in model.identified.get(kind.index, []):
            if lane.index in unit.nodes:
                total += value(unit.nodes[lane.index])
        return total

    def _take_holds(self) -> None:
        for lane_index, holds in self.model.lane_holds.items():
            for hold in holds:
                number = self.value(hold.count)
                bins = self._slots[lane_index].hold(hold.state, number)
                self._held.setdefault((hold.kind.index, lane_index), []).extend(bins)
        for slots in self._slots.values():
            slots.settle()


def _one_of_each_first(bins: list[tuple[int, ...]]) -> Nodes:
    """Nodes of held bins, the first of each bin before all others: every bin is touched."""
    return [nodes[0] for nodes in bins] + [node for nodes in bins for node in nodes[1:]]


def _pools(model: PlacementModel) -> dict[int, Nodes]:
    """Free nodes per cell of a single lane, by its lowest node; in ring order on rings."""
    pools: dict[int, Nodes] = {}
    for lane in model.layout.lanes:
        if not lane.is_single:
            continue
        is_ring = isinstance(model.instance.cluster.topologies[lane.topology_index], RingTopology)
        for nodes in lane.cells.values():
            if is_ring or min(nodes) not in pools:
                pools[min(nodes)] = list(nodes)
    return pools
