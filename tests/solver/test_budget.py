"""What a search that is stopped or has no budget still says: its start, and no false bound."""

from __future__ import annotations

import _thread
import signal
from dataclasses import replace

import four_racks
import pytest

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.models.instance import Instance
from rackwright.models.plan import Objective, Plan, PlanOptions, PlanResult
from rackwright.models.score import first_term, score
from rackwright.solver import optimal, solve
from rackwright.solver.build import build_model
from rackwright.solver.layout import MERGE_THRESHOLD

OBJECTIVES = (Objective.WEIGHTED, Objective.PRIORITY)


def hall() -> Instance:
    return colossus(num_blocks=64, num_jobs=120, mix="all", partitions=3, power=True)


def check_honest(result: PlanResult, reached: int | str) -> None:
    """The plan is worth `reached` at least, and no bound forbids what is reached."""
    first = result.objective[0]
    assert at_least(first.value, reached)
    assert first.bound is None or at_least(first.bound, first.value)
    assert result.status == "feasible"


def at_least(one: int | str, other: int | str) -> bool:
    """Start vectors of equal length compare as binary numbers do."""
    if isinstance(one, str):
        return one >= str(other)
    return one >= int(other)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_search_ended_within_presolve_has_proven_nothing(objective: Objective) -> None:
    instance = hall()
    start = greedy(instance, PlanOptions(objective=objective)).plan
    result = optimal(instance, PlanOptions(objective=objective, work=1e-6), hint=start)
    check_honest(result, first_term(instance, start, objective))


@pytest.mark.parametrize("most_pairs", [solve.MOST_PAIRS, -1])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_stop_before_the_first_solve_returns_the_hint(
    objective: Objective, most_pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solve, "MOST_PAIRS", most_pairs)
    instance = hall()
    start = greedy(instance, PlanOptions(objective=objective)).plan
    result = optimal(instance, PlanOptions(objective=objective), hint=start, stop=lambda: True)
    assert (result.plan, result.statistics["solves"]) == (start, 0)
    check_honest(result, first_term(instance, start, objective))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_stop_after_the_first_solution_keeps_it_with_its_bound(objective: Objective) -> None:
    told: list[str] = []
    instance = hall()
    options = PlanOptions(objective=objective, work=1000.0)
    start = greedy(instance, options).plan
    result = optimal(instance, options, hint=start, progress=told.append, stop=lambda: bool(told))
    assert told and result.statistics["solves"] in (0, 1)
    assert result.objective[0].bound is not None
    assert result.objective[1].bound is None
    check_honest(result, first_term(instance, start, objective))


def large_plain_hall() -> Instance:
    return colossus(num_blocks=3000, num_jobs=100, mix="plain")


def test_a_few_flows_over_many_nodes_are_proven_without_a_start_plan() -> None:
    def never() -> Plan:
        raise AssertionError("asked for a start plan")

    options = PlanOptions(objective=Objective.WEIGHTED)
    result = optimal(large_plain_hall(), options, hint=never)
    assert result.status == "optimal"
    small = colossus(num_blocks=64, num_jobs=12, mix="plain")
    for instance, objective in ((large_plain_hall(), Objective.PRIORITY), (small, Objective.JOBS)):
        with pytest.raises(AssertionError, match="asked"):
            optimal(instance, PlanOptions(objective=objective), hint=never)


@pytest.mark.parametrize("brief_work", [1e-9, 0.5])
def test_what_is_not_proven_at_once_is_no_worse_than_the_start_plan(
    brief_work: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solve, "BRIEF_WORK", brief_work)
    options = PlanOptions(objective=Objective.WEIGHTED)
    asked: list[Plan] = []

    def start_plan() -> Plan:
        asked.append(greedy(large_plain_hall(), options).plan)
        return asked[-1]

    result = optimal(large_plain_hall(), options, hint=start_plan)
    assert result.status == "optimal" and bool(asked) == (brief_work < 0.1)
    short = optimal(large_plain_hall(), replace(options, work=1e-9), hint=start_plan)
    check_honest(short, first_term(large_plain_hall(), asked[-1], options.objective))


def test_bounds_of_terms_after_the_one_in_which_the_start_plan_is_better_are_dropped() -> None:
    instance, options = four_racks.instance(), PlanOptions()
    model = build_model(instance, options, MERGE_THRESHOLD)
    best = four_racks.result()
    claims = [
        replace(term, bound=claim.bound)
        for term, claim in zip(score(instance, Plan(), options), best.objective, strict=True)
    ]
    found, terms = solve._no_worse(
        instance, options, solve._Found(Plan(), claims, model), best.plan
    )
    assert found.plan == best.plan
    assert [term.value for term in terms] == [term.value for term in best.objective]
    assert found.terms[0].bound == best.objective[0].bound
    assert {term.bound for term in found.terms[1:]} == {None}


def test_ctrl_c_without_a_wish_to_stop_raises() -> None:
    def interrupt(_: str) -> None:
        _thread.interrupt_main()

    # A shell that starts the tests in the background makes them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            optimal(hall(), PlanOptions(work=1000.0), progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)


def test_terms_worth_many_millions_are_proven() -> None:
    instance = colossus(num_blocks=16, num_jobs=4)
    result = optimal(instance, PlanOptions(objective=Objective.WEIGHTED, mix=((4, 10**6),)))
    capacity = result.objective[1]
    assert (capacity.term, capacity.proven) == ("usable_capacity", True)
    assert int(capacity.value) > 10**7
