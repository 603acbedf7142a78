"""`NeverExplainer` claims only what is true: no legal plan starts the job on the idle cluster."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from oracle import best
from strategies import KINDS, random_instance
from tiny import blocks, instance, rings, torus, tree

from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.never import NeverExplainer
from rackwright.models.plan import PlanOptions
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.rules import RULES
from rackwright.models.topology import FlatTopology, Topology

NAMES = {rule.name for rule in RULES}


@pytest.mark.parametrize("kind", KINDS)
def test_claims_are_true(kind: str) -> None:
    rng = Random(kind)
    claimed = missed = 0
    for _ in range(60):
        drawn = random_instance(rng, kind)
        for job in drawn.jobs:
            legality = rng.choice(list(Legality))
            alone = Instance(drawn.cluster, (job,), now_s=drawn.now_s)
            plan, _ = best(alone, PlanOptions(legality=legality))
            finding = NeverExplainer(alone, legality).explain(job)
            if finding is None:
                missed += not plan.placements
            else:
                assert not plan.placements, finding
                assert finding[0] in NAMES
                claimed += 1
    assert claimed >= missed


@pytest.mark.parametrize(
    ("topology", "job", "rule"),
    [
        (blocks([4, 4], base=4), Job("1", 9), "partition"),
        (blocks([4, 4], base=4), Job("1", 3, segment=2), "segment"),
        (blocks([4, 4], base=4), Job("1", 2, nodelist=("n0", "m9")), "required_nodes"),
        (blocks([4, 4], base=4), Job("1", 2, nodelist=("n0",), exclude=("n0",)), "required_nodes"),
        (blocks([4, 4], base=4), Job("1", 8, exclude=("n0",)), "exclude"),
        (blocks([4, 4], base=4), Job("1", 2, features="x"), "features"),
        (blocks([3, 3, 2], base=4), Job("1", 4), "block_region"),
        (blocks([2, 2, 2, 2], base=2, levels=(0, 2)), Job("1", 3, exclude=("n0",)), None),
        (blocks([1] * 8, base=2, levels=(0, 2)), Job("1", 3), "lower_level_blocks"),
        (
            blocks([4, 4], base=4),
            Job("1", 6, segment=2, spread_segments=True),
            "spread_segments",
        ),
        (
            blocks([3, 5], base=4, levels=(0,)),
            Job("1", 4, segment=2, consolidate_segments=True, exclude=("n3", "n4")),
            "consolidate_segments",
        ),
        (blocks([2, 2, 2], base=2), Job("1", 6), "whole_topology_floor"),
        (rings(4, 4), Job("1", 5), "ring_arc"),
        (rings(4, 4), Job("1", 3, nodelist=("n0", "n1")), "required_nodes"),
        (rings(8), Job("1", 4, segment=2), "one_segment_per_ring"),
        (torus((4, 2, 1), (2, 2, 1)), Job("1", 3), "torus_anchor"),
        (tree(4, 4, trunks=[[0], [1]]), Job("1", 5), "common_switch"),
        (FlatTopology("default"), Job("1", 5, contiguous=True, exclude=("n4",)), "contiguous"),
    ],
)
def test_names_the_rule(topology: Topology, job: Job, rule: str | None) -> None:
    state = instance(topology, job, num_nodes=8)
    finding = NeverExplainer(state, Legality.SLURM_26_11).explain(job)
    assert (finding and finding[0]) == rule


@pytest.mark.parametrize("mode", list(Mode))
def test_names_the_mode(mode: Mode) -> None:
    layers = (Layer(frozenset(range(8)), 5, base=2), Layer(frozenset(range(2)), 2))
    resource = Resource("r", mode, layers)
    job = Job("1", 2, licenses=(("r", 4),))
    state = instance(FlatTopology("default"), job, num_nodes=8, resources=(resource,))
    finding = NeverExplainer(state, Legality.DOCUMENTED).explain(job)
    assert finding == (mode.name.lower(), "only 0 of 2 nodes can give 4 r")


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_that_share_counts_get_the_answers_they_get_alone(kind: str) -> None:
    rng = Random(f"shared {kind}")
    claimed = 0
    for _ in range(60):
        drawn = random_instance(rng, kind)
        # Other jobs on the same nodes, so that counts are asked for more than once.
        jobs = [*drawn.jobs, *random_instance(rng, kind).jobs]
        names = {partition.name for partition in drawn.cluster.partitions}
        jobs = [job for job in jobs if names.issuperset(job.partitions)]
        for legality in Legality:
            shared = NeverExplainer(drawn, legality)
            for job in jobs:
                finding = shared.explain(job)
                assert finding == NeverExplainer(drawn, legality).explain(job)
                claimed += finding is not None
    assert claimed > 40


def test_a_power_layer_that_cannot_give_what_the_job_must_take_from_it() -> None:
    """Of layers that are alike the first one is named."""
    layers = (
        Layer(frozenset(range(8)), -1, name="hall"),
        Layer(frozenset(range(4)), 12, name="left"),
        Layer(frozenset(range(4, 8)), 12, name="right"),
    )
    resource = Resource("watts", Mode.MODE_3, layers, unit="W", idle_w=1)
    job = Job("1", 5, power_w=7)
    state = instance(FlatTopology("default"), job, num_nodes=8, resources=(resource,))
    explainer = NeverExplainer(state, Legality.DOCUMENTED)
    # Four idle nodes leave 8 W of 12, 6 W more are drawn by each node of a job.
    assert explainer.explain(job) is None
    for wanted, needed in ((6, 2), (7, 3)):
        message = f"layer left cannot give {needed} nodes its draw"
        assert explainer.explain(replace(job, num_nodes=wanted)) == ("power", message)
