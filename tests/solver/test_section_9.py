"""Section 9 of slurm_semantics: the exact engine finds the better outcome of every instance."""

from __future__ import annotations

import re

import pytest

from rackwright.datasets.recipes import RECIPES, Recipe
from rackwright.models.cluster import Cluster
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.node import Node
from rackwright.models.plan import PlanOptions, PlanResult
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.rules import verify
from rackwright.models.topology import Block, BlockTopology, FlatTopology
from rackwright.solver import optimal

LISTED = [recipe for recipe in RECIPES if re.match(r"[GS]\d+:", recipe.summary)]


def solve(instance: Instance, legality: Legality = Legality.DOCUMENTED) -> PlanResult:
    options = PlanOptions(legality=legality)
    result = optimal(instance, options)
    assert result.status == "optimal"
    assert verify(instance, result.plan, legality) == ()
    return result


@pytest.mark.parametrize("recipe", LISTED, ids=lambda recipe: recipe.summary)
def test_every_job_starts(recipe: Recipe) -> None:
    instance = recipe.build()
    assert len(solve(instance).plan.placements) == len(instance.jobs)


def test_all_but_the_last_two_are_shipped() -> None:
    """S11 and S13 are below: one is about charging, one about quality only."""
    ids = {recipe.summary.split(":")[0] for recipe in LISTED}
    assert ids == {f"G{i}" for i in range(1, 11)} | {f"S{i}" for i in (*range(1, 11), 12)}


def test_s11_charges_the_small_layer_first() -> None:
    layers = (
        Layer(frozenset(range(32)), 50),
        Layer(frozenset(range(16)), 100),
        Layer(frozenset(range(16, 32)), 100),
    )
    resource = Resource("nat", Mode.MODE_1, layers)
    nodes = tuple(Node(f"n{index:02}") for index in range(32))
    cluster = Cluster(nodes, (FlatTopology(),), (), (resource,))
    listed = tuple(node.name for node in nodes[:16])
    first = Job("1", 16, nodelist=listed, licenses=(("nat", 50),))
    others = tuple(Job(str(i), 4, licenses=(("nat", 50),)) for i in (2, 3, 4))
    instance = Instance(cluster, (first, *others))
    assert len(solve(instance).plan.placements) == 4
    assert len(solve(instance, Legality.SLURM_26_11).plan.placements) == 3


def test_s13_touches_two_base_blocks_where_slurm_touches_four() -> None:
    blocks = tuple(Block(f"b{i + 1}", tuple(range(4 * i, 4 * i + 4))) for i in range(8))
    topology = BlockTopology("default", 4, (0, 1, 2, 3), blocks)
    nodes = tuple(Node(f"n{index + 1:02}") for index in range(32))
    busy = frozenset(number - 1 for number in (1, 2, 3, 6, 9, 10, 17, 30))
    job = Job("1", 8, segment=2)
    instance = Instance(Cluster(nodes, (topology,)), (job,), unavailable=busy)
    result = solve(instance)
    terms = {term.term: term.value for term in result.objective}
    assert terms["blocks_touched"] == 2
    # Six pairs still fit, each of two nodes, with the weight of the queue's four segments.
    assert terms["usable_capacity"] == 6 * 2 * 4
