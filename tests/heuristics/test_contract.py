"""What every engine of the registry promises, checked on generated instances."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from oracle import best
from strategies import KINDS, random_instance, random_options

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.registry import HEURISTICS, Engine
from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective, PlanOptions, PlanResult, TermValue
from rackwright.models.rules import verify
from rackwright.models.score import is_better, score

ENGINES = tuple(HEURISTICS.values())
TOPOLOGIES = {"block", "ring", "torus3d", "tree", "flat"}
engines = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
kinds = pytest.mark.parametrize("kind", KINDS)


def drawn(kind: str, count: int) -> list[tuple[Instance, PlanOptions]]:
    """Random instances with random options and little work."""
    rng = Random(f"contract {kind}")
    return [
        (random_instance(rng, kind), replace(random_options(rng), work=0.01, seed=number))
        for number in range(count)
    ]


@cache
def optima(kind: str) -> list[tuple[Instance, PlanOptions, tuple[TermValue, ...]]]:
    """A few instances with the terms of a brute-force optimum."""
    return [
        (instance, options, score(instance, best(instance, options)[0], options))
        for instance, options in drawn(kind, 6)
    ]


def run(engine: Engine, instance: Instance, options: PlanOptions) -> PlanResult:
    return engine.placer(instance, options)


@engines
def test_is_described(engine: Engine) -> None:
    assert HEURISTICS[engine.name] is engine
    assert engine.summary and engine.source
    assert engine.supports and engine.supports <= TOPOLOGIES


@kinds
@engines
def test_plan_is_legal_complete_and_scored(engine: Engine, kind: str) -> None:
    for instance, options in drawn(kind, 12):
        before = deepcopy(instance)
        result = run(engine, instance, options)
        assert instance == before
        assert verify(instance, result.plan, options.legality) == ()
        assert result.engine == engine.name
        assert result.objective == score(instance, result.plan, options)
        answered = [placement.job_id for placement in result.plan.placements]
        answered += [one.job_id for one in result.unplaced]
        asked = [job.job_id for job in instance.jobs]
        assert sorted(answered) == sorted(asked + [one.job.job_id for one in instance.ineligible])


@kinds
@engines
def test_never_beats_brute_force(engine: Engine, kind: str) -> None:
    for instance, options, optimum in optima(kind):
        assert not is_better(run(engine, instance, options).objective, optimum)


@engines
def test_same_seed_same_plan(engine: Engine) -> None:
    instance = colossus(num_blocks=16, num_jobs=30, mix="all", partitions=3, power=True, seed=3)
    options = PlanOptions(objective=Objective.WEIGHTED, work=0.1, seed=7)
    one, other = run(engine, instance, options), run(engine, deepcopy(instance), options)
    assert one.plan == other.plan
    assert one.objective == other.objective


@pytest.mark.parametrize("legality", Legality)
@engines
def test_names_within_a_block_do_not_matter(engine: Engine, legality: Legality) -> None:
    instance = colossus(num_blocks=16, num_jobs=30, mix="all", seed=5)
    renamed = permuted_within_blocks(instance, 18, Random(11))
    options = PlanOptions(objective=Objective.THROUGHPUT, legality=legality, work=0.1)
    assert run(engine, renamed, options).objective == run(engine, instance, options).objective


def permuted_within_blocks(instance: Instance, size: int, rng: Random) -> Instance:
    """The same state with the roles of the nodes of every block exchanged."""
    target: list[int] = []
    for first in range(0, len(instance.cluster.nodes), size):
        target += rng.sample(range(first, first + size), size)

    def moved(nodes: frozenset[int]) -> frozenset[int]:
        return frozenset(target[node] for node in nodes)

    return replace(
        instance,
        running=tuple(replace(job, nodes=moved(job.nodes)) for job in instance.running),
        unavailable=moved(instance.unavailable),
        allocated=moved(instance.allocated),
        blocked=moved(instance.blocked),
    )
