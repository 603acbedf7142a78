"""Charging MODE_1 layers: Slurm's order, and the best assignment against all assignments."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from tiny import instance, place

from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.plan import Plan
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.rules import Undecided
from rackwright.models.rules.start import resolve
from rackwright.models.rules.usage import charge_mode_1
from rackwright.models.topology import FlatTopology

NUM_NODES = 8


def loaded(
    layers: list[Layer], amounts: list[int], nodes: list[list[int]]
) -> tuple[Instance, Plan]:
    """One job per amount, on the nodes given; jobs may share nodes, which is not at issue here."""
    jobs = [
        Job(str(index), len(chosen), licenses=(("r", amount),))
        for index, (amount, chosen) in enumerate(zip(amounts, nodes, strict=True))
    ]
    resource = Resource("r", Mode.MODE_1, tuple(layers))
    state = instance(FlatTopology("default"), *jobs, num_nodes=NUM_NODES, resources=(resource,))
    return state, Plan(tuple(place(str(index), chosen) for index, chosen in enumerate(nodes)))


def test_best_assignment_agrees_with_all_assignments() -> None:
    rng = Random(1)
    outcomes = set()
    for _ in range(400):
        layers = []
        for _ in range(rng.randint(1, 3)):
            covered = frozenset(rng.sample(range(NUM_NODES), rng.randint(2, 6)))
            layers.append(Layer(covered, rng.randint(0, 6)))
        amounts = [rng.randint(1, 4) for _ in range(rng.randint(1, 5))]
        nodes = [rng.sample(range(NUM_NODES), rng.randint(1, 3)) for _ in amounts]
        state, plan = loaded(layers, amounts, nodes)
        resource = state.cluster.resources[0]
        allowed = [
            [i for i, layer in enumerate(layers) if not layer.nodes.isdisjoint(chosen)]
            for chosen in nodes
        ]
        possible = any(
            all(
                sum(a for a, b in zip(amounts, charged, strict=True) if b == i) <= layer.count
                for i, layer in enumerate(layers)
            )
            for charged in product(*allowed)
        )
        found = charge_mode_1(resolve(state, plan, Legality.DOCUMENTED), resource)
        assert (found is not None) == possible
        if found is not None:
            for index, layer in enumerate(layers):
                jobs = [int(job) for job, charged in found.items() if charged == index]
                assert sum(amounts[job] for job in jobs) <= layer.count
                assert all(index in allowed[job] for job in jobs)
        in_order = charge_mode_1(resolve(state, plan, Legality.SLURM_26_11), resource)
        assert in_order is None or possible
        outcomes.add((possible, in_order is not None))
    # Slurm's file order misses assignments that exist (slurm_semantics 9.2, S11).
    assert outcomes == {(False, False), (True, False), (True, True)}


def test_hopeless_search_gives_up() -> None:
    """Even amounts never fill odd layers: a proof by counting, out of reach of the search."""
    layers = [Layer(frozenset(range(NUM_NODES)), 101 + 2 * index) for index in range(9)]
    amounts = [2 * index + 2 for index in range(29)] + [108]
    nodes = [[0]] * len(amounts)
    state, plan = loaded(layers, amounts, nodes)
    total = sum(amounts)
    assert sum(layer.count - 1 for layer in layers) < total <= sum(layer.count for layer in layers)
    with pytest.raises(Undecided, match="r: too many ways"):
        charge_mode_1(resolve(state, plan, Legality.DOCUMENTED), state.cluster.resources[0])
