"""Whether one job alone could start in a given state: an exact answer to one question."""

from __future__ import annotations

from dataclasses import replace

from ortools.sat.python import cp_model

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective, PlanOptions, Stop
from ..models.resources import Mode
from .bins import OUTSIDE
from .build import build_model
from .model import Kind, PlacementModel
from .options import OptionBuilder, requests_mode, small_unit
from .search import search

# Deterministic seconds for one question.
WORK = 5.0


def possible(
    instance: Instance, job: Job, options: PlanOptions, *, stop: Stop | None = None
) -> bool | None:
    """Whether `job` could start now if it were the only one waiting.

    Returns
    -------
    None when the work limit did not suffice to tell, or `stop` came before.
    """
    alone = instance.with_jobs((job,))
    if not OptionBuilder(alone, options.legality).options(job):
        return False
    question = replace(
        options, objective=Objective.JOBS, mix=(), locality=False, balance_power=False
    )
    model = build_model(alone, question)
    answer = _by_counting(model)
    if answer is not None:
        return answer
    model.cp.add(model.starts[0] == 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = options.seed
    solver.parameters.max_deterministic_time = WORK
    status = search(solver, model.cp, stop=stop)
    if status == cp_model.INFEASIBLE:
        return False
    return True if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def _by_counting(model: PlacementModel) -> bool | None:
    if len(model.kinds) != 1 or model.layout.binding:
        return None
    return fits_by_counting(model, model.kinds[0])


def fits_by_counting(model: PlacementModel, kind: Kind) -> bool | None:
    """Whether a job of the kind fits alone, where adding up what the bins hold is exact."""
    option = kind.option
    units = option.units
    if not small_unit(option) or option.holds_sites or option.required or units.consolidates:
        return None
    if option.one_per_site or option.is_one_node:
        return None
    if any(requests_mode(model.instance, option.job, mode) for mode in Mode):
        return None
    room = 0
    for lane in model.lanes_for(kind):
        if lane.is_windowed:
            return None
        if lane.site != OUTSIDE:
            room += model.fitting(kind, lane, units.size)
    return room >= units.count
