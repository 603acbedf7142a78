"""From counts to node names: what a flow's counts alone do not tell."""

from __future__ import annotations

import pytest
from tiny import blocks, instance

from rackwright.models.job import Job
from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver import optimal, solve


@pytest.mark.parametrize("merge_threshold", [1, 4, 1 << 30])
def test_consolidated_jobs_of_one_shape_spread_in_their_own_aggregates(
    merge_threshold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each aggregate has room for one job; its first block would hold both of its segments."""
    monkeypatch.setattr(solve, "MERGE_THRESHOLD", merge_threshold)
    free_nodes = [4, 2, 1, 1] * 2
    down = [4 * block + k for block, free in enumerate(free_nodes) for k in range(free, 4)]
    jobs = [
        Job(name, 4, segment=2, spread_segments=True, consolidate_segments=True) for name in "ab"
    ]
    state = instance(blocks([4] * 8, 4, (0, 2)), *jobs, num_nodes=32, unavailable=frozenset(down))
    result = optimal(state, PlanOptions(objective=Objective.JOBS))
    found = {term.term: (term.value, term.proven) for term in result.objective}
    assert found["jobs"] == (2, True)
    assert found["blocks_touched"] == (4, True)


def test_spread_segments_do_not_share_the_only_block() -> None:
    """Consolidated in a topology of one block, and spread all the same: never, in any order."""
    job = Job("a", 2, segment=1, spread_segments=True, consolidate_segments=True)
    state = instance(blocks([4], 3, (0,)), job, num_nodes=4)
    result = optimal(state, PlanOptions(objective=Objective.JOBS))
    assert result.status == "optimal"
    assert result.plan.placements == ()
