"""Our greedy engine: every job on the units whose remainder the rest of the queue misses least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Objective, PlanOptions, PlanResult, Progress
from ..models.score import score
from .placing import Lookahead, lookahead_for, nominal_size, place_job
from .reasons import unplaced
from .state import Started, State

# Units to place in all orders together: what a tenth of a second allows.
_PASS_BUDGET = 30_000


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
    """Leave the best of several orders' plans in `state`; return how many orders were tried."""
    state.prepare()
    values = job_values(state.instance, objective)
    best = -1
    kept: tuple[Started, ...] = ()
    passes = 0
    for order in queue_orders(state.instance, objective):
        state.reset()
        place_all(state, order, lookaheads)
        passes += 1
        value = sum(values[job_id] for job_id in state.started)
        if value > best:
            best, kept = value, tuple(state.started.values())
            if progress is not None:
                progress(f"greedy: {len(kept)} jobs start")
    state.restore(kept)
    return passes


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
    """Orders of the queue worth trying, best first; the queue's own alone for `priority`.

    By value per node that the job takes from others: equal ones with large jobs first, or large
    units first; then with large jobs, large units or small units slightly preferred throughout.
    """
    jobs = instance.jobs
    if objective is Objective.PRIORITY:
        yield jobs
        return
    values = job_values(instance, objective)
    density = {
        job.job_id: values[job.job_id] / nodes_taken(instance, job) for job in instance.jobs
    }
    work = sum(job.num_units for job in jobs) + len(instance.cluster.nodes) // 4
    keys: tuple[Callable[[Job], tuple[float, ...]], ...] = (
        lambda job: (-density[job.job_id], -job.num_nodes, -job.unit_size),
        lambda job: (-density[job.job_id], -job.unit_size, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.num_nodes**0.1, -job.unit_size),
        lambda job: (-density[job.job_id] * job.unit_size**0.1, -job.num_nodes),
        lambda job: (-density[job.job_id] * job.unit_size**-0.1, -job.num_nodes),
        lambda job: (-density[job.job_id], job.num_nodes),
    )
    passes = max(1, min(len(keys), _PASS_BUDGET // max(work, 1)))
    for key in keys[:passes]:
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
