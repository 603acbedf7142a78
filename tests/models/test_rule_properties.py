"""Properties of rules and score on random tiny instances of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import best
from strategies import KINDS, RESOURCE_KINDS, instances, options

from rackwright.models.capacity import fits
from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective, Plan, PlanOptions
from rackwright.models.rules import verify
from rackwright.models.score import is_better, nodes_left, score
from rackwright.models.topology import TorusTopology

ANY_INSTANCE = st.sampled_from(KINDS).flatmap(instances)
# Dropping a job that draws less than an idle node raises the draw.
WITHOUT_POWER = st.sampled_from([kind for kind in KINDS if kind != "power"]).flatmap(instances)
MOST_NODES = PlanOptions(objective=Objective.THROUGHPUT)


@settings(max_examples=100)
@given(instance=WITHOUT_POWER.filter(lambda drawn: len(drawn.cluster.resources) < 2))
def test_a_legal_plan_stays_legal_without_one_of_its_jobs(instance: Instance) -> None:
    plan, _ = best(instance, MOST_NODES)
    for dropped in plan.placements:
        rest = Plan(tuple(each for each in plan.placements if each is not dropped))
        assert verify(instance, rest, Legality.DOCUMENTED) == ()


@settings(max_examples=100)
@given(instance=ANY_INSTANCE)
def test_what_slurm_may_do_is_documented(instance: Instance) -> None:
    """26.11 only forbids more, except that it ignores --exclusive=topo on some kinds."""
    plan, _ = best(instance, PlanOptions(legality=Legality.SLURM_26_11))
    broken = {violation.rule for violation in verify(instance, plan, Legality.DOCUMENTED)}
    assert broken <= {"exclusive_wanted", "exclusive_held"}


@settings(max_examples=100)
@given(instance=ANY_INSTANCE, chosen=options())
def test_nothing_beats_the_best_plan(instance: Instance, chosen: PlanOptions) -> None:
    plan, _ = best(instance, chosen)
    top = score(instance, plan, chosen)
    assert not is_better(score(instance, Plan(), chosen), top)


@settings(max_examples=100)
@given(instance=ANY_INSTANCE, size=st.integers(min_value=1, max_value=10))
def test_units_that_fit_need_their_nodes(instance: Instance, size: int) -> None:
    for topology in instance.cluster.topologies:
        left = nodes_left(instance, Plan(), topology, Legality.DOCUMENTED)
        fitting = fits(instance, left, topology, size)
        assert fits(instance, frozenset(), topology, size) == 0
        # Anchors of a torus may overlap, and regions larger than a block count once each.
        if not isinstance(topology, TorusTopology):
            assert fitting * size <= len(left)


@pytest.mark.parametrize("kind", RESOURCE_KINDS)
def test_resource_kinds_carry_their_resource(kind: str) -> None:
    @settings(max_examples=5)
    @given(instance=instances(kind))
    def check(instance: Instance) -> None:
        modes = {
            "power" if each.is_power else each.mode.name.lower()
            for each in instance.cluster.resources
        }
        assert kind in modes

    check()
