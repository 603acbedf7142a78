"""The Slurm columns of slurm_semantics section 9, example H1, and exclusivity of section 7."""

from __future__ import annotations

from dataclasses import replace

import pytest
from slurm_worlds import ask, blocks, indices, job, rings, same, shape, torus, tree, world

from rackwright.heuristics.slurm.queue import slurm
from rackwright.heuristics.slurm.submit import choose
from rackwright.models.instance import Instance, RunningJob
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.plan import PlanOptions
from rackwright.models.resources import INFINITE, Layer, Mode, Resource
from rackwright.models.topology import FlatTopology

OPTIONS = PlanOptions(legality=Legality.SLURM_26_11)


def free(counts: list[int], size: int) -> str:
    """Busy nodes of blocks of `size` that leave `counts` free, the highest ones of each."""
    return ",".join(
        str(number)
        for block, count in enumerate(counts)
        for number in range(size * block + 1, size * (block + 1) - count + 1)
    )


def with_queue(instance: Instance, *jobs: Job) -> Instance:
    return replace(instance, jobs=jobs)


G8 = torus((8, 1, 1), shape((2, 1, 1), (1, 1, 1)))
G9 = torus((4, 4, 1), shape((2, 2, 1), (1, 1, 1)))


@pytest.mark.parametrize(
    ("name", "instance", "num_nodes", "options", "result"),
    [
        ("G1", world(blocks([4] * 7, (0, 1)), 28), 28, "", "rejected"),
        ("G1", world(blocks([4] * 7, (0, 1)), 28), 25, "", "rejected"),
        ("G2", world(blocks([2] * 5, (0, 1)), 10), 10, "", "rejected"),
        ("G2", world(blocks([2] * 5, (0, 1)), 10), 9, "", "rejected"),
        ("G2", world(blocks([2] * 5, (0, 1)), 10), 10, "seg 5", "rejected"),
        ("G3", world(blocks([4] * 7, (0, 1)), 28, "01-16"), 12, "", "wait"),
        ("G3", world(blocks([4] * 7, (0, 1)), 28, "01-16"), 9, "", "wait"),
        ("G4", world(blocks([4] * 5, (0,)), 20, free([3, 4, 3, 2, 3], 4)), 15, "seg 5", "wait"),
        ("G5", world(blocks([3] * 6, (0,)), 18, free([2, 2, 3, 2, 3, 2], 3)), 14, "seg 7", "wait"),
        (
            "G6",
            world(blocks([4] * 6, (0, 1, 3)), 24, free([2, 3, 2, 3, 4, 4], 4)),
            18,
            "seg 9 spread",
            "wait",
        ),
        ("G7", world(rings("01-08", "09-16", "17-22"), 22, "09-22"), 4, "seg 2", "wait"),
        ("G8", world(G8, 8, "06,07"), 6, "seg 2", "wait"),
        ("G9", world(G9, 16, "03,14"), 12, "seg 4", "wait"),
    ],
)
def test_one_job(name: str, instance: Instance, num_nodes: int, options: str, result: str) -> None:
    assert ask(instance, num_nodes, options) == same(result), name


@pytest.mark.parametrize(
    ("num_nodes", "options"),
    [(28, "-w 01-28"), (25, "-w 01-25")],
)
def test_the_floor_of_whole_topologies_does_not_bind_required_nodes(
    num_nodes: int, options: str
) -> None:
    instance = world(blocks([4] * 7, (0, 1)), 28)
    assert ask(instance, num_nodes, options) == same(options.split()[1])


def test_mode_3_greedy_fails_although_three_nodes_fit() -> None:
    layers = (
        *(Layer(indices(f"{2 * b + 1}-{2 * b + 2}"), cap) for b, cap in enumerate([2, 1, 2, 2])),
        Layer(indices("1-4"), 2),
        Layer(indices("5-8"), 2),
        Layer(indices("1-8"), 8),
    )
    power = Resource("p", Mode.MODE_3, layers, {"unit": 1}, "t")
    instance = world(blocks([2] * 4, (0, 2)), 8, "02-05", resources=(power,))
    assert ask(instance, 3, licenses=(("p", 1),)) == "wait"


