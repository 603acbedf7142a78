"""Runs an engine by name and never lets an illegal or misjudged plan out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..models.errors import InputError, Problem, SolverError
from ..models.instance import Instance
from ..models.plan import (
    Interrupted,
    Plan,
    PlanOptions,
    PlanResult,
    Progress,
    Reason,
    Stop,
    Unplaced,
)

OPTIMAL = "optimal"
# Pending jobs times nodes up to which emulating Slurm takes no more than about a second.
MAX_EMULATED = 100_000


def engine_names() -> list[str]:
    """Every engine that ``--engine`` accepts, the exact one first."""
    from ..heuristics.registry import HEURISTICS

    return [OPTIMAL, *HEURISTICS]


def run_engine(
    name: str, instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Plan `instance` with the engine called `name`, and check what it returns.

    The exact engine starts from a heuristic's plan.

    Raises
    ------
    InputError
        No engine has that name.
    Interrupted
        On Ctrl-C, with the best checked result; a plain KeyboardInterrupt where there is none yet.
    SolverError
        The plan breaks a rule or is worth something else than the engine says.
    """
    if name == OPTIMAL:
        return _run_optimal(instance, options, progress)
    from ..heuristics.registry import HEURISTICS

    engine = HEURISTICS.get(name)
    if engine is None:
        raise InputError([Problem("--engine", "", repr(name), ", ".join(engine_names()))])
    try:
        return checked(instance, engine.placer(instance, options, progress=progress))
    except Interrupted as interrupted:
        raise Interrupted(checked(instance, interrupted.best)) from None


def _run_optimal(
    instance: Instance, options: PlanOptions, progress: Progress | None
) -> PlanResult:
    from ..solver import optimal
    from .interrupt import first_interrupt_noted

    with first_interrupt_noted() as stop:
        start = partial(_start_plan, instance, options, stop)
        found = optimal(instance, options, progress=progress, hint=start, stop=stop)
        result = checked(instance, found)
    if stop():
        raise Interrupted(result)
    return result


def _start_plan(instance: Instance, options: PlanOptions, stop: Stop) -> Plan:
    """The greedy plan, or what Slurm's own schedulers would start where that is worth more.

    So the exact engine, which never returns less than it is given, is never worse than Slurm, even
    when its budget ends early.
    """
    from ..heuristics.greedy import greedy
    from ..models.rules import verify
    from ..models.score import is_better

    best = checked(instance, greedy(instance, options))
    if len(instance.jobs) * len(instance.cluster.nodes) > MAX_EMULATED:
        return best.plan
    from ..heuristics.slurm import slurm, slurm_backfill

    for schedule in (slurm, slurm_backfill):
        if stop():
            break
        result = schedule(instance, options)
        is_legal = not verify(instance, result.plan, options.legality)
        if is_legal and is_better(result.objective, best.objective):
            best = checked(instance, result)
    return best.plan


def checked(instance: Instance, result: PlanResult) -> PlanResult:
    """`result` with the ineligible jobs listed, once the rules and the score agree with it."""
    from ..models.rules import verify
    from ..models.score import score

    violations = verify(instance, result.plan, result.options.legality)
    if violations:
        first = violations[0]
        raise SolverError(
            f"engine {result.engine}: {len(violations)} violations, the first of rule "
            f"{first.rule}, job {first.job_id}: {first.message}"
        )
    for claimed, true in zip(
        result.objective, score(instance, result.plan, result.options), strict=True
    ):
        if (claimed.term, claimed.value) != (true.term, true.value):
            raise SolverError(
                f"engine {result.engine}: claims {claimed.term} = {claimed.value}, "
                f"the scorer says {true.term} = {true.value}"
            )
    return _with_ineligible(instance, result)


def _with_ineligible(instance: Instance, result: PlanResult) -> PlanResult:
    listed = {item.job_id for item in result.unplaced}
    missing = tuple(
        Unplaced(item.job.job_id, Reason.INELIGIBLE, "", item.reason)
        for item in instance.ineligible
        if item.job.job_id not in listed
    )
    return replace(result, unplaced=result.unplaced + missing)
