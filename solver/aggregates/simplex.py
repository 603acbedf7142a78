"""Linear programs that are solved again and again, a little larger each time, by GLOP."""

from __future__ import annotations

# OR-Tools has no type stubs for its linear solver.
from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

# Steps after which the primal simplex method is taken to cycle: it takes a few hundred, mostly.
MOST_STEPS = 50_000
# Without preprocessing each solve starts from the last basis.
USUAL = f"use_preprocessing: false max_number_of_iterations: {MOST_STEPS}"
# With it, it also ends where the primal method calls the last basis abnormal before a step.
DUAL = f"use_preprocessing: true use_dual_simplex: true max_number_of_iterations: {MOST_STEPS}"


def linear_program() -> pywraplp.Solver:
    """An empty one."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    solver.SetSolverSpecificParametersAsString(USUAL)
    return solver


def solved(solver: pywraplp.Solver) -> bool:
    """Solve from the last basis; whether there is an optimum.

    Where that cycles (seen on 53 rows and 93 columns) or is abnormal (40 rows of budgets), the
    dual method starts anew.
    """
    status = solver.Solve()
    is_stuck = status in (pywraplp.Solver.NOT_SOLVED, pywraplp.Solver.ABNORMAL)
    if is_stuck or solver.iterations() >= MOST_STEPS:
        solver.SetSolverSpecificParametersAsString(DUAL)
        parameters = pywraplp.MPSolverParameters()
        parameters.SetIntegerParam(parameters.INCREMENTALITY, parameters.INCREMENTALITY_OFF)
        status = solver.Solve(parameters)
        solver.SetSolverSpecificParametersAsString(USUAL)
    return bool(status == pywraplp.Solver.OPTIMAL)
