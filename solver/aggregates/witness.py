"""Whether jobs can start with those beyond all levels as wholes, and where the latter go.

They are placed, and the linear program over patterns answers what cannot start beside them: its
prices are a cut on further places (Benders). All jobs that were admitted must start.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..budget import Budget
from .bound import generator_of
from .choice import Choice, choice_of, jobs_beyond
from .cuts import MOST_SHARES, Cut, Unit, cut_of, num_shares
from .moves import limits_of, moved
from .offer import Offer
from .places import EXACT, search_places
from .refute import CLEARLY, Refuter
from .unit_master import NOTHING
from .unit_task import task_of

# Places that are tried before a job is left undecided.
MOST_CHOICES = 60
# Rounds in which clearer prices are looked for after some refuted the jobs beside a choice.
CLEAREST = 100


class Witness:
    """Places for jobs beyond all levels beside which all admitted jobs start.

    Parameters
    ----------
    offer
        All jobs, each worth something, and what there is for them.

    Attributes
    ----------
    choice
        The places found last.
    """

    def __init__(self, offer: Offer, budget: Budget) -> None:
        self._budget = budget
        self._beside = generator_of(offer.master(offer.regions), budget, is_strict=False)
        self._master = self._beside.master
        self._demands = jobs_beyond(self._master)
        self._refuter = Refuter(self._beside)
        self._is_small = num_shares(self._master, self._demands) <= MOST_SHARES
        self._cuts: list[Cut] = []
        self._admitted: list[int] = []
        self._wanted: set[int] = set()
        # Jobs beyond all levels, and limits on cuts that they cannot keep together.
        self._impossible: list[tuple[frozenset[int], dict[int, float]]] = []
        self.choice: Choice = choice_of(self._master, [])

    def admits(self, jobs: Sequence[int]) -> bool | None:
        """Whether all admitted jobs and these start; None if time is up.

        They are admitted from then on, if so.
        """
        largest = [job for job in jobs if job in self._demands]
        others = [job for job in jobs if job not in self._demands]
        if largest and not self._is_small:
            return None
        before = self.choice
        self._wanted.update(largest)
        answer = self._placed([*self._admitted, *others]) if largest else True
        for _ in range(MOST_CHOICES):
            if not answer:
                break
            answer = self._refuter.admits(others, CLEAREST)
            if answer:
                self._refuter.fix(others)
                self._admitted += others
                return True
            if answer is None:
                break
            # The prices that refuted these jobs beside this choice tell what is wrong with it.
            self._cuts.append(cut_of(self._master, self._beside.pricer, self._refuter.latest))
            answer = self._placed([*self._admitted, *others])
        self._wanted.difference_update(largest)
        if self.choice is not before:
            # Beside these all that was admitted before does start.
            self._choose(before.units)
        return None if answer else answer

    def _placed(self, others: Sequence[int]) -> bool | None:
        """Choose places anew that leave enough for these jobs by all cuts so far."""
        most = [
            cut.worth - self._refuter.cost(cut.costs, others) + CLEARLY * max(1.0, cut.worth)
            for cut in self._cuts
        ]
        limits = limits_of(self._master, self._cuts, most)
        if any(
            wanted <= self._wanted
            and all(limits.most[number] <= limit for number, limit in needed.items())
            for wanted, needed in self._impossible
        ):
            return False
        present = self.choice.units
        found, units = moved(
            self._master, limits, present, self._demands, self._wanted, self._budget
        )
        if found:
            self._choose(units)
            return True
        wanted = {job: self._demands[job] for job in sorted(self._wanted)}
        # All of them must start, and others need no more than the cuts ask for.
        task = task_of(self._master, limits, wanted, {}, 0.0)
        searched = search_places(task, units, 0.0, EXACT, self._budget)
        if searched.units is not None:
            self._choose(searched.units)
            return True
        if searched.bound >= -NOTHING * task.scale:
            return None
        needed = {number: limits.most[number] for number in searched.needed}
        self._impossible.append((frozenset(self._wanted), needed))
        return False

    def _choose(self, units: Sequence[Unit]) -> None:
        self.choice = choice_of(self._master, units)
        self._beside.reserve(self.choice.reserved)
        self._refuter.forget()
