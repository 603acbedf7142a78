"""Each baseline's own choice on a small cluster."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from tiny import blocks, instance, torus

from rackwright.heuristics.baselines.hilbert import hilbert_index
from rackwright.heuristics.registry import HEURISTICS
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.plan import PlanOptions, Reason

# Free nodes per block: 3, 2, 4, 4; blocks in pairs.
BUSY = frozenset({0, 4, 5})


def blocks_of(engine: str, *jobs: Job, allocated: frozenset[int] = BUSY) -> list[set[int]]:
    """Base blocks of each job, in queue order."""
    state = instance(blocks([4] * 4, 4), *jobs, num_nodes=16, allocated=allocated)
    plan = HEURISTICS[engine].placer(state, PlanOptions()).plan
    return [{node // 4 for node in plan.placement_of[job.job_id].nodes} for job in jobs]


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("first-fit", {0}),
        ("best-fit", {1}),
        ("worst-fit", {2}),
        ("kueue-bestfit", {1}),
        ("kueue-least-free", {1}),
        ("kueue-balanced", {1}),
        ("hived-buddy", {1}),
        ("volcano-gradient", {1}),
        ("kai-topology", {1}),
    ],
)
def test_block_for_two_nodes(engine: str, expected: set[int]) -> None:
    assert blocks_of(engine, Job("1", 2)) == [expected]


def test_first_fit_fills_blocks_in_order() -> None:
    assert blocks_of("first-fit", Job("1", 6, segment=2)) == [{0, 1, 2}]


def test_fgd_avoids_the_remainder_nobody_wants() -> None:
    # Sizes 3 and 1: one node of the 3-block would leave a useless pair, of the 2-block nothing.
    jobs = (Job("1", 1), Job("2", 3), Job("3", 3))
    assert blocks_of("fgd", *jobs)[0] in ({1}, {2}, {3})


def test_buddy_splits_no_free_cell_while_a_used_one_fits() -> None:
    assert blocks_of("hived-buddy", Job("1", 2), Job("2", 2))[1] == {0}


def test_balanced_spreads_what_best_fit_packs() -> None:
    job = Job("1", 4, segment=1)
    packed = blocks_of("kueue-bestfit", job, allocated=frozenset())
    spread = blocks_of("kueue-balanced", job, allocated=frozenset({0, 4, 8, 12}))
    assert len(packed[0]) == 1
    assert len(spread[0]) == 2


def test_random_depends_on_the_seed_only() -> None:
    state = instance(blocks([2] * 12, 2), *(Job(str(at), 2) for at in range(4)), num_nodes=24)
    plans = [HEURISTICS["random"].placer(state, PlanOptions(seed=seed)).plan for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


@pytest.mark.parametrize("engine", ["tpu-cuboid-firstfit", "hilbert", "first-fit"])
def test_torus_engines_take_an_anchor(engine: str) -> None:
    state = instance(torus((4, 4, 1), (2, 2, 1)), Job("1", 4), num_nodes=16)
    assert HEURISTICS[engine].placer(state, PlanOptions()).plan.placement_of["1"].nodes == (
        0,
        1,
        4,
        5,
    )


def test_unsupported_kinds_wait_with_a_word_of_explanation() -> None:
    state: Instance = instance(torus((4, 4, 1), (2, 2, 1)), Job("1", 4), num_nodes=16)
    (answer,) = HEURISTICS["kueue-bestfit"].placer(state, PlanOptions()).unplaced
    assert answer.reason is Reason.UNDECIDED
    assert answer.rule == "torus_anchor"
    assert "torus3d" in answer.message


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_hilbert_curve_visits_every_cell_by_single_steps(bits: int) -> None:
    side = range(1 << bits)
    cells = sorted(product(side, side, side), key=lambda cell: hilbert_index(cell, bits))
    assert [hilbert_index(cell, bits) for cell in cells] == list(range(8**bits))
    for one, other in pairwise(cells):
        assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) == 1
