"""Runs CP-SAT so that Ctrl-C and a wish to stop reach it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

from ortools.sat.python import cp_model

from ..models.plan import Stop

# Seconds between two looks at the wish to stop; a solve that ends is noticed at once.
POLL_S = 0.05


def search(
    solver: cp_model.CpSolver,
    cp: cp_model.CpModel,
    callback: cp_model.CpSolverSolutionCallback | None = None,
    *,
    stop: Stop | None = None,
) -> cp_model.CpSolverStatus:
    """Solve `cp`; as soon as `stop` says so, the search ends with what it has found.

    Ctrl-C raises KeyboardInterrupt here as anywhere in Python, once the search has ended.

    Notes
    -----
    CP-SAT's own handler of SIGINT ends one solve and tells nobody. Python's runs only while the
    main thread executes Python, so that the solve needs a thread of its own.
    """
    solver.parameters.catch_sigint_signal = False
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(solver.solve, cp, callback)
        try:
            while not wait([running], POLL_S).done:
                if stop is not None and stop():
                    solver.stop_search()
        finally:
            _end(solver, running)
    return running.result()


def _end(solver: cp_model.CpSolver, running: Future[cp_model.CpSolverStatus]) -> None:
    """Stop again and again: a stop before the search has begun is lost."""
    while not running.done():
        solver.stop_search()
        wait([running], POLL_S)
