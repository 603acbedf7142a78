"""Our greedy engine: every job on the units whose remainder the rest of the queue misses least."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, islice
from time import perf_counter

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective, PlanOptions, PlanResult, Progress
from ..models.score import score
from .orders import densities, job_values, lessons, queue_orders
from .placing import Lookahead, lookahead_for, place_job
from .reasons import unplaced
from .state import Started, State

# Units to place in all passes together: what a fifth of a second allows.
_PASS_BUDGET = 66_000
# With caps, what a unit has left is counted for every kind of request.
_COST_OF_CAPS = 2
# Lessons before the other orders of the queue are tried.
_FIRST_LESSONS = 5


def greedy(
    instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """Plan by capacity-aware best fit; small instances in several passes, the best is kept.

    Parameters
    ----------
    instance
        Never modified.
    options
        `objective` decides the order: the queue's own for ``priority``, else several. The
        number of passes depends on the size alone; seed and work are not used.
    progress
        Told about every better plan.

    Returns
    -------
    PlanResult
        Terms as recomputed by `score`, without bounds.
    """
    started = perf_counter()
    state = State(instance, options.legality)
    passes = place_greedily(state, options.objective, lookaheads_for(state), progress)
    plan = state.plan()
    return PlanResult(
        plan=plan,
        engine="greedy",
        options=options,
        objective=score(instance, plan, options),
        unplaced=unplaced(state),
        wall_s=perf_counter() - started,
        statistics={"passes": passes},
    )


def place_greedily(
    state: State,
    objective: Objective,
    lookaheads: Mapping[str, Lookahead],
    progress: Progress | None = None,
) -> int:
    """Leave the best of several passes over the queue in `state`; return how many were made."""
    state.prepare()
    instance = state.instance
    values = job_values(instance, objective)
    worths = [lookaheads[name].unit_worth(view) for name, view in state.views.items()]
    best = (-1, 0)
    kept: tuple[Started, ...] = ()
    passes = 0
    for order, chosen in islice(_variants(state, objective, lookaheads), _num_passes(state)):
        state.reset()
        place_all(state, order, chosen)
        passes += 1
        left = sum(
            worth(unit, mask)
            for worth, view in zip(worths, state.views.values(), strict=True)
            for unit, mask in enumerate(view.free[: view.outside])
        )
        quality = (sum(values[job_id] for job_id in state.started), left)
        if quality > best:
            best, kept = quality, tuple(state.started.values())
            if progress is not None:
                progress(f"greedy: {len(kept)} jobs start")
    state.restore(kept)
    return passes


def _num_passes(state: State) -> int:
    """How many passes the size of the instance allows; known beforehand, as no clock is."""
    instance = state.instance
    work = sum(job.num_units for job in instance.jobs) + len(instance.cluster.nodes) // 4
    if any(state.ledger.request(job).per_node for job in instance.jobs):
        work *= _COST_OF_CAPS
    return max(1, _PASS_BUDGET // max(work, 1))


def _variants(
    state: State, objective: Objective, lookaheads: Mapping[str, Lookahead]
) -> Iterator[tuple[Sequence[Job], Mapping[str, Lookahead]]]:
    """Orders of the queue, and what the look-ahead knows of it; most promising first.

    Lessons depend on what the pass before started, so each is to be asked for after that pass.
    The other orders come between the first lessons and the rest: they know nothing, but differ.

    On `priority` the order is given. There plain best fit, which keeps large remainders, serves
    the next jobs in line better than the sizes of the whole queue do; both are tried, and the
    sizes of those jobs alone that could start if nodes were all that counts.
    """
    plain = {name: lookahead.plain() for name, lookahead in lookaheads.items()}
    jobs = state.instance.jobs
    if objective is not Objective.PRIORITY:
        density = densities(state.instance, objective)
        orders = queue_orders(state.instance, density)
        first = next(orders)
        yield first, lookaheads
        learned = lessons(state.instance, first, density, state.started)
        for order in islice(learned, _FIRST_LESSONS):
            yield order, lookaheads
        yield first, plain
        for order in orders:
            yield order, lookaheads
            yield order, plain
        for order in learned:
            yield order, lookaheads
        return
    yield jobs, plain
    yield jobs, lookaheads
    in_line = lookaheads_for(state, _next_in_line(state.instance))
    yield jobs, in_line
    if any(any(view.contested) for view in state.views.values()):
        # What the whole queue competes for need not be what the next jobs in line do.
        for strict in (lookaheads, in_line):
            yield jobs, {name: lookahead.relaxed() for name, lookahead in strict.items()}


def _next_in_line(instance: Instance) -> tuple[Job, ...]:
    """The head of the queue that asks for no more nodes than are free."""
    totals = accumulate(job.num_nodes for job in instance.jobs)
    free = len(instance.free)
    return tuple(job for job, total in zip(instance.jobs, totals, strict=True) if total <= free)


def lookaheads_for(state: State, jobs: Sequence[Job] | None = None) -> dict[str, Lookahead]:
    """The look-ahead of every topology over `jobs`, by default the whole queue."""
    instance = state.instance
    return {
        name: lookahead_for(
            instance,
            view.topology,
            instance.jobs if jobs is None else jobs,
            view.num_job_free_at_start(),
        )
        for name, view in state.views.items()
    }


def place_all(state: State, jobs: Sequence[Job], lookaheads: Mapping[str, Lookahead]) -> None:
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
