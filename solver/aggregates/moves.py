"""Places for units beyond all levels by moving one unit at a time: quick, and often enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from random import Random

import numpy as np

from ..budget import Budget
from .cuts import Cut, Unit
from .master import Master
from .regions import Bools, Ints
from .slots import Demand
from .tables import TOLERANCE, Floats

# Rounds over all units without an end.
MOST_ROUNDS = 4
# Share of the worth up to which a cut should not be met, and what that counts.
MARGIN = 0.01
CLOSE = 0.01
# Pairs of aggregates that are exchanged for others, of a unit that touches more than two.
MOST_WAYS = 6
# Deterministic seconds per limit, pair of aggregates, and way to share nodes between them.
WORK = 4e-9


@dataclass(frozen=True)
class Limits:
    """What the places of units may cost, by wide layers and cuts, in this order.

    Attributes
    ----------
    num_wide
        Of them, wide layers.
    loss
        Per limit, class of charges, aggregate, and nodes taken of it: what others miss.
    class_of
        Per slot its class; several units that share an aggregate count for the cheapest.
    paid
        Per limit, slot and aggregate: what each node costs besides.
    levy
        Per limit, the share of its value that each job costs that starts; the mover, which is
        told who does, does not count it.
    most
        Per limit.
    scale
        Per limit, what an excess is compared with.
    """

    num_wide: int
    loss: Floats
    class_of: Ints
    paid: Floats
    levy: Floats
    most: Floats
    scale: Floats

    def over(self, missed: Floats) -> Floats:
        """By how much of its scale these are more than the most of each limit, limits first."""
        shape = (-1, *[1] * (missed.ndim - 1))
        found: Floats = (missed - self.most.reshape(shape)) / self.scale.reshape(shape)
        return found

    def are_kept(self, missed: Floats) -> bool:
        """Whether none is broken."""
        return bool((missed <= self.most).all())


def excess_of(over: Floats) -> Floats:
    """By how much limits are broken, and a little of how close they come; see `Limits.over`."""
    close = over + MARGIN
    np.maximum(close, 0.0, out=close)
    close *= CLOSE
    close += np.maximum(over, 0.0)
    found: Floats = close.sum(axis=0)
    return found


def limits_of(master: Master, cuts: Sequence[Cut], most: Sequence[float]) -> Limits:
    """The wide layers, always the same, and these cuts, with one scale."""
    # Where jobs draw less than idle nodes, others may make room.
    wide = [row for row in master.regions.wide if (row.charges >= 0).all()]
    width = int(master.regions.free_of_aggregates.max(initial=0)) + 1
    num_aggregates = master.regions.num_aggregates
    num_classes = max((len(cut.loss) for cut in cuts), default=1)
    loss = np.zeros((len(wide) + len(cuts), num_classes, num_aggregates, width))
    class_of = cuts[0].class_of if cuts else np.zeros(len(master.slots), dtype=np.int64)
    paid = np.zeros((len(loss), len(master.slots), num_aggregates))
    for number, row in enumerate(wide):
        paid[number] = np.outer(row.charges, row.covers)
    for number, cut in enumerate(cuts, start=len(wide)):
        loss[number] = cut.loss[:, :, :width]
        paid[number] = cut.paid
    rooms = [float(row.room) for row in wide]
    scale = rooms + len(cuts) * [max((cut.worth for cut in cuts), default=1.0)]
    return Limits(
        *(len(wide), loss, class_of, paid),
        levy=np.array([*[0.0] * len(wide), *[cut.levy for cut in cuts]]),
        most=np.array([*rooms, *most]),
        scale=np.array(scale).clip(min=1.0),
    )


class Mover:
    """Units in aggregates, moved until no limit is broken.

    Parameters
    ----------
    units
        Where units are so far.
    """

    def __init__(
        self, master: Master, limits: Limits, units: Sequence[Unit], budget: Budget
    ) -> None:
        self._master, self._limits = master, limits
        self._regions = master.regions
        self._budget = budget
        self._random = Random(budget.options.seed)
        self.units = list(units)

    def add(self, job: int, demands: Sequence[Demand]) -> bool:
        """Put down a job where it does least harm; whether there is room at all."""
        before = list(self.units)
        found: list[tuple[float, list[Unit]]] = []
        for demand in demands:
            self.units = list(before)
            if all(self.add_unit(job, demand) for _ in range(demand.count)):
                found.append((self.excess(), self.units))
        self.units = min(found, key=lambda each: each[0])[1] if found else before
        return bool(found)

    def add_unit(self, job: int, demand: Demand) -> bool:
        """Put down one more unit where it does least harm; whether there is room."""
        self.units.append(Unit(job, demand, {}))
        return self._move(len(self.units) - 1, self._spread_out(demand))

    def has_room(self, unit: Unit) -> bool:
        """Whether a unit finds what it takes beside the others."""
        room = self._room(unit.demand.slot, self.units)
        return all(nodes <= room[aggregate] for aggregate, nodes in unit.nodes.items())

    def run(self) -> bool:
        """Move units as long as that helps; whether no limit is broken."""
        best = self.excess()
        for _ in range(MOST_ROUNDS):
            before = best
            for number in range(len(self.units)):
                for kept in self._kept(self.units[number].nodes):
                    self._move(number, kept)
            best = self.excess()
            if best > before - TOLERANCE or self._budget.is_spent:
                break
        return self.are_kept()

    def are_kept(self) -> bool:
        """Whether no limit is broken."""
        return self._limits.are_kept(self.missed())

    def excess(self) -> float:
        """By how much limits are broken."""
        return float(excess_of(self._limits.over(self.missed())))

    def missed(self) -> Floats:
        """By each limit."""
        return self._missed(self.units)

    def _missed(self, units: Sequence[Unit]) -> Floats:
        limits = self._limits
        taken, classes = self._taken(units), self._classes(units)
        missed: Floats = limits.loss[:, classes, np.arange(len(taken)), taken].sum(axis=1)
        for unit in units:
            for aggregate, nodes in unit.nodes.items():
                missed += nodes * limits.paid[:, unit.demand.slot, aggregate]
        return missed

    def _taken(self, units: Sequence[Unit]) -> Ints:
        taken = np.zeros(self._regions.num_aggregates, dtype=np.int64)
        for unit in units:
            for aggregate, nodes in unit.nodes.items():
                taken[aggregate] += nodes
        return taken

    def _classes(self, units: Sequence[Unit]) -> Ints:
        """Per aggregate the cheapest class of these; the dearest where there are none."""
        classes = np.full(self._regions.num_aggregates, self._limits.loss.shape[1] - 1)
        for unit in units:
            own = self._limits.class_of[unit.demand.slot]
            for aggregate in unit.nodes:
                classes[aggregate] = min(own, classes[aggregate])
        return classes

    def _spread_out(self, demand: Demand) -> dict[int, int]:
        """All but two of the aggregates that a new unit may touch, each taken whole."""
        slot = self._master.slots[demand.slot]
        room = self._room(demand.slot, self.units)
        kept: dict[int, int] = {}
        for aggregate in np.argsort(-room, kind="stable").tolist():
            missing = slot.size - sum(kept.values())
            following = np.delete(room, list(kept))
            if missing <= np.sort(following)[-2:].sum() or len(kept) + 2 == slot.max_lower:
                break
            kept[aggregate] = int(min(room[aggregate], missing))
        return kept

    def _kept(self, nodes: Mapping[int, int]) -> Iterator[dict[int, int]]:
        """A unit without two of its aggregates, in some ways."""
        if len(nodes) <= 2:
            yield {}
            return
        pairs = list(combinations(sorted(nodes), 2))
        for pair in self._random.sample(pairs, min(len(pairs), MOST_WAYS)):
            yield {aggregate: n for aggregate, n in nodes.items() if aggregate not in pair}

    def _room(self, slot: int, others: Sequence[Unit]) -> Ints:
        """Per aggregate, nodes that a unit may take beside others."""
        regions = self._regions
        room = np.minimum(regions.room[slot], regions.free_of_aggregates - self._taken(others))
        charge = int(regions.charge[slot])
        if charge:
            left = regions.budget_of_aggregates.copy()
            for unit in others:
                for aggregate, nodes in unit.nodes.items():
                    left[aggregate] -= nodes * int(regions.charge[unit.demand.slot])
            room = np.minimum(room, left // charge)
        found: Ints = room.clip(min=0)
        return found

    def _move(self, number: int, kept: Mapping[int, int]) -> bool:
        """Put all of a unit that is not kept into the best one or two aggregates, if there are."""
        unit = self.units[number]
        size = self._master.slots[unit.demand.slot].size - sum(kept.values())
        others = [each for index, each in enumerate(self.units) if index != number]
        others.append(Unit(unit.job, unit.demand, dict(kept)))
        room = self._room(unit.demand.slot, others)
        room[list(kept)] = 0
        best = self._best_pair(unit.demand.slot, size, room, others)
        if best is not None:
            self.units[number] = Unit(unit.job, unit.demand, {**kept, **best})
        return best is not None

    def _best_pair(
        self, slot: int, size: int, room: Ints, others: Sequence[Unit]
    ) -> dict[int, int] | None:
        if size == 0:
            return {}
        limits = self._limits
        taken = self._taken(others)
        base = limits.over(self._missed(others))
        most = int(room.max(initial=0))
        candidates = np.nonzero((room > 0) & (room >= size - most))[0]
        if not len(candidates):
            return None
        # Per cut, candidate and nodes, what is missed more.
        nodes = np.arange(min(most, size) + 1)
        place = (taken[candidates, None] + nodes).clip(max=limits.loss.shape[3] - 1)
        before = self._classes(others)[candidates]
        classes = np.minimum(before, limits.class_of[slot])
        more = limits.loss[:, classes[:, None], candidates[:, None], place]
        more -= limits.loss[:, before, candidates, taken[candidates]][:, :, None]
        more += limits.paid[:, slot, candidates, None] * nodes
        more[:, :, 0] = 0.0
        more /= limits.scale[:, None, None]
        is_room = nodes <= room[candidates, None]
        self._budget.work += more.size * len(candidates) * WORK
        best: tuple[float, dict[int, int]] | None = None
        for index, aggregate in enumerate(candidates.tolist()):
            found = self._partner(index, size, more, is_room, base)
            if found is not None and (best is None or found[0] < best[0]):
                excess, partner, rest = found
                best = excess, {aggregate: size - rest}
                if rest:
                    best[1][int(candidates[partner])] = rest
        return None if best is None else best[1]

    def _partner(
        self, index: int, size: int, more: Floats, is_room: Bools, base: Floats
    ) -> tuple[float, int, int] | None:
        """Least excess, and who takes how much of the rest, if a candidate takes as much or more.

        Parameters
        ----------
        more, base
            As `Limits.over`: per candidate and nodes, besides; of the others.
        """
        least = max(1, size - more.shape[2] + 1, -(-size // 2))
        own = np.nonzero(is_room[index, least : size + 1])[0] + least
        if not len(own):
            return None
        # Rooms have no gaps.
        rest = size - own
        of_rest = more[:, :, int(rest[-1]) : int(rest[0]) + 1][:, :, ::-1]
        alone = base[:, None] + more[:, index, int(own[0]) : int(own[-1]) + 1]
        excess = excess_of(alone[:, None, :] + of_rest)
        # A partner that takes nothing does no harm; itself it cannot be but then.
        is_possible = is_room[:, rest].copy()
        is_possible[index] = rest == 0
        excess[~is_possible] = np.inf
        partner, place = np.unravel_index(int(excess.argmin()), excess.shape)
        if not np.isfinite(excess[partner, place]):
            return None
        return float(excess[partner, place]), int(partner), int(rest[place])


def moved(
    master: Master,
    limits: Limits,
    units: Sequence[Unit],
    demands: Mapping[int, Sequence[Demand]],
    wanted: Set[int],
    budget: Budget,
) -> tuple[bool, list[Unit]]:
    """Places for all wanted jobs, starting from present ones; whether limits are kept."""
    mover = Mover(master, limits, [unit for unit in units if unit.job in wanted], budget)
    present = {unit.job for unit in mover.units}
    is_room = all([mover.add(job, demands[job]) for job in sorted(wanted - present)])
    are_kept = mover.run()
    return is_room and are_kept, mover.units
