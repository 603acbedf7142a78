"""Engines by name: their results are checked, the exact one is never worse than its start."""

from __future__ import annotations

from dataclasses import replace

import four_racks
import pytest

from rackwright.cli import engines
from rackwright.models.errors import InputError, SolverError
from rackwright.models.instance import Instance
from rackwright.models.plan import Plan, PlanOptions, Reason
from rackwright.models.rules import verify

OPTIONS = PlanOptions()


def instance() -> Instance:
    return four_racks.instance()


@pytest.mark.parametrize("name", engines.engine_names())
def test_every_engine_returns_a_checked_plan_with_the_ineligible_jobs(name: str) -> None:
    result = engines.run_engine(name, instance(), OPTIONS)
    assert verify(instance(), result.plan, OPTIONS.legality) == ()
    ineligible = [item.job_id for item in result.unplaced if item.reason is Reason.INELIGIBLE]
    assert ineligible == ["200"]
    placed = set(result.plan.placement_of)
    assert placed | {item.job_id for item in result.unplaced} == {
        *(job.job_id for job in instance().jobs),
        "200",
    }


def test_unknown_engine_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match="'magic'; wanted optimal, greedy"):
        engines.run_engine("magic", instance(), OPTIONS)


def test_illegal_plan_never_gets_out() -> None:
    result = four_racks.result()
    first, second, *rest = result.plan.placements
    clash = replace(first, segments=((second.nodes[0],),))
    with pytest.raises(SolverError, match="violations, the first of rule"):
        engines.checked(instance(), replace(result, plan=Plan((clash, second, *rest))))


def test_wrong_value_never_gets_out() -> None:
    result = four_racks.result()
    boast = replace(result.objective[1], value=999)
    with pytest.raises(SolverError, match="claims usable_capacity = 999, the scorer says"):
        engines.checked(
            instance(),
            replace(result, objective=(result.objective[0], boast, result.objective[2])),
        )