P8 = blocks([4] * 4, (0, 1))
S6 = torus((4, 4, 2), shape((2, 2, 1)), shape((2, 2, 2)), shape((4, 4, 1)))
S7 = torus((4, 4, 2), shape((2, 2, 2)), shape((1, 4, 1)))
S8 = torus((4, 2, 2), shape((4, 1, 1)), shape((1, 2, 1)))


@pytest.mark.parametrize(
    ("name", "instance", "queue", "starts"),
    [
        ("S1", world(blocks([4] * 2, (0, 1)), 8, "05"), [1, 4], ["01", None]),
        ("S2", world(P8, 16, "01,13-16"), [3, 7], ["02-04", None]),
        (
            "S3",
            world(blocks([4] * 4, (0, 2)), 16, "05,09,13-16"),
            [6, 4],
            ["01-04,10-11", None],
        ),
        ("S4", world(rings("01-08", "09-16"), 16, "05,08,09-16"), [2, 4], ["01-02", None]),
        ("S5", world(rings("01-16"), 16, "04-13"), [2, 4], ["01-02", None]),
        ("S6", world(S6, 32, "17,19,25"), [4, 16], ["01-02,05-06", None]),
        ("S7", world(S7, 32, "09"), [8, 4, 8], ["01-02,05-06,17-18,21-22", "03,07,11,15", None]),
        ("S8", world(S8, 16, "07"), [4, 4, 2], ["01-04", "09-12", None]),
    ],
)
def test_queue(name: str, instance: Instance, queue: list[int], starts: list[str | None]) -> None:
    jobs = tuple(job(nodes, job_id=str(number)) for number, nodes in enumerate(queue))
    result = slurm(with_queue(instance, *jobs), OPTIONS)
    placed = result.plan.placement_of
    for each, expected in zip(jobs, starts, strict=True):
        nodes = placed[each.job_id].nodes if each.job_id in placed else None
        assert nodes == (None if expected is None else tuple(sorted(indices(expected)))), name


def test_queue_s9_tree_with_a_switch_limit() -> None:
    instance = world(tree(["01-04", "05-08", "09-12"]), 12, "05,09")
    first, second = job(6, job_id="a"), job(4, "--switches 1", job_id="b")
    result = slurm(with_queue(instance, first, second), OPTIONS)
    assert result.plan.placement_of["a"].nodes == tuple(sorted(indices("01-04,06-07")))
    assert "b" not in result.plan.placement_of


def test_queue_s10_power_poor_block_looks_smaller() -> None:
    layers = (
        Layer(indices("1-8"), 4000),
        Layer(indices("9-16"), 8000),
        Layer(indices("1-16"), INFINITE),
    )
    power = Resource("w", Mode.MODE_3, layers, {"unit": 1}, "t")
    instance = world(blocks([8] * 2, (0, 1)), 16, resources=(power,))
    jobs = (
        job(8, job_id="a", licenses=(("w", 500),)),
        job(8, job_id="b", licenses=(("w", 1000),)),
    )
    result = slurm(with_queue(instance, *jobs), OPTIONS)
    assert result.plan.placement_of["a"].nodes == tuple(range(8, 16))
    assert "b" not in result.plan.placement_of


def test_queue_s11_mode_1_drains_the_first_layer_of_the_file() -> None:
    layers = (
        Layer(indices("1-32"), 50),
        Layer(indices("1-16"), 100),
        Layer(indices("17-32"), 100),
    )
    resource = Resource("m", Mode.MODE_1, layers)
    instance = world(FlatTopology("t"), 32, resources=(resource,))
    asks = (("m", 50),)
    jobs = (
        job(16, "-w 01-16", job_id="big", licenses=asks),
        *(job(4, job_id=f"small{number}", licenses=asks) for number in range(3)),
    )
    started = slurm(with_queue(instance, *jobs), OPTIONS).plan.placement_of
    assert set(started) == {"big", "small0", "small1"}


