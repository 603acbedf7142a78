"""The worked examples of slurm_semantics section 3: every output is the real code's."""

from __future__ import annotations

import pytest
from slurm_worlds import ask, blocks, job, rings, same, shape, torus, tree, world

from rackwright.heuristics.slurm.submit import choose
from rackwright.models.instance import Instance
from rackwright.models.topology import FlatTopology

P8 = blocks([4] * 8, (0, 1, 2, 3))
P8S = blocks([4] * 8, (0, 3))
P8O = blocks([4] * 8, (0,))
F = "01-03,06,09-10,17,30"
WIDE = blocks([32] * 4, (0, 2), base=30)
RACKS = blocks([18] * 8, (0, 1, 2, 3))
RACKS_16 = blocks([18] * 8, (0, 1, 2, 3), base=16)
TWO_DOWN = ",".join(f"{18 * rack + 1}-{18 * rack + 2}" for rack in range(8))


@pytest.mark.parametrize(
    ("number", "instance", "num_nodes", "options", "result"),
    [
        (1, world(P8, 32), 6, "", "25-26,29-32"),
        (2, world(P8, 32, F), 3, "", "29,31-32"),
        (3, world(P8, 32, F), 5, "", "11,13-16"),
        (4, world(P8, 32, F), 9, "", "05,07-08,11-16"),
        (5, world(P8, 32, F), 12, "", "18,21-29,31-32"),
        (6, world(P8, 32, F), 17, "", "11-16,21-29,31-32"),
        (7, world(P8, 32, F), 8, "seg 2", "05,07,11-12,18-19,29,31"),
        (8, world(P8, 32, F), 12, "seg 6", "11-16,25-29,31"),
        (9, world(P8, 32, F), 8, "seg 2 spread consolidate", "18-19,21-22,25-26,29,31"),
        (10, world(P8, 32, F), 8, "seg 2 consolidate", "wait"),
        (11, world(P8, 32), 18, "seg 2 spread", "rejected"),
        (12, world(P8S, 32, F), 5, "", "04,25-28"),
        (13, world(P8S, 32, F), 13, "", "04,13-16,21-28"),
        (14, world(P8S, 32, F), 16, "", "wait"),
        (15, world(P8S, 32, F), 14, "seg 7", "18-29,31-32"),
        (16, world(P8O, 32), 9, "", "21,25-32"),
        (17, world(P8, 32), 5, "-w 02", "02,05-08"),
        (18, world(P8, 32), 5, "-w 02,09", "rejected"),
        (19, world(P8S, 32), 5, "-w 02,06,10", "rejected"),
        (20, world(P8, 32, weights={4: 1, 8: 1}), 5, "", "01-04,08"),
        (21, world(P8, 32, F), 1, "", "04"),
        (22, world(WIDE, 128), 31, "", "097-127"),
        (22, world(WIDE, 128), 33, "", "065,097-128"),
        (22, world(WIDE, 128), 60, "", "065-092,097-128"),
        (23, world(RACKS, 144, down=TWO_DOWN), 18, "", "wait"),
        (23, world(RACKS, 144, down=TWO_DOWN), 36, "", "wait"),
        (23, world(RACKS, 144, down=TWO_DOWN), 72, "", "wait"),
        (24, world(RACKS_16, 144, down=TWO_DOWN), 18, "", "111-112,129-144"),
    ],
)
def test_block(number: int, instance: Instance, num_nodes: int, options: str, result: str) -> None:
    assert ask(instance, num_nodes, options) == same(result), f"3.1.6 #{number}"


