"""One cell of the scale benchmark: one engine on one generated hall, timed from the inside."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from measuring import Row
from plain_model import Limits, solve_plain

from rackwright.cli.engines import run_engine
from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.models.instance import Instance
from rackwright.models.plan import Objective, PlanOptions, PlanResult
from rackwright.solver import optimal

PLAIN = "plain-model"
ENGINES = ("optimal", "greedy", "greedy+ls", "slurm", PLAIN)
ONE_PERCENT = 0.01
_INCUMBENT = re.compile(r"(?P<term>\w+): (?P<value>-?\d+) \(bound (?P<bound>-?\d+)\)")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is measured.

    Attributes
    ----------
    mix
        ``plain``, ``all``, or ``all+power`` for three partitions and binding caps as well.
    seconds
        Wall limit for the engines that know one.
    """

    racks: int
    jobs: int
    mix: str
    objective: str
    engine: str
    seed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A plan's first term and its bound at some moment."""

    seconds: float
    value: int
    bound: float

    @property
    def is_close(self) -> bool:
        """Whether it is within one percent of its bound, for certain."""
        return self.bound - self.value <= ONE_PERCENT * abs(self.bound)


def run_cell(cell: Cell) -> Row:
    """Make the instance, run the engine, and say when it had what."""
    instance = colossus(
        num_blocks=cell.racks,
        num_jobs=cell.jobs,
        mix=cell.mix.partition("+")[0],
        power=cell.mix == "all+power",
        partitions=3 if cell.mix == "all+power" else 1,
        seed=cell.seed,
    )
    options = PlanOptions(
        objective=Objective(cell.objective), seed=cell.seed, budget_s=cell.seconds
    )
    if cell.engine == PLAIN:
        return _run_plain(instance, options, Limits(cell.seconds, seed=cell.seed, is_lean=True))
    if cell.engine == "optimal":
        return _run_optimal(instance, options)
    begun = time.perf_counter()
    result = run_engine(cell.engine, instance, options)
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "first plan s": seconds, "value": result.objective[0].value}


def _run_optimal(instance: Instance, options: PlanOptions) -> Row:
    """As the command does: the greedy plan first, then the exact engine from it."""
    begun = time.perf_counter()
    start = greedy(instance, options)
    first_s = time.perf_counter() - begun
    recorder = _Recorder(begun, options.objective.value)
    result = optimal(instance, options, progress=recorder, hint=start.plan)
    seconds = time.perf_counter() - begun
    first = result.objective[0]
    recorder.finish(result, seconds)
    return {
        "seconds": seconds,
        "first plan s": first_s,
        "1 % s": next((found.seconds for found in recorder.incumbents if found.is_close), None),
        "proof s": recorder.first_term_s if first.proven else None,
        "later terms": ", ".join(
            f"{term.term} {'proven' if term.proven else 'open'}" for term in result.objective[1:]
        ),
        "value": first.value,
        "bound": first.bound,
    }


def _run_plain(instance: Instance, options: PlanOptions, limits: Limits) -> Row:
    found = solve_plain(instance, options.objective, limits)
    seconds = found.build_s + found.solve_s
    incumbents = [Incumbent(*incumbent) for incumbent in found.incumbents]
    if found.value is not None and found.bound is not None:
        incumbents.append(Incumbent(seconds, found.value, found.bound))
    return {
        "seconds": seconds,
        "first plan s": incumbents[0].seconds if incumbents else None,
        "1 % s": next((found.seconds for found in incumbents if found.is_close), None),
        "proof s": seconds if found.proven else None,
        "later terms": found.status,
        "value": found.value,
        "bound": found.bound,
    }


class _Recorder:
    """Follows the exact engine's progress lines."""

    def __init__(self, begun: float, first_term: str) -> None:
        self._begun = begun
        self._first_term = first_term
        self.incumbents: list[Incumbent] = []
        self.first_term_s: float | None = None

    def __call__(self, message: str) -> None:
        told = _INCUMBENT.match(message)
        if told is None:
            return
        seconds = time.perf_counter() - self._begun
        if told["term"] != self._first_term:
            # The next term's first plan is the earliest sign that the first term is done with.
            self.first_term_s = self.first_term_s or seconds
        elif self._first_term != Objective.PRIORITY.value:
            self.incumbents.append(Incumbent(seconds, int(told["value"]), float(told["bound"])))

    def finish(self, result: PlanResult, seconds: float) -> None:
        """The result counts as the last incumbent."""
        self.first_term_s = self.first_term_s or seconds
        first = result.objective[0]
        if isinstance(first.value, int) and isinstance(first.bound, int):
            self.incumbents.append(Incumbent(self.first_term_s, first.value, first.bound))
