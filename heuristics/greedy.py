"""Our greedy engine: every job on the units whose remainder the rest of the queue misses least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from time import perf_counter

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective, PlanOptions, PlanResult, Progress
from ..models.score import score
from .placing import Lookahead, lookahead_for, nominal_size, place_job
from .reasons import unplaced
from .state import Started, State

# Units to place in all passes together: what a tenth of a second allows.
_PASS_BUDGET = 30_000


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
    work = sum(job.num_units for job in instance.jobs) + len(instance.cluster.nodes) // 4
    allowed = max(1, _PASS_BUDGET // max(work, 1))
    for order, chosen in islice(_variants(state, objective, lookaheads), allowed):
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


def _variants(
    state: State, objective: Objective, lookaheads: Mapping[str, Lookahead]
) -> Iterator[tuple[Sequence[Job], Mapping[str, Lookahead]]]:
    """Orders of the queue, and what the look-ahead knows of it; most promising first.

    On `priority` the order is given. There plain best fit, which keeps large remainders, serves
    the next jobs in line better than the sizes of the whole queue do; both are tried, and the
    sizes of those jobs alone that could start if nodes were all that counts.
    """
    plain = {name: lookahead.plain() for name, lookahead in lookaheads.items()}
    if objective is not Objective.PRIORITY:
        for order in queue_orders(state.instance, objective):
            yield order, lookaheads
            yield order, plain
        return
    jobs = state.instance.jobs
    yield jobs, plain
    yield jobs, lookaheads
    yield jobs, lookaheads_for(state, _next_in_line(state.instance))


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


def job_values(instance: Instance, objective: Objective) -> dict[str, int]:
    """What starting each job adds to the first term.

    Priorities as powers of two: their sum orders plans as the start vector does.
    """
    jobs = instance.jobs
    match objective:
        case Objective.PRIORITY:
            return {job.job_id: 1 << (len(jobs) - 1 - at) for at, job in enumerate(jobs)}
        case Objective.WEIGHTED:
            return {job.job_id: job.effective_weight * job.num_nodes for job in jobs}
        case Objective.THROUGHPUT:
            return {job.job_id: job.num_nodes for job in jobs}
        case Objective.JOBS:
            return {job.job_id: 1 for job in jobs}


def queue_orders(instance: Instance, objective: Objective) -> Iterator[Sequence[Job]]:
    """Orders of the queue worth trying for objectives that do not prescribe one, best first.

    By value per node that the job takes from others: equal ones with large jobs first, then with
    large jobs slightly preferred throughout, then the same for large and for small units.
    """
    values = job_values(instance, objective)
    jobs = instance.jobs
    density = {job.job_id: values[job.job_id] / nodes_taken(instance, job) for job in jobs}
    keys: tuple[Callable[[Job], tuple[float, ...]], ...] = (
        lambda job: (-density[job.job_id], -job.num_nodes, -job.unit_size),
        lambda job: (-density[job.job_id] * job.num_nodes**0.1, -job.unit_size),
        lambda job: (-density[job.job_id], -job.unit_size, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.unit_size**0.1, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.unit_size**-0.1, -job.num_nodes),
    )
    for key in keys:
        yield sorted(jobs, key=key)


def nodes_taken(instance: Instance, job: Job) -> int:
    """Nodes that the job takes from others: an exclusive one keeps the rest of its units, too."""
    partition = instance.partitions_of(job)[0]
    topology = instance.cluster.topology_of(partition)
    if topology.kind == "flat" or not instance.is_exclusive(job, partition):
        return job.num_nodes
    nominal = nominal_size(topology, len(instance.cluster.nodes))
    units = instance.units(job, partition)
    per_nominal = 1 if units.spreads else max(1, nominal // units.size)
    return -(-units.count // per_nominal) * -(-units.size // nominal) * nominal


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
