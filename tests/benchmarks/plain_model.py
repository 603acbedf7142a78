"""The plain CP-SAT model, an integer per job and block: the yardstick of the benchmarks.

It is what one writes first: `taken[j, b]` segments of job `j` in block `b`. It knows jobs whose
units fit a base block and no other option, and the first term of the score only. The exact engine
(`rackwright.solver`) solves the same problem over classes of blocks; docs/model.md says how.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.plan import Objective, Plan
from rackwright.models.topology import BlockTopology


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the plain model may work, and how.

    Attributes
    ----------
    seconds
        Of wall time, building the model not included.
    is_lean
        Whether CP-SAT leaves out probing and symmetry detection, which take minutes on large plain
        models before the search begins. It finds its first plan earlier that way.
    """

    seconds: float
    workers: int = 1
    seed: int = 0
    is_lean: bool = False


@dataclass(slots=True)
class PlainResult:
    """What the plain model attained.

    Attributes
    ----------
    value, bound
        Of the first term; None while no plan is known.
    build_s, solve_s
        Seconds spent building the model and solving it.
    incumbents
        ``(seconds since the call, value, bound)`` of every better plan, in order.
    """

    value: int | None
    bound: int | None
    build_s: float
    solve_s: float
    num_variables: int
    incumbents: list[tuple[float, int, float]] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """Whether the value is optimal."""
        return self.value is not None and self.value == self.bound

    @property
    def status(self) -> str:
        """What is known after the time given."""
        if self.value is None:
            return "no plan yet"
        return "optimal" if self.proven else "feasible"

    @property
    def gap(self) -> float | None:
        """How far the value may be from the optimum, as a share of the bound."""
        if self.value is None or self.bound is None:
            return None
        return (self.bound - self.value) / self.bound if self.bound else 0.0


def is_plain(instance: Instance) -> bool:
    """Whether the plain model can express it: one block topology, no option but segments."""
    topologies = instance.cluster.topologies
    if len(topologies) != 1 or instance.cluster.resources:
        return False
    topology = topologies[0]
    if not isinstance(topology, BlockTopology):
        return False
    free = instance.free
    is_covered = all(node in topology.block_of for node in free)
    is_open = not (
        instance.blocked or any(held.job.is_exclusive_topo for held in instance.running)
    )
    return is_covered and is_open and all(_is_plain(instance, topology, j) for j in instance.jobs)


def _is_plain(instance: Instance, topology: BlockTopology, job: Job) -> bool:
    partition = instance.partitions_of(job)[0]
    has_options = job.spreads or job.consolidates or job.contiguous or job.nodelist is not None
    return (
        not has_options
        and len(job.partitions) <= 1
        and not instance.is_exclusive(job, partition)
        and instance.eligible(job, partition) >= instance.free
        and job.unit_size <= topology.base_size
        and topology.unit_limits(job.unit_size).region_span == 1
    )


def solve_plain(
    instance: Instance, objective: Objective, limits: Limits, *, hint: Plan | None = None
) -> PlainResult:
    """Maximise the first term of the score.

    Parameters
    ----------
    objective
        Any but `priority`, whose start vector is no number CP-SAT could hold.
    hint
        A plan to start from.

    Raises
    ------
    ValueError
        For an instance that the model cannot express, or the objective `priority`.
    """
    if objective is Objective.PRIORITY:
        raise ValueError("the plain model has no lexicographic objective")
    if not is_plain(instance):
        raise ValueError("the plain model knows jobs in units of at most a block, and no options")
    begun = time.perf_counter()
    model = cp_model.CpModel()
    free = _free_per_block(instance)
    starts = [model.new_bool_var(f"start_{job.job_id}") for job in instance.jobs]
    taken: dict[tuple[int, int], cp_model.IntVar] = {}
    used: dict[int, list[cp_model.LinearExprT]] = {block: [] for block in free}
    for index, job in enumerate(instance.jobs):
        segments = []
        for block, nodes in free.items():
            most = min(job.num_units, nodes // job.unit_size)
            if most:
                count = model.new_int_var(0, most, f"taken_{index}_{block}")
                taken[index, block] = count
                segments.append(count)
                used[block].append(job.unit_size * count)
        model.add(sum(segments) == job.num_units * starts[index])
    for block, nodes in free.items():
        model.add(cp_model.LinearExpr.sum(used[block]) <= nodes)
    worth = [_worth(job, objective) for job in instance.jobs]
    model.maximize(cp_model.LinearExpr.weighted_sum(starts, worth))
    if hint is not None:
        _add_hint(model, instance, hint, starts, taken)
    built = time.perf_counter()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = limits.workers
    solver.parameters.random_seed = limits.seed
    solver.parameters.max_time_in_seconds = limits.seconds
    if limits.is_lean:
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
    recorder = _Recorder(begun)
    status = solver.solve(model, recorder)
    has_plan = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return PlainResult(
        value=round(solver.objective_value) if has_plan else None,
        bound=int(solver.best_objective_bound + 1e-6) if has_plan else None,
        build_s=built - begun,
        solve_s=time.perf_counter() - built,
        num_variables=len(model.proto.variables),
        incumbents=recorder.incumbents,
    )


def _free_per_block(instance: Instance) -> dict[int, int]:
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    counts = {
        index: sum(node in instance.free for node in block.nodes)
        for index, block in enumerate(topology.blocks)
    }
    return {block: nodes for block, nodes in counts.items() if nodes}


def _worth(job: Job, objective: Objective) -> int:
    if objective is Objective.WEIGHTED:
        return job.effective_weight * job.num_nodes
    return job.num_nodes if objective is Objective.THROUGHPUT else 1


def _add_hint(
    model: cp_model.CpModel,
    instance: Instance,
    plan: Plan,
    starts: list[cp_model.IntVar],
    taken: dict[tuple[int, int], cp_model.IntVar],
) -> None:
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    values = dict.fromkeys(taken, 0)
    for index, job in enumerate(instance.jobs):
        placement = plan.placement_of.get(job.job_id)
        model.add_hint(starts[index], placement is not None)
        for segment in placement.segments if placement else ():
            values[index, topology.block_of[segment[0]]] += 1
    for key, count in taken.items():
        model.add_hint(count, values[key])


class _Recorder(cp_model.CpSolverSolutionCallback):
    """Notes when each better plan was found."""

    def __init__(self, begun: float) -> None:
        super().__init__()
        self._begun = begun
        self.incumbents: list[tuple[float, int, float]] = []

    def on_solution_callback(self) -> None:
        seconds = time.perf_counter() - self._begun
        self.incumbents.append((seconds, round(self.objective_value), self.best_objective_bound))
