"""Orders of the queue: what comes first, and what a pass teaches the next one."""

from __future__ import annotations

from collections.abc import Sequence

from tiny import blocks, instance

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.heuristics.orders import densities, lessons, queue_orders
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive
from rackwright.models.plan import Objective, PlanOptions


def ids(jobs: Sequence[Job]) -> list[str]:
    return [job.job_id for job in jobs]


def test_large_units_come_first_among_nearly_equal_densities() -> None:
    jobs = (
        Job("small", 8, segment=1, weight=10),
        Job("block", 4, weight=9),
        Job("large", 8, weight=9),
        Job("poor", 8, weight=5),
    )
    state = instance(blocks([4, 4, 4], 4), *jobs, num_nodes=12)
    first = next(queue_orders(state, densities(state, Objective.WEIGHTED)))
    assert ids(first) == ["large", "small", "block", "poor"]


def test_exclusive_jobs_pay_for_whole_blocks() -> None:
    jobs = (Job("1", 2, exclusive=Exclusive.TOPO, weight=9), Job("2", 2, weight=5))
    state = instance(blocks([4, 4], 4), *jobs, num_nodes=8)
    density = densities(state, Objective.WEIGHTED)
    assert density == {"1": 4.5, "2": 5.0}


def test_jobs_left_out_come_earlier_until_they_start() -> None:
    jobs = tuple(Job(str(weight), 4, weight=weight) for weight in (21, 20, 19, 1))
    state = instance(blocks([4] * 4, 4), *jobs, num_nodes=16)
    density = densities(state, Objective.WEIGHTED)
    started: dict[str, object] = {"21": None, "19": None}
    orders = lessons(state, state.jobs, density, started)
    assert ids(next(orders)) == ["20", "21", "19", "1"]
    started["20"] = None
    # What is worth less than all that starts is no lesson.
    assert list(orders) == []


def test_caps_count_as_work() -> None:
    plain, capped = (
        colossus(num_blocks=600, num_jobs=200, mix="all", power=power, seed=1)
        for power in (False, True)
    )
    options = PlanOptions(objective=Objective.WEIGHTED)
    passes = [int(greedy(state, options).statistics["passes"]) for state in (plain, capped)]
    assert passes[0] > passes[1] > 1
