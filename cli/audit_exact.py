"""The exact engine as an audit asks it: as many jobs as possible, and whether that is all."""

from __future__ import annotations

from time import monotonic

from ..models.audit.waits import MostJobs
from ..models.instance import Instance
from ..models.legality import Legality
from ..models.plan import Objective, Plan, PlanOptions

# Deterministic seconds for one question: thousands of them are asked.
WORK = 1.0


def exact_most_jobs(legality: Legality, budget_s: float) -> MostJobs:
    """`optimal` under `legality`, started from the greedy plan.

    Parameters
    ----------
    legality
        Which rules bind.
    budget_s
        Wall-clock seconds for all questions together; later ones stay undecided.
    """
    spent_s = 0.0

    def most_jobs(instance: Instance) -> tuple[Plan, bool]:
        nonlocal spent_s
        if spent_s > budget_s:
            return Plan(), False
        begin_s = monotonic()
        try:
            return ask(instance)
        finally:
            spent_s += monotonic() - begin_s

    def ask(instance: Instance) -> tuple[Plan, bool]:
        from ..heuristics.greedy import greedy
        from ..solver import optimal

        options = PlanOptions(objective=Objective.JOBS, legality=legality, mix=(), work=WORK)
        hint = greedy(instance, options).plan
        if len(hint.placements) == len(instance.jobs):
            return hint, True
        result = optimal(instance, options, hint=hint)
        return result.plan, result.objective[0].proven

    return most_jobs
