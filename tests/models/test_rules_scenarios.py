"""The six scenarios of a production GB200 guide: racks of 18, BlockSizes=18.

What the guide shows is judged legal; the ways around it are not.
"""

from __future__ import annotations

from typing import Any

import pytest
from tiny import blocks, instance, place, plan, running, topo

from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement
from rackwright.models.rules import verify

RACKS = blocks([18, 18, 18], base=18, levels=(0,))
# Blocks 1, 2 and 3 of the guide.
ONE, TWO, THREE = range(18), range(18, 36), range(36, 54)


def racks(*jobs: Job, down: tuple[int, ...] = (), **state: Any) -> Instance:
    return instance(RACKS, *jobs, num_nodes=54, unavailable=frozenset(down), **state)


def judged(state: Instance, *placements: Placement) -> set[str]:
    """Rules broken, the same under both legalities."""
    found = [
        {violation.rule for violation in verify(state, plan(*placements), legality)}
        for legality in Legality
    ]
    assert found[0] == found[1]
    return found[0]


def test_1_twenty_nodes_take_fourteen_and_six() -> None:
    state = racks(Job("1", 20), down=(14, 15, 16, 17))
    assert judged(state, place("1", [*ONE[:14], *TWO[:6]])) == set()
    assert judged(state, place("1", [*ONE[:13], *TWO[:6], 36])) == {"lower_level_blocks"}


@pytest.mark.parametrize("second", [ONE[7:11], TWO[:4]])
def test_2_seven_and_four_share_a_block(second: range) -> None:
    state = racks(Job("1", 7), Job("2", 4))
    assert judged(state, place("1", ONE[:7]), place("2", second)) == set()
    assert judged(state, place("1", ONE[:7]), place("2", range(16, 20))) == {"block_region"}


def test_3_two_jobs_of_nineteen() -> None:
    state = racks(Job("1", 19), Job("2", 19), down=(34, 35))
    first = place("1", [*ONE, TWO[0]])
    assert judged(state, first, place("2", [*TWO[1:16], *THREE[:4]])) == set()
    assert judged(state, first, place("2", [*TWO[1:17], *THREE[:3]])) == {"available"}


def test_4_segments_of_ten_skip_the_block_that_is_down() -> None:
    state = racks(Job("1", 20, segment=10), down=tuple(TWO[4:]))
    assert judged(state, place("1", ONE[:10], THREE[:10])) == set()
    assert judged(state, place("1", ONE[:10], [*ONE[10:], *TWO[:2]])) == {"block_region"}


def test_5_exclusive_takes_an_empty_block() -> None:
    state = racks(topo("1", 10), Job("2", 1), running=(running(0),))
    assert judged(state, place("1", TWO[:10])) == set()
    assert judged(state, place("1", ONE[1:11])) == {"exclusive_wanted"}
    assert judged(state, place("1", TWO[:10]), place("2", THREE[:1])) == set()
    assert judged(state, place("1", TWO[:10]), place("2", TWO[17:])) == {"exclusive_wanted"}


def test_6_exclusive_segments_share_that_block() -> None:
    state = racks(topo("1", 10, segment=5), running=(running(0),))
    assert judged(state, place("1", TWO[:5], TWO[5:10])) == set()
    assert judged(state, place("1", TWO[:5], ONE[5:10])) == {"exclusive_wanted"}
