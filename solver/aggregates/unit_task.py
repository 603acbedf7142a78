"""Units beyond all levels that are to be placed, and what each place of one costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .cuts import Unit, least_share
from .envelope import lower_envelope
from .master import Master
from .moves import Limits
from .regions import Bools
from .slots import Demand
from .tables import Floats


@dataclass(frozen=True)
class Place:
    """Where one unit goes, and what that costs by each limit, as a share of its scale."""

    unit: Unit
    costs: Floats


@dataclass(frozen=True)
class Task:
    """Jobs that start or not, and units in aggregates.

    What counts is the worth of the jobs that start, and what every cut leaves to all others.

    Attributes
    ----------
    limits
        What places cost by wide layers and cuts; the latter say what others are worth at most.
    demands
        Per job, one for each partition.
    worths
        Of jobs that may wait; the others must start.
    most
        What others are worth at most, whatever the cuts say.
    least
        Per slot, nodes that a unit takes of an aggregate at least.
    hosts_one
        Per aggregate, whether only one unit finds room.
    loss
        As in the limits; where units may share an aggregate, for the cheapest class of any of them
        and the largest convex function below, so that the sum over units is no more than what
        others miss.
    """

    master: Master
    limits: Limits
    demands: Mapping[int, Sequence[Demand]]
    worths: Mapping[int, float]
    most: float
    least: Mapping[int, int]
    hosts_one: Bools
    loss: Floats

    @property
    def scale(self) -> float:
        """What worths and losses are compared with."""
        return float(self.limits.scale[-1]) if len(self.limits.scale) else 1.0

    @property
    def only_asks(self) -> bool:
        """Whether all must start within the limits, and nothing more counts."""
        return not self.worths and self.most <= 0

    def place(self, unit: Unit) -> Place:
        """A unit there."""
        aggregates, nodes = list(unit.nodes), np.array(list(unit.nodes.values()))
        costs = self.loss[:, self.class_of(unit.demand), aggregates, nodes].sum(axis=1)
        costs += self.limits.paid[:, unit.demand.slot, aggregates] @ nodes
        return Place(unit, costs / self.limits.scale)

    def class_of(self, demand: Demand) -> int:
        """Of charges."""
        return int(self.limits.class_of[demand.slot])

    def paid_by(self, job: int) -> Floats:
        """What a start costs by each limit, wherever its units go, as a share of its scale."""
        levied: Floats = self.limits.levy * self.master.values[job] / self.limits.scale
        return levied

    def number_of(self, job: int) -> int:
        """Units of a job."""
        return self.demands[job][0].count


def task_of(
    master: Master,
    limits: Limits,
    demands: Mapping[int, Sequence[Demand]],
    worths: Mapping[int, float],
    most: float,
) -> Task:
    """These jobs; see `Task`."""
    every = [demand for of_job in demands.values() for demand in of_job]
    least = {demand.slot: least_share(master, demand) for demand in every}
    free = master.regions.free_of_aggregates
    hosts_one = 2 * min(least.values(), default=1) > free
    loss = limits.loss.copy()
    cheapest = min((int(limits.class_of[slot]) for slot in least), default=0)
    for aggregate in np.nonzero(~hosts_one)[0]:
        width = int(free[aggregate]) + 1
        for of_limit in loss[:, :, aggregate, :width]:
            of_limit[:] = lower_envelope(of_limit[cheapest])
    return Task(master, limits, demands, worths, most, least, hosts_one, loss)
