"""Lexicographic optimisation: one term after the other, each with value, bound and proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from ..models.errors import SolverError
from ..models.plan import Objective, Progress, TermValue
from .budget import LARGE_MODEL, Budget
from .model import PlacementModel, Variable
from .objective import Term, first_term

Solution = Sequence[int]

# Bits of the start vector decided by one solve; the first weighs 2**(CHUNK - 1).
CHUNK = 16
# Of the budget that is left, what one term or one chunk may use.
SHARE = 0.6


@dataclass(frozen=True)
class Outcome:
    """What one solve found.

    Attributes
    ----------
    value, bound
        Of its objective; None where nothing was found.
    solution
        Value per variable of the model.
    """

    value: int | None
    bound: int | None
    solution: Solution | None

    @property
    def is_proven(self) -> bool:
        """Whether the value is optimal. Never inferred from the status word alone."""
        return self.value is not None and self.value == self.bound


class Stages:
    """Solves one model repeatedly, each time a little more constrained.

    Parameters
    ----------
    model
        The placement model; constraints are added to it.
    budget
        Shared by all solves.
    progress
        Told incumbent, bound and seconds.
    """

    def __init__(
        self, model: PlacementModel, budget: Budget, progress: Progress | None = None
    ) -> None:
        self.model = model
        self.budget = budget
        self.progress = progress
        self.best: Solution | None = None

    def solve(self, term: Term, share: float = 1.0) -> Outcome:
        """Optimise `term` from the best solution so far, kept unless a better one is found."""
        if self.budget.is_stopped:
            return Outcome(None, None, None)
        cp = self.model.cp
        if term.is_minimised:
            cp.minimize(term.expression)
        else:
            cp.maximize(term.expression)
        if self.best is not None:
            self._hint(self.best)
        solver = self.budget.solver(is_large=self._is_large, share=share)
        callback = _Reporter(term, self.budget, self.progress) if self.progress else None
        status = self.budget.spend(solver, cp, callback)
        if status == cp_model.INFEASIBLE:
            raise SolverError("CP-SAT calls the model infeasible, though it may start nothing")
        if status == cp_model.MODEL_INVALID:
            raise AssertionError(cp.validate())
        bound = _rounded(solver.best_objective_bound, term.is_minimised)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            # Ended within presolve, CP-SAT reports a bound of 0 that it has not proven.
            return Outcome(None, bound or None, None)
        self.best = list(solver.response_proto.solution)
        return Outcome(round(solver.objective_value), bound, self.best)

    @property
    def _is_large(self) -> bool:
        """Whether thorough presolve costs more than it saves.

        A relaxation stands for a large model, however small it is itself. A few plain flows are
        small, however many jobs: 10,000 jobs on 3,056 racks take 16 s against 29 s.
        """
        is_big = len(self.model.cp.proto.variables) >= LARGE_MODEL
        return self.model.is_relaxed or (is_big and not self.model.is_plain)

    def _hint(self, solution: Solution) -> None:
        hint = self.model.cp.proto.solution_hint
        hint.vars.clear()
        hint.values.clear()
        hint.vars.extend(range(len(solution)))
        hint.values.extend(solution)

    def value(self, variable: Variable) -> int:
        """Value of a variable in the best solution."""
        assert self.best is not None
        return self.best[variable.index]

    def optimise(self, term: Term) -> Outcome:
        """Optimise one term and fix it at the value found; leave some budget to the next ones."""
        outcome = self.solve(term, share=SHARE)
        if outcome.value is not None:
            if term.is_minimised:
                self.model.cp.add(term.expression <= outcome.value)
            else:
                self.model.cp.add(term.expression >= outcome.value)
        return outcome

    def fix_first(self, value: int) -> TermValue:
        """The first term, a sum that is known already: of a plan that meets its bound."""
        self.model.cp.add(first_term(self.model) == value)
        return TermValue(self.model.plan_options.objective.value, value, value)

    def maximise_starts(self, known: str = "") -> tuple[str, str, str | None]:
        """The lexicographically largest start vector: value, bound, last job it is proven through.

        Its first bits may be `known`. Decides `CHUNK` jobs at a time. Jobs that the incumbent
        starts anyway need no solve; jobs that cannot fit beside the ones fixed so far are refuted
        by counting nodes.
        """
        model = self.model
        jobs = model.instance.jobs
        decided = list(known)
        is_proven = True
        proven = position = len(known)
        free = len(frozenset().union(*model.layout.usable))
        for index, known_bit in enumerate(known):
            free -= int(known_bit) * jobs[index].num_nodes
            if index in model.starts:
                model.cp.add(model.starts[index] == int(known_bit))
        while position < len(jobs):
            job = jobs[position]
            start = model.starts.get(position)
            if start is None or job.num_nodes > free:
                decided.append("0")
                if start is not None:
                    model.cp.add(start == 0)
                position += 1
            elif self.best is not None and self.value(start):
                model.cp.add(start == 1)
                free -= job.num_nodes
                decided.append("1")
                position += 1
            else:
                chunk = [
                    index
                    for index in range(position, len(jobs))
                    if index in model.starts and jobs[index].num_nodes <= free
                ][:CHUNK]
                is_proven &= self._decide(chunk)
                if self.best is None:
                    break
                last = chunk[-1]
                for index in range(position, last + 1):
                    begun = model.starts.get(index)
                    bit = 0 if begun is None else self.value(begun)
                    decided.append(str(bit))
                    free -= bit * jobs[index].num_nodes
                position = last + 1
            if is_proven:
                proven = position
        value = "".join(decided).ljust(len(jobs), "0")
        bound = value[:proven] + "".join(
            "1" if index in model.starts else "0" for index in range(proven, len(jobs))
        )
        through = jobs[proven - 1].job_id if proven else None
        return value, value if proven == len(jobs) else bound, through

    def _decide(self, chunk: list[int]) -> bool:
        """Maximise the bits of `chunk` as a binary number, fix them; whether that is proven."""
        starts = [self.model.starts[index] for index in chunk]
        weights = [1 << (len(chunk) - 1 - place) for place in range(len(chunk))]
        if self.budget.is_spent and self.best is not None:
            outcome = Outcome(0, -1, self.best)
        else:
            term = Term("priority", cp_model.LinearExpr.weighted_sum(starts, weights))
            outcome = self.solve(term, share=SHARE)
        if self.best is not None:
            for start in starts:
                self.model.cp.add(start == self.value(start))
        return outcome.is_proven


def optimise_first(stages: Stages, known: int | str | None = None) -> TermValue:
    """The first term of the score, as `--objective` chooses it.

    Parameters
    ----------
    known
        A bound of a sum, or the first bits of the best start vector.
    """
    objective = stages.model.plan_options.objective
    if objective is Objective.PRIORITY:
        value, bound, through = stages.maximise_starts(known if isinstance(known, str) else "")
        return TermValue(objective.value, value, bound, proven_through=through)
    expression = first_term(stages.model)
    if isinstance(known, int):
        stages.model.cp.add(expression <= known)
    outcome = stages.optimise(Term(objective.value, expression))
    bounds = [each for each in (outcome.bound, known) if isinstance(each, int)]
    return TermValue(objective.value, outcome.value or 0, min(bounds, default=None))


def _rounded(bound: float, is_minimised: bool) -> int:
    """The integer bound behind the solver's floating-point one."""
    # A larger tolerance would be a bound above every large value, which then is never proven.
    tolerance = min(1e-6 * max(1.0, abs(bound)), 0.5)
    if is_minimised:
        return -int((-bound + tolerance) // 1)
    return int((bound + tolerance) // 1)


class _Reporter(cp_model.CpSolverSolutionCallback):
    """Tells every new incumbent."""

    def __init__(self, term: Term, budget: Budget, progress: Progress | None) -> None:
        super().__init__()
        self._term = term
        self._budget = budget
        self._progress = progress

    def on_solution_callback(self) -> None:
        if self._progress is not None:
            value, bound = round(self.objective_value), self.best_objective_bound
            self._progress(
                f"{self._term.name}: {value} (bound {bound:.0f}) after {self._budget.wall_s:.1f} s"
            )
