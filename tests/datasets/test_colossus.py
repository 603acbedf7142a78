"""Generated clusters and queues: deterministic, as asked for, and true to closed forms."""

from __future__ import annotations

from math import comb, sqrt
from pathlib import Path

import pytest

from rackwright.datasets.colossus import POWER, colossus
from rackwright.datasets.generators import (
    WORKLOADS,
    generate_cluster,
    generate_queue,
    queued_instance,
)
from rackwright.datasets.loaders import read_trace
from rackwright.datasets.writers import unavailable_hostlist, write_instance
from rackwright.models.capacity import fits
from rackwright.models.formats.state import load_state
from rackwright.models.hostlist import expand
from rackwright.models.plan import Plan, PlanOptions
from rackwright.models.score import score


def test_equal_arguments_give_equal_instances() -> None:
    first, second = (colossus(num_blocks=8, num_jobs=20, seed=3, mix="all") for _ in range(2))
    assert first == second
    assert first != colossus(num_blocks=8, num_jobs=20, seed=4, mix="all")


def test_a_longer_queue_leaves_the_state_alone() -> None:
    short, long = (colossus(num_blocks=8, num_jobs=count) for count in (5, 50))
    assert short.running == long.running
    assert short.unavailable == long.unavailable
    assert long.jobs[0].num_nodes == short.jobs[0].num_nodes


def test_shares_are_as_asked_for() -> None:
    instance = colossus(num_blocks=500, num_jobs=0, occupied=0.4, down=0.1)
    total = len(instance.cluster.nodes)
    assert len(instance.occupied) / total == pytest.approx(0.4, abs=0.001)
    assert len(instance.unavailable) / (total - len(instance.occupied)) == pytest.approx(
        0.1, abs=0.015
    )
    assert not instance.unavailable & instance.occupied


def test_running_jobs_respect_every_cap() -> None:
    for occupied in (0.5, 1.0):
        instance = colossus(num_blocks=40, num_jobs=0, occupied=occupied, mix="all", power=True)
        layers = instance.cluster.resources[0].layers
        used = instance.used[POWER]
        assert any(used)
        assert all(amount <= layer.capacity for amount, layer in zip(used, layers, strict=True))


def test_every_option_occurs() -> None:
    jobs = colossus(num_blocks=64, num_jobs=400, mix="all", partitions=3, power=True).jobs
    assert any(job.consolidates for job in jobs)
    assert any(job.spreads for job in jobs)
    assert any(job.is_exclusive_topo for job in jobs)
    assert any(job.unit_size > 18 for job in jobs)
    assert any(job.num_nodes == 1 for job in jobs)
    assert {job.partitions for job in jobs} == {("batch",), ("train",), ("debug",)}
    assert all(job.is_divisible for job in jobs)


@pytest.mark.parametrize("wrong", [{"mix": "most"}, {"partitions": 2}, {"occupied": 1.5}])
def test_wrong_arguments_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        colossus(num_blocks=2, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("segment", "published"), [(9, 0.789), (16, 0.875), (18, 0.578)])
def test_usable_share_of_a_rack_with_3_percent_of_its_nodes_away(
    segment: int, published: float
) -> None:
    """E[floor(X / s) * s] / 18 with X ~ Bin(18, 0.97) out of generator and scorer."""
    racks, up = 4000, 0.97
    chances = [comb(18, k) * up**k * (1 - up) ** (18 - k) for k in range(19)]
    usable = [k // segment * segment / 18 for k in range(19)]
    exact = sum(p * share for p, share in zip(chances, usable, strict=True))
    assert exact == pytest.approx(published, abs=0.0005)
    variance = sum(p * share**2 for p, share in zip(chances, usable, strict=True)) - exact**2
    instance = colossus(num_blocks=racks, num_jobs=0, occupied=0, down=1 - up, seed=7)
    terms = score(instance, Plan(), PlanOptions(mix=((segment, 1),)))
    capacity = next(int(term.value) for term in terms if term.term == "usable_capacity")
    assert capacity / (18 * racks) == pytest.approx(exact, abs=2.58 * sqrt(variance / racks))
    topology = instance.cluster.topologies[0]
    assert capacity == segment * fits(instance, instance.free, topology, segment)


def test_whole_blocks_go_down_together() -> None:
    plain = generate_cluster(num_blocks=100, seed=1, occupied=0, down=0)
    struck = generate_cluster(num_blocks=100, seed=1, occupied=0, down=0, blocks_down=0.2)
    assert not plain.unavailable
    down = {node // 18 for node in struck.unavailable}
    assert 8 <= len(down) <= 32
    assert len(struck.unavailable) == 18 * len(down)


def test_files_of_a_generated_instance_read_back(tmp_path: Path) -> None:
    instance = colossus(num_blocks=6, num_jobs=12, mix="all", partitions=3, power=True, seed=2)
    write_instance(instance, tmp_path)
    read = load_state(
        topology=tmp_path / "topology.yaml",
        nodes=[tmp_path / "nodes.csv"],
        jobs=[tmp_path / "jobs.csv"],
        resources=[tmp_path / "resources.yaml"],
    ).instance
    assert read.free == instance.free
    assert read.used == instance.used
    assert [job.job_id for job in read.jobs] == [job.job_id for job in instance.jobs]
    names = {instance.cluster.nodes[node].name for node in instance.unavailable}
    assert set(expand(unavailable_hostlist(instance))) == names


@pytest.mark.parametrize("workload", WORKLOADS)
def test_queues_follow_their_figures(workload: str) -> None:
    queue = generate_queue(workload, 4000, seed=5)
    assert queue == generate_queue(workload, 4000, seed=5)
    total = sum(weight for _, weight in WORKLOADS[workload].sizes)
    for size, weight in WORKLOADS[workload].sizes:
        share = sum(job.num_nodes == size for job in queue) / len(queue)
        expected = weight / total
        assert share == pytest.approx(expected, abs=4 * sqrt(expected / 4000) + 1e-9)
    assert list(queue) == sorted(queue, key=lambda job: job.submit_s)


TRACES = {
    "lingjun": "crux_lingjun_2023",
    "helios": "helios_venus_2vc_sep2020",
    "philly": "philly_2017",
}


@pytest.mark.parametrize(("workload", "trace"), TRACES.items())
def test_figures_are_those_of_the_trace(shared_data: Path, workload: str, trace: str) -> None:
    path = shared_data / "traces" / f"{trace}.csv.gz"
    jobs = read_trace(path).jobs
    for size, weight in WORKLOADS[workload].sizes:
        share = sum(job.num_nodes == size for job in jobs) / len(jobs)
        assert round(1000 * share) == weight


def test_jobs_above_a_block_get_a_segment() -> None:
    hall = generate_cluster(num_blocks=10, seed=0)
    instance = queued_instance(hall, generate_queue("lingjun", 200, seed=0))
    assert instance.jobs
    for job in instance.jobs:
        assert (job.segment is None) == (job.num_nodes <= 18)
        assert job.is_divisible and job.num_nodes <= 180
