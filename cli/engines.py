"""Runs an engine by name and never lets an illegal or misjudged plan out."""

from __future__ import annotations

from dataclasses import replace

from ..models.errors import InputError, Problem, SolverError
from ..models.instance import Instance
from ..models.plan import PlanOptions, PlanResult, Progress, Reason, Unplaced

OPTIMAL = "optimal"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while planning; carries the best result so far."""

    def __init__(self, best: PlanResult) -> None:
        super().__init__()
        self.best = best


def engine_names() -> list[str]:
    """Every engine that ``--engine`` accepts, the exact one first."""
    from ..heuristics.registry import HEURISTICS

    return [OPTIMAL, *HEURISTICS]


def run_engine(
    name: str, instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Plan `instance` with the engine called `name`, and check what it returns.

    The exact engine starts from the greedy plan; interrupted, that plan is the best so far.

    Raises
    ------
    InputError
        No engine has that name.
    Interrupted
        On Ctrl-C, with the best checked result.
    SolverError
        The plan breaks a rule or is worth something else than the engine says.
    """
    from ..heuristics.registry import HEURISTICS

    if name == OPTIMAL:
        return _run_optimal(instance, options, progress)
    engine = HEURISTICS.get(name)
    if engine is None:
        raise InputError([Problem("--engine", "", repr(name), ", ".join(engine_names()))])
    return checked(instance, engine.placer(instance, options, progress=progress))


def _run_optimal(
    instance: Instance, options: PlanOptions, progress: Progress | None
) -> PlanResult:
    from ..heuristics.greedy import greedy
    from ..solver import optimal

    start = checked(instance, greedy(instance, options, progress=None))
    try:
        result = optimal(instance, options, progress=progress, hint=start.plan)
    except KeyboardInterrupt:
        raise Interrupted(start) from None
    return checked(instance, result)


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