def test_block_25_eight_units_of_sixteen() -> None:
    answer = choose(world(RACKS_16, 144, down=TWO_DOWN), job(128, "seg 16"))
    per_rack = [sum(node // 18 == rack for node in answer.nodes) for rack in range(8)]
    assert per_rack == [16] * 8 and len(answer.segments) == 8


@pytest.mark.parametrize(
    ("instance", "options", "num_nodes", "code"),
    [
        (world(P8, 32, F), "seg 2 consolidate", 8, 7204),
        (world(P8S, 32), "-w 02,06,10", 5, 2178),
        (world(P8, 32, F), "", 28, -1),
        (world(P8S, 32, F), "", 16, 7203),
        (world(P8, 32), "seg 3", 8, 2178),
    ],
)
def test_block_error_codes(instance: Instance, options: str, num_nodes: int, code: int) -> None:
    assert choose(instance, job(num_nodes, options)).code == code


R3 = rings("01-08", "09-16", "17-22")


@pytest.mark.parametrize(
    ("name", "busy", "num_nodes", "options", "result"),
    [
        ("R1", "", 3, "", "17-19"),
        ("R2", "04-06,12", 4, "", "01-02,07-08"),
        ("R3", "01-02", 3, "", "03-05"),
        ("R4", "", 8, "seg 4", "09-12,17-20"),
        ("R5", "", 16, "seg 4", "rejected"),
        ("R6", "09-22", 4, "seg 2", "wait"),
        ("R7", "05,08,09-22", 2, "", "01-02"),
        ("R8", "", 9, "", "rejected"),
        ("R9", "", 4, "-w 01-02", "rejected"),
        ("R9", "", 4, "-w 01-02,04-05", "rejected"),
    ],
)
def test_ring(name: str, busy: str, num_nodes: int, options: str, result: str) -> None:
    assert ask(world(R3, 22, busy), num_nodes, options) == same(result), name


T1 = torus((4, 4, 2), shape((2, 2, 1)), shape((2, 2, 2)), shape((4, 4, 2)))
T2 = torus((4, 4, 1), shape((2, 2, 1), (1, 1, 1)))
T3 = torus((5, 1, 1), shape((2, 1, 1)))
A, B, C, D = "01-02,05-06", "17-18,21-22", "09-10,13-14", "03-04,07-08,19-20,23-24"


@pytest.mark.parametrize(
    ("name", "instance", "num_nodes", "options", "result"),
    [
        ("T1.1", world(T1, 32), 4, "", A),
        ("T1.2", world(T1, 32, A), 4, "", B),
        ("T1.3", world(T1, 32, f"{A},{B}"), 4, "", C),
        ("T1.3", world(T1, 32, f"{A},{B},{C}"), 8, "", D),
        ("T1.3", world(T1, 32, f"{A},{B},{C},{D}"), 4, "", "25-26,29-30"),
        ("T1.4", world(T1, 32, "03,04,07,08"), 4, "", "19-20,23-24"),
        ("T1.5", world(T1, 32), 16, "", "rejected"),
        ("T1.5", world(T1, 32), 16, "seg 8", f"{A},{B},{C},25-26,29-30"),
        ("T1.5", world(T1, 32), 1, "", "rejected"),
        ("T1.6", world(T1, 32, "01,12"), 8, "", "09-10,13-14,25-26,29-30"),
        ("T1.6", world(T1, 32, "01,12"), 24, "seg 8", "wait"),
        ("T1.7", world(T1, 32, weights=dict.fromkeys(range(17, 33), 1)), 4, "", B),
        ("T1.7", world(T1, 32, weights={27: 1}), 4, "", A),
        ("T1.8", world(T1, 32), 4, "-w 06,07", "rejected"),
        ("T2", world(T2, 16, "03,14"), 8, "seg 4", "01-02,05-06,07-08,11-12"),
        ("T2b", world(T2, 16, "03,14"), 12, "seg 4", "wait"),
        ("T3", world(T3, 5), 4, "", "rejected"),
    ],
)
def test_torus(name: str, instance: Instance, num_nodes: int, options: str, result: str) -> None:
    assert ask(instance, num_nodes, options) == same(result), name


def test_torus_overlapping_anchors_by_default_spacing() -> None:
    answer = choose(world(T3, 5), job(4, "seg 2"))
    assert len(T3.toruses[0].anchors(shape((2, 1, 1)))) == 5
    assert [len(segment) for segment in answer.segments] == [2, 2]


LEAVES = ["01-04", "05-08", "09-12", "13-16"]


@pytest.mark.parametrize(
    ("busy", "num_nodes", "options", "by_tree", "by_dragonfly"),
    [
        ("", 5, "", "01-05", "01-02,05,09,13"),
        ("04,08,09,10", 2, "", "11-12", "13-14"),
        ("04,08,09,10", 5, "", "01-03,05-06", "01-02,05,11,13"),
        ("04,08,09,10", 7, "", "01-03,05-07,11", None),
        ("04,08,09,10", 6, "--switches 1", "wait", None),
    ],
)
def test_tree(
    busy: str, num_nodes: int, options: str, by_tree: str, by_dragonfly: str | None
) -> None:
    below = tree(LEAVES, groups=2)
    assert ask(world(below, 16, busy), num_nodes, options) == same(by_tree)
    if by_dragonfly is not None:
        dragonfly = tree(LEAVES, groups=2, is_dragonfly=True)
        assert ask(world(dragonfly, 16, busy), num_nodes, options) == same(by_dragonfly)


@pytest.mark.parametrize(
    ("num_nodes", "options", "result"),
    [
        (2, "", "15-16"),
        (5, "", "10-13,15"),
        (5, "contiguous", "wait"),
        (4, "-w 06", "06,10-12"),
    ],
)
def test_flat(num_nodes: int, options: str, result: str) -> None:
    instance = world(FlatTopology("t"), 16, "04,08,09,14")
    assert ask(instance, num_nodes, options) == same(result)


def test_switches_bind_until_the_job_has_waited_for_them() -> None:
    below = tree(LEAVES, groups=2)
    busy = "04,08,09,10"
    early = world(below, 16, busy, now_s=200)
    late = world(below, 16, busy, now_s=300)
    assert ask(early, 6, "--switches 1", submit_s=0) == "wait"
    assert ask(late, 6, "--switches 1", submit_s=0) == "1-3,5-7"
