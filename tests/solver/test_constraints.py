"""The model's constraints, one rule at a time, on the cases that test the rules themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rule_cases import CASES, Case

from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.rules import RULES
from rackwright.solver import optimal
from rackwright.solver.constraints import CONSTRAINTS


def confined(case: Case) -> Instance:
    """The case's jobs on the very nodes that its plan uses."""
    used = {node for placement in case.plan.placements for node in placement.nodes}
    others = set(range(len(case.instance.cluster.nodes))) - used - case.instance.occupied
    jobs = tuple(job for job in case.instance.jobs if job.job_id in case.plan.placement_of)
    return replace(
        case.instance, jobs=jobs, unavailable=case.instance.unavailable | frozenset(others)
    )


def starts_all(case: Case, legality: Legality) -> bool:
    instance = confined(case)
    result = optimal(instance, PlanOptions(objective=Objective.JOBS, legality=legality))
    assert result.objective[0].proven
    return len(result.plan.placements) == len(instance.jobs)


def is_forced(case: Case) -> bool:
    """Whether one job must take exactly the nodes of the plan: nothing can be rearranged."""
    if len(case.plan.placements) != 1:
        return False
    placement = case.plan.placements[0]
    job = case.instance.job_with_id[placement.job_id]
    return len(set(placement.nodes)) == job.num_nodes and job.num_units == 1


LEGAL = [case for case in CASES if case.is_legal]
FORCED = [
    case
    for case in CASES
    if not case.is_legal
    and is_forced(case)
    # The cut into segments is the solver's to choose; alone outside all blocks, a job is flat; the
    # nodes taken away no longer draw their idle watts.
    and case.rule not in ("segment", "node_count", "outside_blocks", "power")
]


@pytest.mark.parametrize("case", LEGAL, ids=str)
def test_a_legal_plan_is_possible(case: Case) -> None:
    assert all(starts_all(case, legality) for legality in case.legalities)


@pytest.mark.parametrize("case", FORCED, ids=str)
def test_an_illegal_plan_is_impossible(case: Case) -> None:
    assert not any(starts_all(case, legality) for legality in case.legalities)


def test_every_rule_has_a_constraint() -> None:
    assert CONSTRAINTS.keys() == {rule.name for rule in RULES}


def test_most_rules_are_refused_on_their_own() -> None:
    """The others need a second job or a choice; the brute-force comparison covers them."""
    refused = {case.rule for case in FORCED}
    assert len(refused) >= len(RULES) - 9, sorted({rule.name for rule in RULES} - refused)
