"""A plan as a warm start: the solver must accept it as a complete, feasible solution."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from ortools.sat.python import cp_model
from strategies import KINDS, random_instance, random_options

from rackwright.models.instance import Instance
from rackwright.models.plan import Plan, PlanOptions
from rackwright.solver import optimal
from rackwright.solver.build import build_model
from rackwright.solver.hint import add_hint


def accepts(instance: Instance, options: PlanOptions, plan: Plan, merge_threshold: int) -> bool:
    """Whether the model is feasible with every hinted variable fixed."""
    model = build_model(instance, options, merge_threshold)
    add_hint(model, plan)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    return solver.solve(model.cp) in (cp_model.OPTIMAL, cp_model.FEASIBLE)


@pytest.mark.parametrize("merge_threshold", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_hint_of_an_optimal_plan_is_feasible(kind: str, merge_threshold: int) -> None:
    for number in range(30):
        rng = random.Random(f"accept {kind} {number}")
        instance, options = random_instance(rng, kind), random_options(rng)
        options = replace(options, locality=False)
        plan = optimal(instance, options).plan
        assert accepts(instance, options, plan, merge_threshold), f"{kind} {number}"
