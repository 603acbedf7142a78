"""Runs solvers so that Ctrl-C and a wish to stop reach them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from ortools.sat.python import cp_model

from ..models.plan import Stop

T = TypeVar("T")

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

    Notes
    -----
    CP-SAT's own handler of SIGINT ends one solve and tells nobody.
    """
    solver.parameters.catch_sigint_signal = False
    return watched(lambda: solver.solve(cp, callback), solver.stop_search, stop)


def watched(solve: Callable[[], T], interrupt: Callable[[], object], stop: Stop | None) -> T:
    """What `solve` returns; as soon as `stop` says so, it is interrupted.

    Ctrl-C raises KeyboardInterrupt here as anywhere in Python, once the solve has ended.

    Notes
    -----
    Python's handler of SIGINT runs only while the main thread executes Python, so that the solve
    needs a thread of its own.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(solve)
        try:
            while not wait([running], POLL_S).done:
                if stop is not None and stop():
                    interrupt()
        finally:
            # Again and again: an interrupt before the search has begun is lost.
            while not running.done():
                interrupt()
                wait([running], POLL_S)
    return running.result()
