"""Which jobs cannot all start together, by the prices of a linear program.

In every legal plan the aggregates offer the slots of all jobs that start. So for any prices the
best patterns and the wide layers must be worth what the slots of these jobs cost (Farkas): prices
for which they are not refute the jobs, and every larger set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .bound import Generator
from .exchanges import serves
from .lagrange import cost_of, slot_costs, worth_of_patterns
from .master import Master
from .patterns import Prices
from .slots import Demand
from .tables import Floats

MOST_ROUNDS = 200
# Prices that refuted something are kept, so many of them: they mostly refute the next job, too.
MOST_KEPT = 60
# A job starts as a whole.
WHOLE = 1e-6
# Share of all that aggregates are worth by which they must fall short.
CLEARLY = 1e-7


@dataclass
class Certificate:
    """Prices, and what they say.

    Attributes
    ----------
    worth
        Of the best patterns and wide layers.
    costs
        Per shape, of the slots of one job.
    paid
        Costs of all jobs that are fixed.
    """

    prices: Prices
    worth: float
    costs: Floats
    paid: float

    def refutes(self, cost: float) -> bool:
        """Whether jobs of that cost cannot start beside the fixed ones."""
        return self.paid + cost > self.worth + CLEARLY * max(1.0, self.worth)


class Refuter:
    """Decides which jobs may start beside fixed ones, as far as the linear program can tell.

    Parameters
    ----------
    generator
        Of a master in which every job is worth something; all its decisions are undone.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        master = generator.master
        self._shape_of = master.shape_of
        self._fixed: list[int] = []
        self._certificates: list[Certificate] = []
        # What cannot start beside some jobs cannot start beside more of them.
        self._refuted: set[int] = set()
        generator.decide(dict.fromkeys(self._shape_of, False))

    def knows(self, job: int) -> bool:
        """Whether the job has a chance at all."""
        return job in self._shape_of

    def cost(self, costs: Floats, jobs: Sequence[int]) -> float:
        """Of all slots of these jobs, by what one job of each shape costs."""
        return cost_of(self._generator.master, costs, jobs)

    def is_refuted(self, job: int) -> bool:
        """Whether it, or one like it, was refuted, or prices kept from before refute it."""
        shape = self._shape_of[job]
        return shape in self._refuted or any(
            each.refutes(float(each.costs[shape])) for each in self._certificates
        )

    def first_refuted(self, jobs: Sequence[int]) -> int | None:
        """Index of the first of `jobs` that kept prices refute beside those before it."""
        earliest = None
        for certificate in self._certificates:
            costs = certificate.costs[[self._shape_of[job] for job in jobs]].cumsum()
            for index, cost in enumerate(costs[:earliest]):
                if certificate.refutes(float(cost)):
                    earliest = index
                    break
        return earliest

    def admits(self, jobs: Sequence[int], most_rounds: int = 0) -> bool | None:
        """Whether the linear program starts all fixed jobs and these; None if time is up.

        Where it does not, the prices that say so are kept, the clearest of so many rounds more.
        """
        clearest = None
        generator, master = self._generator, self._generator.master
        for job in jobs:
            master.release(job)
        for _ in range(MOST_ROUNDS):
            relaxed = generator.solve()
            if relaxed is None or generator.budget.is_spent:
                break
            if all(relaxed.starts[job] >= 1 - WHOLE for job in (*self._fixed, *jobs)):
                return True
            added, priced = generator.generate(relaxed)
            for prices, values in priced:
                certificate = self._certificate(prices, values)
                cost = self.cost(certificate.costs, jobs)
                if certificate.refutes(cost):
                    excess = certificate.paid + cost - certificate.worth
                    if clearest is None or excess > clearest[0]:
                        clearest = excess, certificate
            generator.center = priced[-1][0]
            if clearest is not None:
                most_rounds -= 1
            if not added or (clearest is not None and most_rounds < 0):
                break
        if clearest is not None:
            self._keep(clearest[1])
            return self._undone(jobs, False)
        return self._undone(jobs, None)

    def _undone(self, jobs: Sequence[int], answer: bool | None) -> bool | None:
        for job in jobs:
            self._generator.master.refuse(job)
        return answer

    def _keep(self, certificate: Certificate) -> None:
        self._certificates = [certificate, *self._certificates[: MOST_KEPT - 1]]

    def fix(self, jobs: Sequence[int]) -> None:
        """Let these jobs, which were admitted, start for good."""
        self._fixed += jobs
        for certificate in self._certificates:
            certificate.paid += self.cost(certificate.costs, jobs)

    def drop(self, jobs: Sequence[int]) -> None:
        """Let these jobs, which were admitted, not start after all."""
        self._undone(jobs, None)

    def refute(self, job: int) -> None:
        """Let nobody ask again for this job, one like it, or a harder one."""
        master = self._generator.master
        easier = master.demands_of[self._shape_of[job]]
        for shape, demands in master.demands_of.items():
            if all(any(is_harder(master, one, than) for than in easier) for one in demands):
                self._refuted.add(shape)

    def forget(self) -> None:
        """Drop all prices: the cluster has changed."""
        self._certificates.clear()

    @property
    def latest(self) -> Prices:
        """The last prices that refuted something."""
        return self._certificates[0].prices

    def _certificate(self, prices: Prices, values: Floats) -> Certificate:
        master = self._generator.master
        costs = slot_costs(master, prices)
        paid = self.cost(costs, self._fixed)
        return Certificate(prices, worth_of_patterns(master, prices, values), costs, paid)


def is_harder(master: Master, demand: Demand, other: Demand) -> bool:
    """Whether places for the first are surely also places for the other."""
    slot, easier = master.slots[demand.slot], master.slots[other.slot]
    if demand.slot == other.slot:
        return demand.count >= other.count
    is_alike = all(
        getattr(slot, name) == getattr(easier, name)
        for name in ("span", "holds", "packing", "max_lower", "is_single", "spreads")
    )
    return (
        is_alike
        and slot.packing is None
        and slot.size >= easier.size
        and demand.count >= other.count
        and min(easier.charges, default=0) >= 0
        and serves(slot, easier)
    )
