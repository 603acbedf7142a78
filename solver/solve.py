"""The exact engine: jointly optimal placement of the whole queue, with proof per term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..models.errors import SolverError
from ..models.instance import Instance
from ..models.plan import Objective, Plan, PlanOptions, PlanResult, Progress, Stop, TermValue
from ..models.rules import verify
from ..models.score import CAPACITY, first_term, is_better, score, usable_capacity
from .aggregates.plan import is_decomposable
from .budget import Budget
from .build import TooLarge, build_model, build_relaxation
from .decode import Decoder
from .explain import unplaced_jobs
from .flow_slots import SpreadConflict
from .hint import add_hint
from .known import FEW_PAIRS, Known, decomposed, prefixed, spared
from .layout import ALL_SINGLE, MERGE_THRESHOLD
from .model import PlacementModel
from .neighbourhoods import improve
from .objective import Term, later_terms
from .stages import Stages, optimise_first

NAME = "optimal"
# Lanes times options from which the whole model is not built any more (measured: 512 racks with
# 300 jobs of all kinds have 67,000 and take seconds to the first solution).
MOST_PAIRS = 80_000
# The same for usable capacity beside a proven start vector, which takes a linear program.
MIDDLE_PAIRS = 2_000
# So many nodes for each variable of the model, and its solution is cheaper than a start plan ...
NODES_PER_VARIABLE = 50
# ... unless it takes more deterministic seconds than this.
BRIEF_WORK = 0.5
# Refining every lane into single bins is only worth a try below this many bins.
MOST_SINGLE_BINS = 600
# Of the budget that is left, what the relaxation of a large instance may use.
BOUND_SHARE = 0.4


@dataclass(frozen=True)
class _Found:
    """A plan, its terms as the solver claims them, and the model that knows the jobs."""

    plan: Plan
    terms: list[TermValue]
    model: PlacementModel


def optimal(
    instance: Instance,
    options: PlanOptions,
    *,
    progress: Progress | None = None,
    hint: Plan | Callable[[], Plan] | None = None,
    stop: Stop | None = None,
) -> PlanResult:
    """The best plan under the score of design.md section 6, by CP-SAT.

    Parameters
    ----------
    hint
        A legal plan to start from, or how to make one, which is done only where it pays. The
        result is never worse than the plan.
    stop
        Once it is true the search ends, and the best plan so far is returned with its bounds.

    Raises
    ------
    SolverError
        When the solver's plan breaks a rule or is worth other than it claims.

    Notes
    -----
    The model's size depends on the number of distinct lanes and shapes, not on nodes or jobs.
    Where even that is too large, a relaxation gives the bound and neighbourhoods the plan.
    """
    budget = Budget(options, stop)
    try:
        model = build_model(instance, options, MERGE_THRESHOLD, MOST_PAIRS)
    except TooLarge:
        start = _start_plan(hint)
        found = _solve_large(instance, options, budget, progress, start)
    else:
        found, start = _solve_whole(model, budget, progress, hint)
    _check(instance, options, found.plan)
    found, scored = _no_worse(instance, options, found, start)
    objective = _confirmed(scored, found.terms)
    return PlanResult(
        plan=found.plan,
        engine=NAME,
        options=options,
        objective=objective,
        unplaced=unplaced_jobs(found.model, found.plan, objective[0], stop=stop),
        wall_s=budget.wall_s,
        statistics={
            "work": round(budget.work, 6),
            "solves": budget.solves,
            "lanes": len(found.model.layout.lanes),
            "kinds": len(found.model.kinds),
            "variables": len(found.model.cp.proto.variables),
            "constraints": len(found.model.cp.proto.constraints),
        },
    )


def _start_plan(hint: Plan | Callable[[], Plan] | None) -> Plan:
    return hint() if callable(hint) else hint or Plan()


def _solve_whole(
    model: PlacementModel,
    budget: Budget,
    progress: Progress | None,
    hint: Plan | Callable[[], Plan] | None,
) -> tuple[_Found, Plan]:
    """What the whole model finds, and the plan it may not be worse than."""
    instance, options = model.instance, model.plan_options
    found = None
    if _is_brief(model):
        part = budget.part(1.0, BRIEF_WORK)
        found = _solve(model, part, progress, Plan(), Known(Plan()))
        budget.add(part)
        if all(term.proven for term in found.terms):
            return found, found.plan
        if budget.is_spent:
            return found, _start_plan(hint)
        model = build_model(instance, options, MERGE_THRESHOLD)
    start = _start_plan(hint)
    if found is not None:
        start = _better(instance, options, start, found.plan)
    known = decomposed(instance, options, budget, progress, start, model.num_pairs)
    if found is not None and known.term is None:
        known = replace(known, term=found.terms[0])
    return _solve(model, budget, progress, known.plan, known), known.plan


def _better(instance: Instance, options: PlanOptions, one: Plan, other: Plan) -> Plan:
    """The one that is worth more, else the first."""
    scored, scored_other = (score(instance, plan, options) for plan in (one, other))
    return other if is_better(scored_other, scored) else one


def _is_brief(model: PlacementModel) -> bool:
    """Whether a few flows stand for so many nodes that a start plan would cost more than it saves.

    Making one takes passes over all nodes. Start vectors need it all the same: it says which jobs
    start, without a solve for every few of them.
    """
    num_nodes, num_variables = len(model.instance.cluster.nodes), len(model.cp.proto.variables)
    is_sum = model.plan_options.objective is not Objective.PRIORITY
    return is_sum and model.is_plain and num_nodes >= NODES_PER_VARIABLE * num_variables


def _no_worse(
    instance: Instance, options: PlanOptions, found: _Found, start: Plan
) -> tuple[_Found, tuple[TermValue, ...]]:
    """What was found, or the start plan if that is better, with its score."""
    scored = score(instance, found.plan, options)
    if all(term.proven for term in found.terms):
        return found, scored
    started = score(instance, start, options)
    if not is_better(started, scored):
        return found, scored
    # Only where the budget ended early.
    terms = _bounds_of_better(scored, started, found.terms)
    return replace(found, plan=start, terms=terms), started


def _solve(
    model: PlacementModel,
    budget: Budget,
    progress: Progress | None,
    start: Plan,
    known: Known,
) -> _Found:
    """Every term in turn on the whole model; of the first two something may be known already."""
    instance, options = model.instance, model.plan_options
    if start.placements:
        add_hint(model, start)
    stages = Stages(model, budget, progress)
    terms = [_first_stage(stages, start, known)]
    known = _spared_beside(stages, terms[0], replace(known, plan=start), budget, progress)
    if known.is_spared:
        # Whatever the solver has found is no better.
        start, stages.best = known.plan, None
        add_hint(model, start)
    for term in later_terms(model):
        is_known = known.is_spared and term.name == CAPACITY
        terms.append(_known_stage(stages, term, known) if is_known else _stage(stages, term))
    if stages.best is None:
        return _Found(start, [terms[0], *_unbounded(terms[1:], known)], model)
    try:
        return _Found(Decoder(model, stages.value).plan(), terms, model)
    except SpreadConflict:
        # A spread job cannot be relaxed away here: give every bin a lane of its own.
        num_bins = sum(len(lane.bins) for lane in model.layout.lanes)
        is_refined = num_bins == len(model.layout.lanes)
        if num_bins <= MOST_SINGLE_BINS and not is_refined and not budget.is_stopped:
            refined = build_model(instance, options, ALL_SINGLE)
            return _solve(refined, budget, progress, start, known)
        return _Found(start, [terms[0], *_unbounded(terms[1:], known)], model)


def _first_stage(stages: Stages, start: Plan, known: Known) -> TermValue:
    """The first term, from what is known of it."""
    instance, objective = stages.model.instance, stages.model.plan_options.objective
    reached = first_term(instance, start, objective)
    if known.term is not None and isinstance(reached, int) and known.term.bound == reached:
        return stages.fix_first(reached)
    return optimise_first(stages, _usable(instance, known.term, reached))


def _spared_beside(
    stages: Stages, first: TermValue, known: Known, budget: Budget, progress: Progress | None
) -> Known:
    """What is known of usable capacity beside the first term, where that is proven."""
    instance, options = stages.model.instance, stages.model.plan_options
    is_ranked = options.objective is Objective.PRIORITY
    is_large = stages.model.num_pairs >= (MIDDLE_PAIRS if is_ranked else FEW_PAIRS)
    if not known.is_spared and not (is_large and first.proven and is_decomposable(instance)):
        return known
    plan = known.plan if known.is_spared else _reached(stages, known.plan)
    if not first.proven or first_term(instance, plan, options.objective) != first.value:
        # What is known is of other jobs.
        return replace(known, capacity=None, is_spared=False)
    if known.is_spared:
        return known
    return spared(instance, options, replace(known, plan=plan), budget, progress)


def _reached(stages: Stages, start: Plan) -> Plan:
    """The plan that the solver has found, if it has."""
    if stages.best is None:
        return start
    try:
        return Decoder(stages.model, stages.value).plan()
    except SpreadConflict:
        return start


def _stage(stages: Stages, term: Term) -> TermValue:
    """A later term."""
    outcome = stages.optimise(term)
    limit = outcome.bound if outcome.solution is not None else None
    return TermValue(term.name, outcome.value or 0, limit, term.is_minimised)


def _known_stage(stages: Stages, term: Term, known: Known) -> TermValue:
    """Usable capacity: no less than the known plan leaves, no more than its bound."""
    model = stages.model
    reached = usable_capacity(model.instance, known.plan, model.plan_options)
    if known.capacity is not None and known.capacity < reached:
        raise SolverError(f"{term.name} is {reached}, but was bounded by {known.capacity}")
    model.cp.add(term.expression >= reached)
    if known.capacity is not None:
        model.cp.add(term.expression <= known.capacity)
    if reached == known.capacity:
        return TermValue(term.name, reached, reached)
    found = _stage(stages, term)
    bounds = [each for each in (found.bound, known.capacity) if isinstance(each, int)]
    return replace(found, bound=min(bounds, default=None))


def _usable(instance: Instance, known: TermValue | None, reached: int | str) -> int | str | None:
    """Of what is known: a bound, or the decided bits of a start vector that a plan has reached."""
    if known is None or not isinstance(known.bound, str):
        return None if known is None else known.bound
    through = _agreed_through(instance, reached, known)
    ids = [job.job_id for job in instance.jobs]
    return known.bound[: ids.index(through) + 1] if through is not None else ""


def _solve_large(
    instance: Instance,
    options: PlanOptions,
    budget: Budget,
    progress: Progress | None,
    start: Plan,
) -> _Found:
    """A bound by relaxation, a plan by neighbourhoods; of later terms only what is known."""
    model = build_relaxation(instance, options)
    known = decomposed(instance, options, budget, progress, start)
    if known.term is not None and known.is_close:
        relaxed, wanted = known.term, known.wanted
    else:
        relaxed, wanted = _relaxed(model, budget, progress, known.term)
    goal = relaxed.value if relaxed.proven else relaxed.bound
    plan = known.plan
    if goal is not None:
        wanted = known.wanted or wanted
        plan = improve(instance, options, plan, budget, goal, wanted, progress)
    terms = [
        TermValue(term.term, term.value, None, term.is_minimised)
        for term in score(instance, plan, options)
    ]
    through = _agreed_through(instance, terms[0].value, relaxed)
    terms[0] = replace(terms[0], bound=goal, proven_through=through)
    return _Found(plan, [terms[0], *_unbounded(terms[1:], known)], model)


def _relaxed(
    model: PlacementModel, budget: Budget, progress: Progress | None, known: TermValue | None
) -> tuple[TermValue, frozenset[str]]:
    """The first term of a relaxation, no higher than the known bound, and the jobs it starts."""
    bounding = budget.part(BOUND_SHARE)
    stages = Stages(model, bounding, prefixed(progress, "relaxation, "))
    relaxed = optimise_first(stages, known.bound if known is not None else None)
    budget.add(bounding)
    if stages.best is None:
        return relaxed, frozenset()
    jobs = model.instance.jobs
    return relaxed, frozenset(
        jobs[job].job_id for job, begun in model.starts.items() if stages.value(begun)
    )


def _agreed_through(instance: Instance, value: int | str, relaxed: TermValue) -> str | None:
    """Last job up to which a start vector equals the proven part of its relaxation's."""
    if not isinstance(value, str) or relaxed.proven_through is None:
        return None
    last = None
    for job, bit, best in zip(instance.jobs, value, str(relaxed.value), strict=True):
        if bit != best:
            break
        last = job.job_id
        if last == relaxed.proven_through:
            break
    return last


