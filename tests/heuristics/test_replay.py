"""The replay against closed forms, conservation laws and hand-worked schedules."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import factorial, sqrt
from random import Random
from statistics import fmean, stdev

import pytest
from replay_cases import flat, job, racks, random_jobs

from rackwright.heuristics.greedy import greedy
from rackwright.heuristics.registry import HEURISTICS
from rackwright.heuristics.replay import (
    Admission,
    Outage,
    ReplayOptions,
    ReplayResult,
    Requeue,
    outages_at_rate,
    replay,
)
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive
from rackwright.models.node import Node
from rackwright.models.plan import PlanOptions, PlanResult, Progress
from rackwright.models.resources import Layer, Mode, Resource


def times(result: ReplayResult) -> dict[str, tuple[int | None, int | None]]:
    return {entry.job_id: (entry.start_s, entry.end_s) for entry in result.jobs}


@pytest.mark.parametrize("admission", Admission)
def test_node_seconds_used_are_those_of_the_jobs(admission: Admission) -> None:
    jobs = random_jobs(1)
    result = replay(racks(4), jobs, greedy, ReplayOptions(admission=admission))
    work = sum(entry.runtime_s * entry.job.num_nodes for entry in jobs)
    assert result.busy_node_s == sum(entry.busy_node_s for entry in result.jobs) == work
    assert all(entry.end_s is not None for entry in result.jobs)
    for entry, given in zip(result.jobs, jobs, strict=True):
        assert entry.start_s is not None and entry.end_s is not None
        assert entry.end_s - entry.start_s == given.runtime_s
        assert entry.start_s >= entry.submit_s


@pytest.mark.parametrize("admission", Admission)
def test_no_node_is_ever_used_twice(admission: Admission) -> None:
    result = replay(racks(4), random_jobs(2), greedy, ReplayOptions(admission=admission))
    spans: dict[int, list[tuple[int, int]]] = {}
    for entry in result.jobs:
        assert entry.start_s is not None and entry.end_s is not None
        for node in result.starts[entry.job_id]:
            spans.setdefault(node, []).append((entry.start_s, entry.end_s))
    for times_of_node in spans.values():
        ordered = sorted(times_of_node)
        assert all(first[1] <= second[0] for first, second in pairwise(ordered))


@pytest.mark.parametrize("admission", Admission)
def test_equal_replays_are_equal(admission: Admission) -> None:
    first, second = (
        replay(racks(4), random_jobs(3), greedy, ReplayOptions(admission=admission))
        for _ in range(2)
    )
    assert first == second


def test_mmc_queue_waits_as_erlang_says() -> None:
    """One-node jobs with exponential gaps and runtimes: the mean wait of M/M/c is known."""
    servers, load, mean_s, batches, size = 4, 0.7, 10_000.0, 30, 300
    offered = servers * load
    top = offered**servers / factorial(servers) / (1 - load)
    waits_at_all = top / (sum(offered**k / factorial(k) for k in range(servers)) + top)
    expected = waits_at_all * mean_s / (servers * (1 - load))
    random = Random(11)
    jobs, submit = [], 0.0
    for number in range(batches * size):
        submit += random.expovariate(offered / mean_s)
        runtime = max(1, round(random.expovariate(1 / mean_s)))
        jobs.append(job(str(number), 1, runtime, int(submit)))
    result = replay(flat(servers), jobs, greedy, ReplayOptions(admission=Admission.STRICT))
    waits = [float(entry.wait_s or 0) for entry in result.jobs]
    # Neighbouring waits depend on each other: batch means do not.
    means = [fmean(waits[k * size : (k + 1) * size]) for k in range(batches)]
    assert fmean(means) == pytest.approx(expected, abs=2.58 * stdev(means) / sqrt(batches))


def test_strict_order_lets_nobody_pass() -> None:
    jobs = [job("a", 3, 100), job("b", 4, 50, 1), job("c", 1, 10, 2)]
    result = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.STRICT))
    assert times(result) == {"a": (0, 100), "b": (100, 150), "c": (150, 160)}


def test_easy_fills_the_gap_but_never_delays_the_head() -> None:
    jobs = [
        job("a", 3, 100),
        job("b", 4, 50, 1),
        job("short", 1, 99, 1),
        job("long", 1, 100, 2),
    ]
    result = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.EASY))
    assert times(result)["short"] == (1, 100)
    assert times(result)["b"] == (100, 150)
    assert times(result)["long"] == (150, 250)


def test_easy_may_use_nodes_that_the_head_does_not_need() -> None:
    jobs = [job("a", 4, 100), job("b", 4, 50, 1), job("long", 4, 500, 2), job("x", 4, 90, 0)]
    # Two blocks: a and x run, b waits for x at 90; long may not, as b needs either block first.
    result = replay(racks(2), jobs, greedy, ReplayOptions(admission=Admission.EASY))
    assert times(result)["b"] == (90, 140)
    assert times(result)["long"] == (100, 600)


def test_joint_admission_starves_the_large_job_and_easy_does_not() -> None:
    small = [job(f"s{number}", 2, 100, 50 * number) for number in range(10)]
    jobs = [job("first", 2, 60), *small, job("large", 4, 10, 1)]
    joint = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.JOINT))
    easy = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.EASY))
    start = {name: times(result)["large"][0] for name, result in (("j", joint), ("e", easy))}
    assert start["e"] is not None and start["j"] is not None
    assert start["e"] <= 100 < start["j"]


def test_conservative_delays_nobody_before() -> None:
    """d would fit beside a and delay c, not b: EASY starts it, conservative backfill does not."""
    jobs = [
        job("a", 2, 100),
        job("b", 4, 10, 1),
        job("c", 3, 50, 2),
        job("d", 1, 100, 3),
    ]
    easy = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.EASY))
    conservative = replay(racks(1), jobs, greedy, ReplayOptions(admission=Admission.CONSERVATIVE))
    assert times(easy)["b"][0] == times(conservative)["b"][0] == 100
    assert times(conservative)["c"] == (110, 160)
    assert times(conservative)["d"][0] == 110


@pytest.mark.parametrize("seed", range(5))
def test_with_exact_limits_easy_starts_the_head_as_promised(seed: int) -> None:
    """No job that has to wait at the head of the queue starts later than under strict order."""
    jobs = [
        replace(entry, job=replace(entry.job, time_limit_s=entry.runtime_s))
        for entry in random_jobs(seed, count=30, largest=4)
    ]
    easy = replay(flat(8), jobs, greedy, ReplayOptions(admission=Admission.EASY))
    strict = replay(flat(8), jobs, greedy, ReplayOptions(admission=Admission.STRICT))
    assert easy.summary()["wait_mean_s"] <= strict.summary()["wait_mean_s"]
    assert easy.end_s <= strict.end_s


def test_conservative_is_never_later_than_strict_on_a_flat_cluster() -> None:
    jobs = [
        replace(entry, job=replace(entry.job, time_limit_s=entry.runtime_s))
        for entry in random_jobs(9, count=40, largest=6)
    ]
    options = ReplayOptions(admission=Admission.CONSERVATIVE)
    conservative = times(replay(flat(8), jobs, greedy, options))
    strict = times(replay(flat(8), jobs, greedy, replace(options, admission=Admission.STRICT)))
    for name in strict:
        assert (conservative[name][0] or 0) <= (strict[name][0] or 0)


def test_a_job_larger_than_the_cluster_is_rejected_and_does_not_block() -> None:
    jobs = [job("huge", 9, 10), job("a", 4, 10)]
    result = replay(racks(2), jobs, greedy, ReplayOptions(admission=Admission.STRICT))
    assert result.jobs[0].is_rejected
    assert times(result)["a"] == (0, 10)
    assert result.summary()["rejected"] == 1


def test_exclusive_jobs_reserve_idle_nodes() -> None:
    jobs = [job("x", 2, 100, exclusive=Exclusive.TOPO), job("y", 4, 10, 1), job("z", 4, 10, 1)]
    result = replay(racks(2), jobs, greedy, ReplayOptions())
    assert result.reserved_idle_node_s == 2 * 100
    assert sorted(entry[0] or 0 for entry in times(result).values()) == [0, 1, 11]


@pytest.mark.parametrize(
    ("requeue", "checkpoint_s", "end_s", "lost"),
    [
        (Requeue.EXPEDITE, None, 130, 30 * 2),
        (Requeue.EXPEDITE, 20, 110, 10 * 2),
        (Requeue.FAIL, None, 30, 30 * 2),
    ],
)
def test_failures_cost_what_was_not_saved(
    requeue: Requeue, checkpoint_s: int | None, end_s: int, lost: int
) -> None:
    options = ReplayOptions(requeue=requeue, checkpoint_s=checkpoint_s)
    cluster = racks(2)
    probe = replay(cluster, [job("a", 2, 100)], greedy, options)
    struck = probe.starts["a"][0]
    outages = [Outage(struck, 30, 1000)]
    result = replay(cluster, [job("a", 2, 100)], greedy, options, outages=outages)
    (entry,) = result.jobs
    assert (entry.end_s, entry.lost_node_s) == (end_s, lost)
    assert entry.busy_node_s == result.busy_node_s
    assert struck not in result.starts["a"] or requeue is Requeue.FAIL


def test_an_expedited_job_goes_before_everybody() -> None:
    jobs = [job("a", 4, 100), job("b", 4, 100, 1), job("c", 4, 100, 2)]
    outages = [Outage(node, 50, 60) for node in range(4)]
    first = {
        requeue: replay(racks(1), jobs, greedy, ReplayOptions(requeue=requeue), outages=outages)
        for requeue in (Requeue.EXPEDITE, Requeue.NORMAL)
    }
    assert times(first[Requeue.EXPEDITE])["a"] == (0, 160)
    swapped = [
        replace(entry, job=replace(entry.job, priority=index)) for index, entry in enumerate(jobs)
    ]
    late = replay(
        racks(1), swapped, greedy, ReplayOptions(requeue=Requeue.NORMAL), outages=outages
    )
    assert times(late)["a"][1] == 360
    expedited = replay(racks(1), swapped, greedy, ReplayOptions(), outages=outages)
    assert times(expedited)["a"][1] == 160


def test_nothing_starts_into_maintenance() -> None:
    window = [Outage(node, 50, 150, is_planned=True) for node in range(4)]
    jobs = [job("fits", 4, 50), job("too-long", 4, 60, 1)]
    result = replay(racks(1), jobs, greedy, ReplayOptions(), outages=window)
    assert times(result) == {"fits": (0, 50), "too-long": (150, 210)}
    overrun = [job("overruns", 4, 80, limit_s=50)]
    late = replay(racks(1), overrun, greedy, ReplayOptions(), outages=window)
    assert times(late) == {"overruns": (0, 80)}


def test_random_outages_take_the_share_that_they_should() -> None:
    horizon, mtbf, repair = 10_000_000, 90_000.0, 10_000.0
    outages = outages_at_rate(50, horizon, mtbf_s=mtbf, repair_s=repair, seed=1)
    assert outages == outages_at_rate(50, horizon, mtbf_s=mtbf, repair_s=repair, seed=1)
    away = sum(min(outage.up_s, horizon) - outage.down_s for outage in outages)
    assert away / (50 * horizon) == pytest.approx(0.1, abs=0.004)
    few = outages_at_rate(10, horizon, mtbf_s=mtbf, repair_s=repair, seed=1)
    assert few == tuple(outage for outage in outages if outage.node < 10)


def test_failures_on_a_busy_cluster_lose_no_job() -> None:
    outages = outages_at_rate(16, 20_000, mtbf_s=2000, repair_s=100, seed=4)
    jobs = random_jobs(5)
    result = replay(racks(4), jobs, greedy, ReplayOptions(), outages=outages)
    assert all(entry.end_s is not None for entry in result.jobs)
    assert sum(entry.restarts for entry in result.jobs) > 0
    assert result.busy_node_s == sum(entry.busy_node_s for entry in result.jobs)
    for entry, given in zip(result.jobs, jobs, strict=True):
        useful = entry.busy_node_s - entry.lost_node_s
        assert useful == given.runtime_s * given.job.num_nodes


def test_power_caps_hold_at_every_instant() -> None:
    cluster = racks(4)
    nodes = tuple(Node(node.name, power_w=1000) for node in cluster.nodes)
    caps = Resource(
        "power",
        Mode.MODE_3,
        (Layer(frozenset(range(16)), 11_000),),
        unit="W",
        idle_w=200,
    )
    capped = replace(cluster, nodes=nodes, resources=(caps,))
    result = replay(capped, random_jobs(6, largest=9), greedy, ReplayOptions())
    assert 3_200 < result.peak_power_w <= 11_000
    assert result.peak_power_w == max(sample.power_w for sample in result.samples)
    free = replay(
        replace(capped, resources=()), random_jobs(6, largest=9), greedy, ReplayOptions()
    )
    assert free.summary()["wait_mean_s"] < result.summary()["wait_mean_s"]


def test_licences_are_returned_when_a_job_ends() -> None:
    seats = Resource("seat", Mode.MODE_2, (Layer(frozenset(range(8)), 1),))
    cluster = replace(racks(2), resources=(seats,))
    jobs = [job(name, 1, 10, licenses=(("seat", 1),)) for name in "abc"]
    result = replay(cluster, jobs, greedy, ReplayOptions())
    assert sorted(start or 0 for start, _ in times(result).values()) == [0, 10, 20]


def test_jobs_that_run_already_hold_their_nodes() -> None:
    running = [(RunningJob(Job("old", 4, time_limit_s=40), frozenset(range(4))), 30)]
    result = replay(racks(1), [job("a", 4, 5)], greedy, ReplayOptions(), running=running)
    assert times(result) == {"a": (30, 35)}


def test_crossings_are_counted() -> None:
    jobs = [job("wide", 6, 10), job("narrow", 2, 10)]
    figures = replay(racks(2), jobs, greedy, ReplayOptions()).summary()
    assert figures["crossing_jobs"] == 0.5
    assert figures["crossing_node_time"] == pytest.approx(60 / 80)
    assert figures["utilisation"] == 1.0


@pytest.mark.parametrize(
    "engine",
    [name for name, it in HEURISTICS.items() if "block" in it.supports and name != "greedy+ls"],
)
def test_every_engine_on_blocks_is_a_policy(engine: str) -> None:
    jobs = random_jobs(7, count=25, largest=4)
    result = replay(racks(4), jobs, HEURISTICS[engine].placer, ReplayOptions())
    assert any(entry.end_s is not None for entry in result.jobs)
    assert all(entry.end_s is not None or entry.is_rejected for entry in result.jobs)
    assert result.busy_node_s == sum(entry.busy_node_s for entry in result.jobs)


def test_a_policy_that_uses_a_taken_node_is_found_out() -> None:
    def broken(
        instance: Instance, options: PlanOptions, *, progress: Progress | None = None
    ) -> PlanResult:
        return greedy(Instance(instance.cluster, jobs=instance.jobs), options)

    with pytest.raises(ValueError, match="was placed on taken nodes"):
        replay(
            racks(1),
            [job("a", 1, 10), job("b", 1, 10, 1)],
            broken,
            ReplayOptions(),
        )


def test_an_empty_workload_is_no_trouble() -> None:
    result = replay(racks(1), [], greedy, ReplayOptions())
    assert result.summary()["jobs"] == 0
    assert result.jobs == ()
