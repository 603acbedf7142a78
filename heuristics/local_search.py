"""Local search over the greedy plan: eject a few jobs and refill, as long as it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from random import Random
from time import perf_counter

from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Interrupted, Objective, PlanOptions, PlanResult, Progress
from ..models.score import is_better, score
from .greedy import lookaheads_for, place_greedily, request_kind
from .orders import densities, job_values
from .placing import Lookahead, place_job
from .reasons import unplaced
from .ruin import Ruin
from .state import Started, State, WorthIndex

DEFAULT_WORK = 6.0
STEPS_PER_WORK = 20_000
_MAX_WAITING = 12
# Loss accepted at the start of the annealing, in parts of an average started job.
_START_TEMPERATURE = 0.35
_CLOCK_EVERY = 16
# Up to here every plan is scored in full, which takes about as long as making it.
_MAX_SCORED_NODES = 600
# Iterations without a better plan after which a small instance counts as done.
_PATIENCE = 500
_PATIENCE_PER_JOB = 50


def greedy_with_local_search(
    instance: Instance, options: PlanOptions, *, progress: Progress | None = None
) -> PlanResult:
    """The greedy plan, improved by ruin and recreate until the budget is spent; never worse.

    Parameters
    ----------
    instance
        Never modified.
    options
        `work` (default 6) allows 20,000 tried placement units each, so that the same seed gives
        the same plan; `budget_s` stops earlier.
    progress
        Told about the greedy plan and every better first term.

    Returns
    -------
    PlanResult
        Statistics: iterations, improvements of the first term.

    Raises
    ------
    Interrupted
        On Ctrl-C, with the best plan so far.
    """
    started = perf_counter()
    state = State(instance, options.legality)
    lookaheads = lookaheads_for(state)
    place_greedily(state, options.objective, lookaheads)
    start = tuple(state.started.values())
    start_plan, start_terms = state.plan(), score(instance, state.plan(), options)
    search = LocalSearch(state, options, lookaheads, progress)
    deadline = None if options.budget_s is None else started + options.budget_s
    search.run(options.work or DEFAULT_WORK, deadline)
    plan, terms = state.plan(), score(instance, state.plan(), options)
    if is_better(start_terms, terms):
        # On large instances all terms but the first are estimated while searching.
        state.restore(start)
        plan, terms = start_plan, start_terms
    result = PlanResult(
        plan=plan,
        engine="greedy+ls",
        options=options,
        objective=terms,
        unplaced=unplaced(state),
        wall_s=perf_counter() - started,
        statistics={"iterations": search.iterations, "improvements": search.improvements},
    )
    if search.is_interrupted:
        raise Interrupted(result)
    return result


Judgement = tuple[int, tuple[int, ...]]


class LocalSearch:
    """Ruin and recreate with simulated annealing on the first term.

    A plan is judged by its first term, then by the others: as scored on small instances, on large
    ones by what the look-ahead says of the free nodes, close to usable capacity and cheap to keep.
    """

    def __init__(
        self,
        state: State,
        options: PlanOptions,
        lookaheads: Mapping[str, Lookahead],
        progress: Progress | None = None,
    ) -> None:
        self.state = state
        self.iterations = 0
        self.improvements = 0
        self.is_interrupted = False
        instance = state.instance
        self._options = options
        self._is_scored = len(instance.cluster.nodes) <= _MAX_SCORED_NODES
        self._is_priority = options.objective is Objective.PRIORITY
        self._progress = progress
        self._random = Random(options.seed)
        self._values = job_values(instance, options.objective)
        self._density = densities(instance, options.objective)
        self._lookaheads = lookaheads
        self._plain = {name: one.plain() for name, one in lookaheads.items()}
        self._worths = [
            WorthIndex(view, lookaheads[name].unit_worth(view))
            for name, view in state.views.items()
        ]
        self._num_free = len(instance.free)
        self._steps = 0
        self._kept = tuple(state.started.values())

    def run(self, work: float, deadline: float | None = None) -> None:
        """Improve the plan in the state until the budget is spent, and leave the best one there.

        Ctrl-C ends the search, too.

        Parameters
        ----------
        work
            Budget in units of 20,000 steps.
        deadline
            Instant of `perf_counter` at which to stop earlier.
        """
        try:
            self._search(work, deadline)
        except KeyboardInterrupt:
            self.is_interrupted = True
            # A job may be half started or half stopped.
            self.state.reset()
        self.state.restore(self._kept)

    def _search(self, work: float, deadline: float | None) -> None:
        """Ruin and recreate; `_kept` is the best plan at any moment."""
        state = self.state
        limit = int(work * STEPS_PER_WORK)
        if self._progress is not None:
            self._progress(f"greedy+ls: {len(state.started)} jobs start")
        startable = self._startable(limit)
        ruin = Ruin(state, self._random, self._density)
        current = best = self._judge(sum(self._values[job_id] for job_id in state.started))
        patience = _PATIENCE + _PATIENCE_PER_JOB * len(startable)
        stale = 0
        while self._steps < limit and stale < patience and startable:
            if deadline is not None and self.iterations % _CLOCK_EVERY == 0:
                if perf_counter() >= deadline:
                    break
            self.iterations += 1
            stale += 1
            waiting = [job for job in startable if job.job_id not in state.started]
            target = ruin.target(waiting)
            ejected = [state.stop(job_id) for job_id in ruin.ejected(target)]
            placed = self._recreate(target, ejected, waiting)
            change = sum(self._values[job_id] for job_id in placed)
            change -= sum(self._values[one.job.job_id] for one in ejected)
            judged = self._judge(current[0] + change)
            if state.single.is_legal() and self._accepts(judged, current, self._steps / limit):
                current = judged
            else:
                self._roll_back(placed, ejected)
            if current > best:
                if current[0] > best[0]:
                    self.improvements += 1
                    if self._progress is not None:
                        self._progress(f"greedy+ls: {len(state.started)} jobs start")
                best, self._kept = current, tuple(state.started.values())
                stale = 0

    def _startable(self, limit: int) -> list[Job]:
        """Jobs that start at least alone, densest first; those in the plan included."""
        state = self.state
        kept = tuple(state.started.values())
        state.reset()
        verdict: dict[object, bool] = {}
        found = {one.job.job_id for one in kept}
        for job in state.instance.jobs:
            if job.job_id in found or self._steps >= limit:
                continue
            kind = request_kind(state, job) or job.job_id
            if kind not in verdict:
                verdict[kind] = self._place(job, self._lookaheads)
                if verdict[kind]:
                    state.stop(job.job_id)
            if verdict[kind]:
                found.add(job.job_id)
        state.restore(kept)
        jobs = [job for job in state.instance.jobs if job.job_id in found]
        return sorted(jobs, key=lambda job: -self._density[job.job_id])

    def _some_lookaheads(self) -> Mapping[str, Lookahead]:
        """The look-ahead over the queue, none, or one over some of its sizes."""
        choice = self._random.random()
        if choice < 0.5:
            return self._lookaheads
        if choice < 0.8:
            return self._plain
        return {name: one.narrowed(self._random) for name, one in self._lookaheads.items()}

    def _place(self, job: Job, lookaheads: Mapping[str, Lookahead]) -> bool:
        """Try to start a job; every unit counts as a step."""
        partitions = self.state.instance.partitions_of(job)
        if len(partitions) > 1:
            partitions = tuple(self._random.sample(partitions, len(partitions)))
        is_placed = place_job(self.state, job, lookaheads, partitions)
        self._steps += 1 + (job.num_units if is_placed else 0)
        return is_placed

    def _recreate(
        self, target: Job | None, ejected: Sequence[Started], waiting: Sequence[Job]
    ) -> list[str]:
        """Start the target, then what else fits of the ejected and some waiting jobs."""
        random = self._random
        lookaheads = self._some_lookaheads()
        placed: list[str] = []
        if target is not None:
            if not self._place(target, lookaheads):
                return placed
            placed.append(target.job_id)
        # Never more than are free; blocks held by exclusive jobs may leave less.
        left = self._num_free - sum(one.job.num_nodes for one in self.state.started.values())
        small = [job for job in waiting if job.num_nodes <= left]
        tries = min(_MAX_WAITING, len(small))
        some = [small[int(len(small) * random.random() ** 2)] for _ in range(tries)]
        candidates = {one.job.job_id: one.job for one in ejected}
        candidates.update((job.job_id, job) for job in some if job is not target)
        failed: set[object] = set()
        for job in self._in_some_order(list(candidates.values())):
            kind = request_kind(self.state, job)
            if job.num_nodes <= left and kind not in failed:
                if self._place(job, lookaheads):
                    placed.append(job.job_id)
                    left -= job.num_nodes
                elif kind is not None:
                    failed.add(kind)
        return placed

    def _in_some_order(self, jobs: list[Job]) -> list[Job]:
        """Densest first, large ones first, or at random around the density."""
        random = self._random
        choice = random.random()
        if choice < 0.4:
            return sorted(jobs, key=lambda job: -self._density[job.job_id])
        if choice < 0.6:
            return sorted(jobs, key=lambda job: (-job.num_nodes, -job.unit_size))
        noise = {job.job_id: random.uniform(0.6, 1.4) for job in jobs}
        return sorted(jobs, key=lambda job: -self._density[job.job_id] * noise[job.job_id])

    def _judge(self, value: int) -> Judgement:
        """The first term and the others, larger is better."""
        if not self._is_scored:
            return value, (sum(worth.total() for worth in self._worths),)
        terms = score(self.state.instance, self.state.plan(), self._options)[1:]
        numbers = ((int(term.value), term.is_minimised) for term in terms)
        return value, tuple(-number if falls else number for number, falls in numbers)

    def _accepts(self, judged: Judgement, current: Judgement, progress: float) -> bool:
        """Better or equal; a little worse while the search is young.

        On `priority` the start vector never gets worse: no job's bit is small change.
        """
        if judged >= current:
            return True
        jobs = max(len(self.state.started), 1)
        slack = -log(1 - self._random.random()) * _START_TEMPERATURE / jobs * (1 - progress)
        if judged[0] == current[0]:
            return judged[1][0] >= current[1][0] * (1 - slack)
        return not self._is_priority and judged[0] >= current[0] * (1 - slack)

    def _roll_back(self, placed: Sequence[str], ejected: Sequence[Started]) -> None:
        for job_id in placed:
            self.state.stop(job_id)
        for one in ejected:
            self.state.restart(one)
