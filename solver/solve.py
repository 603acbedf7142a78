"""The exact engine: jointly optimal placement of the whole queue, with proof per term."""

from __future__ import annotations

from dataclasses import replace

from ..models.errors import SolverError
from ..models.instance import Instance
from ..models.plan import Objective, Plan, PlanOptions, PlanResult, Progress, TermValue
from ..models.rules import verify
from ..models.score import score
from .budget import Budget
from .build import build_model
from .decode import Decoder
from .explain import unplaced_jobs
from .flow_slots import SpreadConflict
from .hint import add_hint
from .layout import MERGE_THRESHOLD
from .model import PlacementModel
from .objective import Term, first_term, later_terms
from .stages import Stages

NAME = "optimal"
# Refining every lane into single bins is only worth a try below this many bins.
MOST_SINGLE_BINS = 600


def optimal(
    instance: Instance,
    options: PlanOptions,
    *,
    progress: Progress | None = None,
    hint: Plan | None = None,
) -> PlanResult:
    """The best plan under the score of design.md section 6, by CP-SAT.

    Parameters
    ----------
    hint
        A legal plan to start from; the result is never worse.

    Raises
    ------
    SolverError
        When the solver's plan breaks a rule or is worth other than it claims.

    Notes
    -----
    The model's size depends on the number of distinct lanes and shapes, not on nodes or jobs.
    """
    budget = Budget(options)
    try:
        plan, terms, model = _solve(instance, options, budget, progress, hint, MERGE_THRESHOLD)
    except SpreadConflict:
        plan, terms, model = _refined(instance, options, budget, progress, hint)
    _check(instance, options, plan)
    objective = _confirmed(instance, options, plan, terms)
    return PlanResult(
        plan=plan,
        engine=NAME,
        options=options,
        objective=objective,
        unplaced=unplaced_jobs(model, plan, objective[0]),
        wall_s=budget.wall_s,
        statistics={
            "work": round(budget.work, 6),
            "solves": budget.solves,
            "lanes": len(model.layout.lanes),
            "kinds": len(model.kinds),
            "variables": len(model.cp.proto.variables),
            "constraints": len(model.cp.proto.constraints),
        },
    )


def _solve(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    progress: Progress | None,
    hint: Plan | None,
    merge_threshold: int,
) -> tuple[Plan, list[TermValue], PlacementModel]:
    model = build_model(instance, options, merge_threshold)
    if hint is not None:
        add_hint(model, hint)
    stages = Stages(model, budget, progress)
    terms = [_first(stages, options)]
    for term in later_terms(model):
        outcome = stages.optimise(term)
        value = 0 if outcome.value is None else outcome.value
        bound = outcome.bound if outcome.solution is not None else None
        terms.append(TermValue(term.name, value, bound, term.is_minimised))
    if stages.best is None:
        plan = hint or Plan()
        return plan, [replace(term, bound=None) for term in terms], model
    return Decoder(model, stages.value).plan(), terms, model


def _first(stages: Stages, options: PlanOptions) -> TermValue:
    name = options.objective.value
    if options.objective is Objective.PRIORITY:
        value, bound, through = stages.maximise_starts()
        return TermValue(name, value, bound, proven_through=through)
    outcome = stages.optimise(Term(name, first_term(stages.model)))
    return TermValue(name, 0 if outcome.value is None else outcome.value, outcome.bound)


def _refined(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    progress: Progress | None,
    hint: Plan | None,
) -> tuple[Plan, list[TermValue], PlacementModel]:
    """Solve again with every bin on its own, where a spread job cannot be relaxed away."""
    plan, terms, model = _solve(instance, options, budget, progress, hint, 1 << 30)
    return plan, terms, model


def _check(instance: Instance, options: PlanOptions, plan: Plan) -> None:
    violations = verify(instance, plan, options.legality)
    if violations:
        told = "; ".join(f"job {v.job_id} breaks {v.rule}: {v.message}" for v in violations[:5])
        raise SolverError(f"the solver's plan is illegal: {told}")


def _confirmed(
    instance: Instance, options: PlanOptions, plan: Plan, terms: list[TermValue]
) -> tuple[TermValue, ...]:
    """The scorer's values with the solver's bounds.

    A plan may be worth more than its unproven model value, since the model counts what is left
    from below; a proven value must be met exactly.
    """
    confirmed = []
    for scored, claimed in zip(score(instance, plan, options), terms, strict=True):
        if claimed.proven and scored.value != claimed.value:
            raise SolverError(
                f"{scored.term} is {scored.value}, but the solver proved {claimed.value}"
            )
        confirmed.append(
            replace(scored, bound=claimed.bound, proven_through=claimed.proven_through)
        )
    return tuple(confirmed)