def _unbounded(terms: list[TermValue], known: Known) -> list[TermValue]:
    """Later terms whose solutions were not used: only of usable capacity something is known."""
    return [
        replace(term, bound=known.capacity if term.term == CAPACITY else None) for term in terms
    ]


def _bounds_of_better(
    scored: Sequence[TermValue], better: Sequence[TermValue], claims: Sequence[TermValue]
) -> list[TermValue]:
    """Claims without the bounds of terms after the one in which another plan is better.

    The bound of a later term holds given the values of the earlier ones.
    """
    kept: list[TermValue] = []
    is_same = True
    for worse, term, claimed in zip(scored, better, claims, strict=True):
        kept.append(claimed if is_same else replace(claimed, bound=None))
        is_same = is_same and worse.value == term.value
    return kept


def _check(instance: Instance, options: PlanOptions, plan: Plan) -> None:
    violations = verify(instance, plan, options.legality)
    if violations:
        told = "; ".join(f"job {v.job_id} breaks {v.rule}: {v.message}" for v in violations[:5])
        raise SolverError(f"the solver's plan is illegal: {told}")


def _confirmed(scored: Sequence[TermValue], claims: Sequence[TermValue]) -> tuple[TermValue, ...]:
    """The scorer's values with the solver's bounds.

    A plan may be worth more than its unproven model value, since the model counts what is left
    from below; a proven value must be met exactly.
    """
    confirmed = []
    for term, claimed in zip(scored, claims, strict=True):
        if claimed.proven and term.value != claimed.value:
            raise SolverError(
                f"{term.term} is {term.value}, but the solver proved {claimed.value}"
            )
        confirmed.append(replace(term, bound=claimed.bound, proven_through=claimed.proven_through))
    return tuple(confirmed)
