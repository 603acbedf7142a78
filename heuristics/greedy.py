"""Our greedy engine: every job on the units whose remainder the rest of the queue misses least."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective, PlanOptions, PlanResult, Progress
from ..models.score import score
from .placing import Lookahead, lookahead_for, place_job
from .reasons import unplaced
from .state import Started, State


def greedy(
    instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Plan by capacity-aware best fit; several orders of the queue when the objective allows.

    Parameters
    ----------
    instance
        Never modified.
    options
        `objective` decides the order: the queue's own for ``priority``, else several, of which
        the plan with the best first term is kept. Deterministic; seed and work are not used.
    progress
        Told about every better plan.

    Returns
    -------
    PlanResult
        Terms as recomputed by `score`, without bounds.
    """
    started = perf_counter()
    state = State(instance, options.legality)
    state.prepare()
    lookaheads = lookaheads_for(state)
    orders = queue_orders(instance, options.objective)
    best = -1
    kept: tuple[Started, ...] = ()
    for order in orders:
        state.reset()
        place_all(state, order, lookaheads)
        value = first_term(state, options.objective)
        if value > best:
            best, kept = value, tuple(state.started.values())
            if progress is not None:
                progress(f"greedy: {len(kept)} jobs start, first term {value}")
    state.restore(kept)
    plan = state.plan()
    return PlanResult(
        plan=plan,
        engine="greedy",
        options=options,
        objective=score(instance, plan, options),
        unplaced=unplaced(state),
        wall_s=perf_counter() - started,
        statistics={"orders": len(orders)},
    )


def lookaheads_for(state: State) -> dict[str, Lookahead]:
    """The look-ahead of every topology over the whole queue."""
    instance = state.instance
    return {
        name: lookahead_for(
            instance,
            view.topology,
            instance.jobs,
            sum(1 for unit in range(view.outside) if view.free[unit] and not view.busy[unit]),
        )
        for name, view in state.views.items()
    }


def queue_orders(instance: Instance, objective: Objective) -> list[tuple[Job, ...]]:
    """Orders of the queue worth trying; the queue's own alone for `priority`."""
    jobs = instance.jobs
    if objective is Objective.PRIORITY:
        return [jobs]
    if objective is Objective.JOBS:
        return [tuple(sorted(jobs, key=lambda job: (job.num_nodes, job.unit_size)))]
    weight = {
        job.job_id: job.effective_weight if objective is Objective.WEIGHTED else 1 for job in jobs
    }
    by_unit = sorted(jobs, key=lambda job: (-weight[job.job_id], -job.unit_size, -job.num_nodes))
    by_size = sorted(jobs, key=lambda job: (-weight[job.job_id], -job.num_nodes, -job.unit_size))
    return [tuple(by_unit), tuple(by_size)]


def place_all(state: State, jobs: Sequence[Job], lookaheads: dict[str, Lookahead]) -> None:
    """Try to start every job of `jobs` in turn.

    Free nodes only shrink meanwhile, so a request that failed once is not tried again.
    """
    failed: set[object] = set()
    for job in jobs:
        kind = request_kind(state, job)
        if kind in failed:
            continue
        if not place_job(state, job, lookaheads) and kind is not None:
            failed.add(kind)


def request_kind(state: State, job: Job) -> object | None:
    """What makes two requests the same for placing; None for jobs that resemble no other."""
    request = state.ledger.request(job)
    if job.nodelist is not None or job.exclude or request.is_filtered:
        return None
    return (
        job.num_nodes,
        job.effective_segment,
        job.spread_segments,
        job.consolidate_segments,
        job.exclusive,
        job.switches,
        job.submit_s if job.switches else None,
        job.contiguous,
        job.partitions,
        job.features,
        request,
    )


def first_term(state: State, objective: Objective) -> int:
    """First term of the score for what has started; 0 for `priority`, whose order is fixed."""
    jobs = [started.job for started in state.started.values()]
    match objective:
        case Objective.WEIGHTED:
            return sum(job.effective_weight * job.num_nodes for job in jobs)
        case Objective.THROUGHPUT:
            return sum(job.num_nodes for job in jobs)
        case Objective.JOBS:
            return len(jobs)
        case Objective.PRIORITY:
            return 0
