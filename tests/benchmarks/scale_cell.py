"""One cell of the scale benchmark: one engine on one generated hall, timed from the inside."""

from __future__ import annotations

import gc
import re
import time
from dataclasses import dataclass

from measuring import Row
from plain_model import Limits, solve_plain

from rackwright.cli.engines import checked
from rackwright.cli.main import OBJECTS_PER_COLLECTION
from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.heuristics.registry import HEURISTICS
from rackwright.models.instance import Instance
from rackwright.models.plan import Objective, Plan, PlanOptions, PlanResult
from rackwright.models.score import CAPACITY
from rackwright.solver import optimal

PLAIN = "plain-model"
LOCAL_SEARCH = "greedy+ls"
ENGINES = ("optimal", "greedy", LOCAL_SEARCH, "slurm", PLAIN)
# Lines that begin otherwise ("patterns, ", "relaxation, ") tell values that no plan has.
_PLAN = re.compile(r"(?P<term>\w+): (?P<value>\d+)(?: \(bound -?\d+\))? after ")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is measured.

    Attributes
    ----------
    mix
        ``plain``, ``all``, or ``all+power`` for three partitions and binding caps as well.
    budget_s
        Wall limit for the engines that know one.
    """

    racks: int
    jobs: int
    mix: str
    objective: str
    engine: str
    seed: int
    budget_s: float


def run_cell(cell: Cell) -> Row:
    """Make the instance, run the engine, and say when it had what.

    Returns
    -------
    Row
        ``plans`` are pairs of seconds and first term of the plans that are known to have existed
        at that moment, the last one at the engine's end; rules and score of that one are checked.
    """
    instance = colossus(
        num_blocks=cell.racks,
        num_jobs=cell.jobs,
        mix=cell.mix.partition("+")[0],
        power=cell.mix == "all+power",
        partitions=3 if cell.mix == "all+power" else 1,
        seed=cell.seed,
    )
    options = PlanOptions(
        objective=Objective(cell.objective), seed=cell.seed, budget_s=cell.budget_s
    )
    gc.set_threshold(OBJECTS_PER_COLLECTION)  # as the command does
    if cell.engine == PLAIN:
        return _run_plain(instance, options, Limits(cell.budget_s, seed=cell.seed, is_lean=True))
    if cell.engine == "optimal":
        return _run_optimal(instance, options)
    return _run_heuristic(cell.engine, instance, options)


def _run_heuristic(name: str, instance: Instance, options: PlanOptions) -> Row:
    plans = []
    if name == LOCAL_SEARCH:
        # It begins with this plan, and tells how many jobs the later ones start, not their value.
        begun = time.perf_counter()
        first = greedy(instance, options).objective[0].value
        plans.append((time.perf_counter() - begun, first))
    begun = time.perf_counter()
    result = HEURISTICS[name].placer(instance, options)
    seconds = time.perf_counter() - begun
    value = checked(instance, result).objective[0].value
    return {"seconds": seconds, "plans": [*plans, (seconds, value)], "value": value}


def _run_optimal(instance: Instance, options: PlanOptions) -> Row:
    """As the command does: from the greedy plan, where the exact engine asks for it."""
    gc.collect()  # what making the instance has left behind is not the engine's
    begun, begun_cpu = time.perf_counter(), time.process_time()
    recorder = _Recorder(begun, options.objective)

    def start_plan() -> Plan:
        start = greedy(instance, options)
        recorder.plans.append((time.perf_counter() - begun, start.objective[0].value))
        return start.plan

    result = optimal(instance, options, progress=recorder, hint=start_plan)
    seconds, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
    recorder.finish(checked(instance, result), seconds)
    first, *later = result.objective
    open_terms = [term.term for term in later if not term.proven]
    return {
        "seconds": seconds,
        "plans": recorder.plans,
        "proof s": recorder.first_term_s if first.proven else None,
        "capacity proof s": recorder.capacity_s
        if first.proven and CAPACITY not in open_terms
        else None,
        "all proofs s": seconds if first.proven and not open_terms else None,
        "CPU s": cpu_s,
        "open": ", ".join(open_terms),
        "variables": result.statistics["variables"],
        "started": len(result.plan.placements),
        "value": first.value,
        "bound": first.bound,
    }


def _run_plain(instance: Instance, options: PlanOptions, limits: Limits) -> Row:
    found = solve_plain(instance, options.objective, limits)
    seconds = found.build_s + found.solve_s
    plans = [(at, value) for at, value, _ in found.incumbents]
    if found.value is not None:
        plans.append((seconds, found.value))
    return {
        "seconds": seconds,
        "plans": plans,
        "proof s": seconds if found.proven else None,
        "value": found.value,
        "bound": found.bound,
    }


class _Recorder:
    """Follows the exact engine's progress lines."""

    def __init__(self, begun: float, objective: Objective) -> None:
        self._begun = begun
        self._objective = objective
        self.plans: list[tuple[float, int | str]] = []
        self.first_term_s: float | None = None
        self.capacity_s: float | None = None

    def __call__(self, message: str) -> None:
        seconds = time.perf_counter() - self._begun
        if message.startswith(f"{self._objective.value}: proven"):
            self.first_term_s = self.first_term_s or seconds
        if message.startswith(f"{CAPACITY}: proven"):
            self.capacity_s = self.capacity_s or seconds
        told = _PLAN.match(message)
        if told is None:
            return
        if told["term"] != self._objective.value:
            # The next term's first plan is the earliest sign that the one before is done with.
            self.first_term_s = self.first_term_s or seconds
            if told["term"] != CAPACITY:
                self.capacity_s = self.capacity_s or seconds
        elif self._objective is not Objective.PRIORITY:
            # Of start vectors only parts are told.
            self.plans.append((seconds, int(told["value"])))

    def finish(self, result: PlanResult, seconds: float) -> None:
        """The result is the last plan; a model's value above it could not be turned into one."""
        self.first_term_s = self.first_term_s or seconds
        self.capacity_s = self.capacity_s or seconds
        value = result.objective[0].value
        if isinstance(value, int):
            self.plans = [plan for plan in self.plans if int(plan[1]) <= value]
        self.plans.append((self.first_term_s, value))
