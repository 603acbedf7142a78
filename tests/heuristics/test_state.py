"""The state while planning: whatever was started and stopped, counts equal a fresh count."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from strategies import KINDS, random_instance
from tiny import blocks, instance

from rackwright.heuristics.greedy import lookaheads_for
from rackwright.heuristics.placing import place_job
from rackwright.heuristics.placing.attempt import Attempt
from rackwright.heuristics.placing.block import passes_floor
from rackwright.heuristics.state import NO_REQUEST, State, WorthIndex
from rackwright.heuristics.state.view import View
from rackwright.models.cluster import Partition
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.rules import verify
from rackwright.models.rules.block import has_floor_capacity
from rackwright.models.topology import Block, BlockTopology


def frozen(state: State) -> object:
    """Everything that starting and stopping a job changes."""
    return (
        {name: (view.free.copy(), view.busy.copy()) for name, view in state.views.items()},
        [left.copy() for left in state.ledger._left],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_stop_undoes_start_in_any_order(kind: str) -> None:
    rng = Random(f"state {kind}")
    for _ in range(30):
        instance = random_instance(rng, kind)
        state = State(instance, rng.choice(list(Legality)))
        state.prepare()
        start = frozen(state)
        lookaheads = lookaheads_for(state)
        for job in instance.jobs:
            place_job(state, job, lookaheads)
        full = frozen(state)
        kept = tuple(state.started.values())
        for job_id in rng.sample(sorted(state.started), len(state.started)):
            state.stop(job_id)
        assert frozen(state) == start
        for started in kept:
            state.restart(started)
        assert frozen(state) == full
        state.reset()
        assert frozen(state) == start
        state.restore(kept)
        assert frozen(state) == full
        assert verify(instance, state.plan(), state.legality) == ()


@pytest.mark.parametrize("kind", ["block", "tree", "mode_3", "power"])
def test_indexes_follow_every_change(kind: str) -> None:
    rng = Random(f"index {kind}")
    compared = 0
    for _ in range(30):
        instance = random_instance(rng, kind)
        state = State(instance, Legality.DOCUMENTED)
        state.prepare()
        lookaheads = lookaheads_for(state)
        view = next(iter(state.views.values()))
        worth = WorthIndex(view, lookaheads[view.topology.name].unit_worth(view))
        for _ in range(12):
            job = rng.choice(instance.jobs) if instance.jobs else None
            if job is None:
                break
            if job.job_id in state.started:
                state.stop(job.job_id)
            else:
                place_job(state, job, lookaheads)
            request = state.ledger.request(job)
            nodes = instance.eligible(job, instance.partitions_of(job)[0])
            if request.is_filtered or state.view(instance.partitions_of(job)[0]) is not view:
                continue
            compared += 1
            index = state.counts(view, nodes, False, request)
            fresh = state.private_counts(
                view, state.masks(view, nodes), False, state.ledger.class_of(request)
            )
            # A unit whose shared layer ran short since may still show its older, higher count.
            assert all(have >= want for have, want in zip(index.counts, fresh.counts, strict=True))
            if not request.per_node:
                assert index.counts == fresh.counts
                assert index.total == fresh.total
                assert state.regions(index, 2).totals == state.regions(fresh, 2).totals
            again = WorthIndex(view, lookaheads[view.topology.name].unit_worth(view))
            assert worth.total() == again.total()
    assert compared > 100


@pytest.mark.parametrize("kind", ["mixed", "mode_3", "power"])
def test_indexes_prepared_together_are_those_built_alone(kind: str) -> None:
    rng = Random(f"prepared {kind}")
    compared = limited = 0
    for _ in range(150):
        instance = random_instance(rng, kind)
        prepared, alone = (State(instance, Legality.DOCUMENTED) for _ in range(2))
        prepared.prepare()
        for job in instance.jobs:
            request = prepared.ledger.request(job)
            if request.is_filtered:
                continue
            for partition in instance.partitions_of(job):
                nodes = instance.eligible(job, partition)
                holds = prepared.holds(job, partition)
                ours, theirs = (
                    state.counts(state.view(partition), nodes, holds, request)
                    for state in (prepared, alone)
                )
                assert (ours.counts, ours.total) == (theirs.counts, theirs.total)
                for key in range(4 * ours.largest + 4):
                    assert list(ours.bucket(key)) == list(theirs.bucket(key))
                compared += 1
                free = zip(ours.view.free, ours.masks, range(ours.view.outside), strict=False)
                most = sum((mask & own).bit_count() for mask, own, _ in free)
                limited += not holds and ours.total < most
    assert compared > 150
    assert kind == "mixed" or limited > 20


def test_floor_rule_is_the_rules() -> None:
    rng = Random("floor")
    verdicts: list[bool] = []
    for _ in range(400):
        instance = random_instance(rng, "block")
        state = State(instance, Legality.SLURM_26_11)
        for job in instance.jobs:
            for partition in instance.partitions_of(job):
                attempt = Attempt(state, job, partition)
                topology = attempt.view.topology
                assert isinstance(topology, BlockTopology)
                limits = topology.unit_limits(attempt.units.size)
                verdict = has_floor_capacity(instance, job, partition)
                assert passes_floor(attempt, limits) == verdict
                verdicts.append(verdict)
    assert {True, False} == set(verdicts)


def test_masks_of_consecutive_and_scattered_blocks() -> None:
    topology = BlockTopology("t", 3, (0,), (Block("a", (0, 1, 2)), Block("b", (3, 5, 5, 0))))
    view = View(topology, 7)
    assert view.masks(frozenset({0, 2, 5, 6})) == [0b101, 0b010, 0b10]
    assert view.split(frozenset({2, 3, 6})) == {0: 0b100, 1: 0b001, 2: 0b10}
    assert list(view.nodes(1, 0b011)) == [3, 5]
    assert view.units[view.outside] == (4, 6)


def two_partitions(*jobs: Job, num_blocks: int = 8) -> Instance:
    """Blocks of four; ``narrow`` has the first two, ``wide`` all."""
    nodes = frozenset(range(4 * num_blocks))
    wide, narrow = Partition("wide", nodes), Partition("narrow", frozenset(range(8)))
    plain = instance(blocks([4] * num_blocks, 4), *jobs, num_nodes=len(nodes))
    return replace(plain, cluster=replace(plain.cluster, partitions=(wide, narrow)))


def test_units_of_a_crowded_partition_are_contested() -> None:
    jobs = (Job("1", 4, partitions=("wide",)), Job("2", 20, partitions=("narrow",)))
    view = next(iter(State(two_partitions(*jobs), Legality.DOCUMENTED).views.values()))
    assert view.contested[: view.outside] == [True] * 2 + [False] * 6


def test_nothing_is_contested_where_all_find_room() -> None:
    jobs = (Job("1", 4, partitions=("wide",)), Job("2", 4, partitions=("narrow",)))
    view = next(iter(State(two_partitions(*jobs), Legality.DOCUMENTED).views.values()))
    assert not any(view.contested)


def test_contested_units_and_regions_come_last() -> None:
    jobs = (Job("1", 4, partitions=("wide",)), Job("2", 20, partitions=("narrow",)))
    state = State(two_partitions(*jobs), Legality.DOCUMENTED)
    view = next(iter(state.views.values()))
    eligible = [state.instance.eligible(job, state.instance.partitions_of(job)[0]) for job in jobs]
    wide, narrow = (state.counts(view, nodes, False, NO_REQUEST) for nodes in eligible)
    whole = 9
    offered = [unit for key in wide.buckets([whole], True) for unit in wide.bucket(key)]
    assert offered == [2, 3, 4, 5, 6, 7, 0, 1]
    assert list(state.regions(wide, 2).at_least(8, True)) == [1, 2, 3, 0]
    assert list(state.regions(wide, 2).at_least(8, False)) == [0, 1, 2, 3]
    # Where a job has no choice, nothing is put off.
    assert list(narrow.buckets([whole], True)) == [whole]


def test_a_job_with_a_choice_leaves_contested_units_alone() -> None:
    jobs = (Job("1", 3, partitions=("wide",)), Job("2", 20, partitions=("narrow",)))
    # Three of three in block 0 would fit better than three of four.
    state = State(replace(two_partitions(*jobs), unavailable=frozenset({0})), Legality.DOCUMENTED)
    lookaheads = lookaheads_for(state)
    relaxed = {name: lookahead.relaxed() for name, lookahead in lookaheads.items()}
    for chosen, block in ((lookaheads, 2), (relaxed, 0)):
        assert place_job(state, jobs[0], chosen)
        assert {unit for unit, _ in state.stop("1").segments[0]} == {block}