def test_queue_s12_mode_2_charges_both_layers() -> None:
    layers = (Layer(indices("1-8"), 4), Layer(indices("9-16"), 4))
    resource = Resource("m", Mode.MODE_2, layers)
    instance = world(FlatTopology("t"), 16, "01-06", resources=(resource,))
    asks = (("m", 4),)
    jobs = (job(6, job_id="a", licenses=asks), job(2, job_id="b", licenses=asks))
    started = slurm(with_queue(instance, *jobs), OPTIONS).plan.placement_of
    assert {name: each.nodes for name, each in started.items()} == {
        "a": tuple(sorted(indices("07-12")))
    }


H1_CAPS = (("01-08", 5), ("09-16", 8), ("17-24", 6), ("25-32", 6), ("01-16", 9), ("17-32", 12))
H1_LAYERS = (
    *(Layer(indices(nodes), cap) for nodes, cap in H1_CAPS),
    Layer(indices("01-32"), 20),
)


@pytest.mark.parametrize(
    ("num_nodes", "result"),
    [
        (5, "01-05"),
        (6, "25-30"),
        (7, "09-15"),
        (9, "17-19,25-30"),
        (12, "17-22,25-30"),
        (20, "09-22,25-30"),
    ],
)
def test_h1_counts_are_capped_by_power(num_nodes: int, result: str) -> None:
    mapped = Resource("w", Mode.MODE_3, H1_LAYERS, {"unit": 1}, "t")
    instance = world(blocks([8] * 4, (0, 1, 2)), 32, resources=(mapped,))
    assert ask(instance, num_nodes, licenses=(("w", 1),)) == same(result)


@pytest.mark.parametrize("num_nodes", [13, 16])
def test_h1_shared_capacity_of_siblings_is_over_estimated(num_nodes: int) -> None:
    mapped = Resource("w", Mode.MODE_3, H1_LAYERS, {"unit": 1}, "t")
    instance = world(blocks([8] * 4, (0, 1, 2)), 32, resources=(mapped,))
    assert not choose(instance, job(num_nodes, licenses=(("w", 1),))).starts


def test_h1_the_mapping_is_lost_without_variables() -> None:
    unmapped = Resource("w", Mode.MODE_3, H1_LAYERS, {}, "t")
    instance = world(blocks([8] * 4, (0, 1, 2)), 32, resources=(unmapped,))
    assert ask(instance, 5, licenses=(("w", 1),)) == "25-29"


def test_exclusive_topo_on_blocks() -> None:
    instance = world(blocks([4] * 8, (0, 1, 2, 3)), 32)
    jobs = (
        job(2, "topo", job_id="a"),
        job(2, job_id="b"),
        job(2, "topo", job_id="c"),
        job(1, "topo", job_id="d"),
        job(1, job_id="e"),
    )
    started = slurm(with_queue(instance, *jobs), OPTIONS).plan.placement_of
    expected = {"a": "29-30", "b": "25-26", "c": "21-22", "d": "01", "e": "05"}
    assert {name: each.nodes for name, each in started.items()} == {
        name: tuple(sorted(indices(nodes))) for name, nodes in expected.items()
    }


@pytest.mark.parametrize("legality", list(Legality))
def test_exclusive_topo_on_trees_is_documented_only(legality: Legality) -> None:
    instance = world(tree(["01-04", "05-08"]), 8)
    holder = RunningJob(job(2, "topo", job_id="h"), indices("01-02"), "p")
    options = PlanOptions(legality=legality)
    queue = with_queue(instance, job(2, job_id="a"))
    result = slurm(replace(queue, running=(holder,)), options)
    nodes = result.plan.placement_of["a"].nodes
    assert nodes == ((2, 3) if legality is Legality.SLURM_26_11 else (4, 5))
