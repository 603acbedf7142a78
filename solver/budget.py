"""How long the solver may work, and what it has spent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import inf

from ortools.sat.python import cp_model

from ..models.plan import PlanOptions, Stop
from .search import search

# Deterministic seconds of CP-SAT; on the machines we measured, about as many of the clock.
DEFAULT_WORK = 20.0
# From this many variables on, thorough presolve costs more than it saves (measured on 200 and 512
# racks with all options: 25 s to the first solution against 2 s).
LARGE_MODEL = 8000
SMALLEST_SLICE = 1e-3


@dataclass
class Budget:
    """Deterministic work and wall time of one call, shared by all of its solves.

    Attributes
    ----------
    options
        Their limits and seed.
    stop
        Ends a running solve; from then on the budget is spent, whatever is left of it.
    """

    options: PlanOptions
    stop: Stop | None = None
    started: float = field(default_factory=time.monotonic)
    work: float = 0.0
    solves: int = 0

    @property
    def wall_s(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.started

    @property
    def work_limit(self) -> float | None:
        """Deterministic limit: as asked, or the default unless wall time was limited instead."""
        if self.options.work is not None:
            return self.options.work
        return None if self.options.budget_s is not None else DEFAULT_WORK

    @property
    def seconds_left(self) -> float | None:
        """Wall seconds left; None without a wall limit."""
        if self.options.budget_s is None:
            return None
        return max(self.options.budget_s - self.wall_s, SMALLEST_SLICE)

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked to end, so that no further solve may begin."""
        return self.stop is not None and self.stop()

    @property
    def is_spent(self) -> bool:
        """Whether no solve should be begun any more."""
        if self.is_stopped:
            return True
        limit = self.work_limit
        if limit is not None and self.work >= limit:
            return True
        return self.options.budget_s is not None and self.wall_s >= self.options.budget_s

    def part(self, share: float, most_work: float | None = None) -> Budget:
        """A budget of its own for a share of what is left; `add` it when it is spent.

        And for `most_work` deterministic seconds.
        """
        work = None if self.work_limit is None else (self.work_limit - self.work) * share
        if most_work is not None:
            work = most_work if work is None else min(work, most_work)
        seconds = None if self.seconds_left is None else self.seconds_left * share
        return Budget(replace(self.options, work=work, budget_s=seconds), self.stop)

    def solver(
        self, *, is_large: bool, share: float = 1.0, most_work: float = inf
    ) -> cp_model.CpSolver:
        """A solver with parameters for large models or others, limited to a share of the rest.

        And to `most_work` deterministic seconds.
        """
        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.num_workers = self.options.workers
        parameters.random_seed = self.options.seed
        # Packing is proven by its linear relaxation: 0.02 s against 5 s on the shipped torus.
        parameters.linearization_level = 2
        if is_large:
            parameters.cp_model_probing_level = 0
            parameters.symmetry_level = 0
            parameters.max_presolve_iterations = 1
            # Neighbourhood search beside the proof, still deterministic with one worker.
            parameters.interleave_search = True
        parameters.max_deterministic_time = most_work
        if self.work_limit is not None:
            left = (self.work_limit - self.work) * share
            parameters.max_deterministic_time = min(max(left, SMALLEST_SLICE), most_work)
        if self.seconds_left is not None:
            parameters.max_time_in_seconds = max(self.seconds_left * share, SMALLEST_SLICE)
        return solver

    def add(self, part: Budget) -> None:
        """Account for a part that was solved with a budget of its own."""
        self.work += part.work
        self.solves += part.solves

    def spend(
        self,
        solver: cp_model.CpSolver,
        cp: cp_model.CpModel,
        callback: cp_model.CpSolverSolutionCallback | None,
    ) -> cp_model.CpSolverStatus:
        """Solve until the solver's limits or `stop`, and account for it."""
        status = search(solver, cp, callback, stop=self.stop)
        self.work += solver.response_proto.deterministic_time
        self.solves += 1
        return status
