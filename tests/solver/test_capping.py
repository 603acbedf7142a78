"""Caps on single base blocks inside flows: brute force, hints and bounds agree with them."""

from __future__ import annotations

import random

import pytest
from capped_blocks import CAP, capped_instance, capped_options
from oracle import best_score
from ortools.sat.python import cp_model
from tiny import blocks, instance

from rackwright.datasets.colossus import colossus
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive
from rackwright.models.plan import Objective, PlanOptions
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.rules import verify
from rackwright.solver import capping, optimal, solve
from rackwright.solver.build import build_model, build_relaxation
from rackwright.solver.hint import add_hint
from rackwright.solver.model import PlacementModel


@pytest.fixture(autouse=True)
def flows_always_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capping, "ARCS_PER_PAIR", 1 << 30)


def capped_lanes(model: PlacementModel) -> list[int]:
    return [lane.index for lane in model.layout.lanes if lane.cap.resource is not None]


def compare(number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """All answers to one instance; whether a flow stated the caps."""
    rng = random.Random(f"capped {number}")
    state, options = capped_instance(rng), capped_options(rng)
    threshold = rng.choice((1, 1, 2, 3))
    monkeypatch.setattr(solve, "MERGE_THRESHOLD", threshold)
    best = best_score(state, options)
    result = optimal(state, options)
    assert verify(state, result.plan, options.legality) == ()
    assert tuple((term.term, term.value) for term in result.objective) == tuple(best), number
    assert result.status == "optimal", number
    model = build_model(state, options, threshold)
    add_hint(model, result.plan)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    assert solver.solve(model.cp) in (cp_model.OPTIMAL, cp_model.FEASIBLE), number
    return bool(capped_lanes(model))


def compare_bound(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relaxation with caps in its flows stays one."""
    rng = random.Random(f"capped {number}")
    state, options = capped_instance(rng), capped_options(rng)
    monkeypatch.setattr(solve, "MOST_PAIRS", -1)
    result = optimal(state, options)
    assert verify(state, result.plan, options.legality) == ()
    first, best = result.objective[0], best_score(state, options)[0][1]
    assert first.bound is not None
    if isinstance(best, str):
        assert str(first.bound) >= best, number
    else:
        assert int(first.bound) >= best, number


def test_equals_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    stated = sum(compare(number, monkeypatch) for number in range(150))
    assert stated > 50


def test_the_relaxation_bounds_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        compare_bound(number, monkeypatch)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(20))
def test_equals_brute_force_at_length(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1000 + chunk * 200, 1200 + chunk * 200):
        compare(number, monkeypatch)


@pytest.mark.nightly
def test_the_relaxation_bounds_brute_force_at_length(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1000, 2500):
        compare_bound(number, monkeypatch)


def hall(caps: list[int], *jobs: Job, used: tuple[int, ...] = ()) -> Instance:
    """Base blocks of four nodes, each with a cap."""
    topology = blocks([4] * len(caps), 4, (0,))
    layers = tuple(
        Layer(frozenset(block.nodes), cap)
        for block, cap in zip(topology.blocks, caps, strict=True)
    )
    return instance(
        topology,
        *jobs,
        num_nodes=4 * len(caps),
        resources=(Resource(CAP, Mode.MODE_3, layers),),
        used={CAP: used or (0,) * len(caps)},
    )


def test_blocks_with_different_caps_share_a_lane() -> None:
    jobs = [Job(name, 2, licenses=((CAP, charge),)) for name, charge in (("a", 2), ("b", 4))]
    state = hall([4, 8, 16, 16, 9, 3], *jobs, used=(0, 0, 0, 0, 1, 9))
    model = build_model(state, PlanOptions())
    assert len(model.layout.lanes) == 1
    # In units of 2, rounded down to what two units of two nodes can be charged: 0, 2, 4, 6 or 8
    # of 4 nodes; one is over its cap already.
    headrooms = sorted(bin_.headroom for bin_ in model.layout.lanes[0].bins)
    assert headrooms == [0, 2, 4, 4, 8, 8]
    assert model.layout.in_flows == set(model.layout.binding)


def test_exclusive_jobs_keep_the_cap_of_what_they_hold() -> None:
    """Two nodes of a block already use up its cap, so that a job of eight needs four blocks."""
    job = Job("x", 8, segment=2, exclusive=Exclusive.TOPO, licenses=((CAP, 2),))
    for number, starts in ((4, 1), (3, 0)):
        state = hall([5] * number, job)
        result = optimal(state, PlanOptions(objective=Objective.JOBS))
        assert result.objective[0].value == starts
        assert result.status == "optimal"


def test_without_binding_caps_the_flow_has_one_dimension() -> None:
    state = hall([16] * 5, Job("a", 2, licenses=((CAP, 4),)))
    model = build_model(state, PlanOptions())
    assert capped_lanes(model) == []
    assert {state_[1] for flow in model.flows.values() for state_ in flow.final} == {0}


def test_a_flow_that_does_not_pay_leaves_capped_blocks_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capping, "ARCS_PER_PAIR", 0)
    jobs = [Job(str(charge), 2, licenses=((CAP, charge),)) for charge in (2, 3)]
    state = hall([16, 16, 16, 16, 9, 3], *jobs)
    model = build_model(state, PlanOptions())
    assert [len(lane.bins) for lane in model.layout.lanes] == [4, 1, 1]
    assert model.layout.in_flows == frozenset()
    relaxed = build_relaxation(state, PlanOptions())
    assert [len(lane.bins) for lane in relaxed.layout.lanes] == [6]
    assert capped_lanes(relaxed) == [0]


def test_caps_on_the_racks_of_a_hall_are_proven() -> None:
    state = colossus(num_blocks=64, num_jobs=100, power=True)
    result = optimal(state, PlanOptions(objective=Objective.WEIGHTED, work=20.0))
    assert result.objective[0].proven
