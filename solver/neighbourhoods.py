"""Large neighbourhoods: part of a plan is taken back and planned again, exactly, on its blocks.

For instances whose whole model is too large; the bound comes from a relaxation (`build`).
"""

from __future__ import annotations

import random
from dataclasses import replace

from ..models.instance import Instance
from ..models.plan import Plan, PlanOptions, Progress
from ..models.rules import verify
from ..models.score import first_term
from ..models.topology import BlockTopology
from .budget import Budget
from .replan import replanned
from .residual import residual

# Base blocks planned again in one step, and waiting jobs that may enter them.
NUM_BLOCKS = 48
NUM_WAITING = 48
# Deterministic seconds of one step.
STEP_WORK = 0.6
# Steps per window without a gain before giving up.
PATIENCE = 3


def improve(
    instance: Instance,
    options: PlanOptions,
    plan: Plan,
    budget: Budget,
    goal: int | str,
    wanted: frozenset[str],
    progress: Progress | None,
) -> Plan:
    """Replan windows of base blocks until the budget is spent or the first term meets `goal`.

    Every step keeps all rules (`verify`) and never loses on the first term.

    Parameters
    ----------
    wanted
        Ids of the jobs that the relaxation starts: they are tried before other waiting jobs.
    """
    windows = _windows(instance)
    rng = random.Random(options.seed)
    value = first_term(instance, plan, options.objective)
    idle_steps = 0
    while idle_steps < PATIENCE * len(windows) and not budget.is_spent and value != goal:
        idle_steps += 1
        found = _replanned(instance, options, plan, rng.choice(windows), wanted, budget, rng)
        if found is None:
            continue
        reached = first_term(instance, found, options.objective)
        if _is_more(reached, value) and not verify(instance, found, options.legality):
            plan, value, idle_steps = found, reached, 0
            if progress is not None:
                shown = f"{value} (bound {goal})" if isinstance(value, int) else value.count("1")
                progress(f"{options.objective.value}: {shown} after {budget.wall_s:.1f} s")
    return plan


def _is_more(one: int | str, other: int | str) -> bool:
    """Start vectors of equal length compare as binary numbers do."""
    if isinstance(one, str) and isinstance(other, str):
        return one > other
    return int(one) > int(other)


def _windows(instance: Instance) -> list[frozenset[int]]:
    """Free nodes of overlapping runs of base blocks, aligned at aggregates."""
    windows = []
    for topology in instance.cluster.topologies:
        if not isinstance(topology, BlockTopology):
            continue
        for first in range(0, len(topology.blocks), NUM_BLOCKS // 3):
            blocks = topology.blocks[first : first + NUM_BLOCKS]
            nodes = frozenset(node for block in blocks for node in block.nodes)
            windows.append(nodes & instance.free)
    return [window for window in windows if window]


def _replanned(
    instance: Instance,
    options: PlanOptions,
    plan: Plan,
    window: frozenset[int],
    wanted: frozenset[str],
    budget: Budget,
    rng: random.Random,
) -> Plan | None:
    """The plan with its jobs inside the window, and some waiting ones, placed again."""
    inside = [p for p in plan.placements if window.issuperset(p.nodes)]
    others = [p for p in plan.placements if not window.issuperset(p.nodes)]
    waiting = [job.job_id for job in instance.jobs if job.job_id not in plan.placement_of]
    chosen = {p.job_id for p in inside}
    rng.shuffle(waiting)
    chosen.update(sorted(waiting, key=lambda job: job not in wanted)[:NUM_WAITING])
    part = residual(instance, options, window, Plan(tuple(others)), chosen)
    step = Budget(replace(options, work=STEP_WORK, budget_s=budget.seconds_left), budget.stop)
    placed = replanned(part, options, inside, step)
    budget.add(step)
    if placed is None:
        # Building the model costs too: a window that yields nothing must not be free.
        budget.work += STEP_WORK
        return None
    order = {job.job_id: position for position, job in enumerate(instance.jobs)}
    return Plan(tuple(sorted((*others, *placed), key=lambda p: order[p.job_id])))
