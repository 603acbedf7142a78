"""The greedy engine's choices, one by one, and the queues that one-at-a-time placement loses."""

from __future__ import annotations

from time import process_time

import pytest
from tiny import blocks, instance, rings, tree

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.heuristics.local_search import greedy_with_local_search
from rackwright.heuristics.orders import job_values
from rackwright.heuristics.placing import Lookahead
from rackwright.models.instance import Instance
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Exclusive, Legality
from rackwright.models.plan import Objective, PlanOptions, Reason
from rackwright.models.rules import verify

PRIORITY = PlanOptions(work=0.2)


def nodes(state: Instance, job_id: str, options: PlanOptions = PRIORITY) -> tuple[int, ...]:
    return greedy(state, options).plan.placement_of[job_id].nodes


def test_one_node_job_nibbles_a_fragment() -> None:
    state = instance(
        blocks([4, 4, 4], 4), Job("1", 1), Job("2", 4), num_nodes=12, allocated=frozenset({4, 5})
    )
    assert nodes(state, "1") == (6,)


def test_one_node_job_prefers_a_node_in_no_block() -> None:
    assert nodes(instance(blocks([4, 4], 4), Job("1", 1), num_nodes=9), "1") == (8,)


def test_remainder_fits_the_rest_of_the_queue() -> None:
    # 2 of 5 leave a 3 for the third job; best fit would take 2 of 4 and waste both.
    state = instance(blocks([5, 4], 5), Job("1", 2), Job("2", 4), Job("3", 3), num_nodes=9)
    result = greedy(state, PRIORITY)
    assert result.objective[0].value == "111"
    assert set(result.plan.placement_of["1"].nodes) <= set(range(5))


def test_shared_job_leaves_job_free_blocks_to_exclusive_ones() -> None:
    state = instance(
        blocks([4, 4], 4),
        Job("1", 2),
        Job("2", 3, exclusive=Exclusive.TOPO),
        num_nodes=8,
        allocated=frozenset({0}),
    )
    assert nodes(state, "1") == (1, 2)
    assert nodes(state, "2") == (4, 5, 6)


def test_exclusive_segments_share_their_block() -> None:
    job = Job("1", 4, segment=2, exclusive=Exclusive.TOPO)
    placed = nodes(instance(blocks([4, 4, 4], 4), job, num_nodes=12), "1")
    assert len({node // 4 for node in placed}) == 1


def test_spread_segments_lie_in_different_blocks() -> None:
    job = Job("1", 4, segment=2, spread_segments=True)
    placed = nodes(instance(blocks([4, 4, 4], 4), job, num_nodes=12), "1")
    assert len({node // 4 for node in placed}) == 2


@pytest.mark.parametrize(
    ("state", "starts"),
    [
        # slurm_semantics 9.2, S1-S5 and S9: Slurm strands the later job.
        (
            instance(
                blocks([4, 4], 4), Job("1", 1), Job("2", 4), num_nodes=8, allocated=frozenset({4})
            ),
            "11",
        ),
        (
            instance(
                blocks([4] * 4, 4),
                Job("1", 3),
                Job("2", 7),
                num_nodes=16,
                allocated=frozenset({0, 12, 13, 14, 15}),
            ),
            "11",
        ),
        (
            instance(
                blocks([4] * 4, 4, (0, 2)),
                Job("1", 6),
                Job("2", 4),
                num_nodes=16,
                allocated=frozenset({4, 8, 12, 13, 14, 15}),
            ),
            "11",
        ),
        (
            instance(rings(8), Job("1", 2), Job("2", 4), num_nodes=8, allocated=frozenset({4, 7})),
            "11",
        ),
        (
            instance(
                rings(16),
                Job("1", 2),
                Job("2", 4),
                num_nodes=16,
                allocated=frozenset(range(3, 13)),
            ),
            "11",
        ),
        (
            instance(
                tree(4, 3, 3, trunks=[(0, 1, 2)]),
                Job("1", 6),
                Job("2", 4, switches=Switches(1)),
                num_nodes=10,
            ),
            "11",
        ),
    ],
)
def test_local_search_starts_what_slurm_strands(state: Instance, starts: str) -> None:
    result = greedy_with_local_search(state, PRIORITY)
    assert result.objective[0].value == starts


def test_reasons() -> None:
    state = instance(
        blocks([4, 4], 4),
        Job("1", 7),
        Job("2", 3, segment=2),
        Job("3", 9),
        Job("4", 4),
        num_nodes=8,
        allocated=frozenset({0}),
    )
    reasons = {one.job_id: (one.reason, one.rule) for one in greedy(state, PRIORITY).unplaced}
    assert reasons["2"] == (Reason.NEVER, "segment")
    assert reasons["3"][0] is Reason.NEVER
    assert reasons["4"] == (Reason.WAITS, "block_region")


def test_values_order_start_vectors() -> None:
    jobs = tuple(Job(str(index), 1) for index in range(4))
    values = job_values(instance(blocks([4], 4), *jobs, num_nodes=4), Objective.PRIORITY)
    assert values["0"] > values["1"] + values["2"] + values["3"]


def test_worth_counts_whole_units_only() -> None:
    lookahead = Lookahead(18, [(8, 3), (36, 1)], 0.0)
    # Three units of 8, and one of 36 that wants two whole blocks.
    assert lookahead.worth(17) == 3 * 16
    assert lookahead.worth(18) == 3 * 16 + 2 * 18
    assert lookahead.loss(18, False, 8) > lookahead.loss(17, False, 8)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [Objective.PRIORITY, Objective.WEIGHTED])
def test_55008_nodes_and_1000_jobs_of_every_kind(objective: Objective) -> None:
    state = colossus(mix="all", partitions=3)
    # Built with the instance.
    assert state.free
    start = process_time()
    result = greedy(state, PlanOptions(objective=objective))
    # 0.2 s when the machine is ours; tests share it.
    assert process_time() - start < 0.6
    assert verify(state, result.plan, Legality.DOCUMENTED) == ()


@pytest.mark.parametrize(
    "state",
    [
        # slurm_semantics 9.1, G4-G6: segments of a single job in each other's way.
        instance(
            blocks([4] * 5, 4, (0,)),
            Job("1", 15, segment=5),
            num_nodes=20,
            allocated=frozenset({0, 8, 12, 13, 16}),
        ),
        instance(
            blocks([3] * 6, 3, (0,)),
            Job("1", 14, segment=7),
            num_nodes=18,
            allocated=frozenset({0, 3, 9, 15}),
        ),
        instance(
            blocks([4] * 6, 4, (0, 1, 3)),
            Job("1", 18, segment=9, spread_segments=True),
            num_nodes=24,
            allocated=frozenset({0, 1, 4, 8, 9, 12}),
        ),
    ],
)
def test_segments_that_compete_for_blocks(state: Instance) -> None:
    result = greedy(state, PRIORITY)
    assert result.objective[0].value == "1"
    assert verify(state, result.plan, Legality.DOCUMENTED) == ()
