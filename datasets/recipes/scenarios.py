"""The six scenarios of a production GB200 guide: racks of 18 with ``BlockSizes=18``."""

from __future__ import annotations

from ...models.instance import Instance, RunningJob
from ...models.job import Job
from ...models.legality import Exclusive
from .recipe import Recipe, block_topology, named_nodes, on_topology, ranked


def _racks(
    count: int, down: frozenset[int], *queue: Job, busy: frozenset[int] | None = None
) -> Instance:
    instance = on_topology(block_topology(count, 18, [18]), 18 * count, frozenset(), queue)
    running = (RunningJob(Job("other", len(busy)), busy),) if busy else ()
    return Instance(instance.cluster, ranked(queue), running, down)


def _names(count: int, *numbers: int | range) -> tuple[str, ...]:
    """Node names of one-based numbers in a cluster of `count` racks."""
    nodes = named_nodes(18 * count)
    flat = [
        value for entry in numbers for value in (entry if isinstance(entry, range) else [entry])
    ]
    return tuple(nodes[number - 1].name for number in flat)


def _across_a_short_block() -> Instance:
    return _racks(2, frozenset({2, 6, 9, 13}), Job("1", 20))


def _small_jobs_share() -> Instance:
    return _racks(2, frozenset(), Job("1", 7), Job("2", 4))


def _two_that_cross() -> Instance:
    return _racks(3, frozenset({21, 30}), Job("1", 19), Job("2", 19))


def _segments_around_a_hole() -> Instance:
    return _racks(3, frozenset(range(21, 36)), Job("1", 20, segment=10))


def _exclusive() -> Instance:
    return _racks(
        2, frozenset(), Job("1", 10, exclusive=Exclusive.TOPO), busy=frozenset({0, 1, 2, 3})
    )


def _exclusive_segments() -> Instance:
    return _racks(
        2,
        frozenset(),
        Job("1", 10, segment=5, exclusive=Exclusive.TOPO),
        busy=frozenset({0, 1, 2, 3}),
    )


SCENARIOS: tuple[Recipe, ...] = (
    Recipe(
        "scenarios/1-across-a-short-block",
        "-N20 while block 1 has 14 usable nodes",
        _across_a_short_block,
        lesson="More nodes than a base block holds: the job may use two blocks, here 14 + 6.",
        expected={"1": (_names(2, 1, 2, 4, 5, 6, 8, 9, 11, 12, 13, range(15, 25)),)},
    ),
    Recipe(
        "scenarios/2-small-jobs-share",
        "-N7, then -N4",
        _small_jobs_share,
        lesson="Both fit one block; using one keeps the other whole.",
        expected={"1": (_names(2, range(1, 8)),), "2": (_names(2, range(8, 12)),)},
    ),
    Recipe(
        "scenarios/3-two-that-cross",
        "two -N19 while two nodes of block 2 are down",
        _two_that_cross,
        lesson="18 + 1 leaves 15 in block 2, and 15 + 4 is the second job.",
        expected={
            "1": (_names(3, range(1, 19), 19),),
            "2": (_names(3, 20, 21, range(23, 31), range(32, 37), range(37, 41)),),
        },
    ),
    Recipe(
        "scenarios/4-segments-around-a-hole",
        "-N20 --segment=10 while block 2 is mostly down",
        _segments_around_a_hole,
        lesson="One segment in each of the two healthy blocks.",
        expected={"1": (_names(3, range(1, 11)), _names(3, range(37, 47)))},
    ),
    Recipe(
        "scenarios/5-exclusive",
        "-N10 --exclusive=topo while block 1 holds another job",
        _exclusive,
        lesson="The job takes the empty block, and nobody else may enter it.",
        expected={"1": (_names(2, range(19, 29)),)},
    ),
    Recipe(
        "scenarios/6-exclusive-segments",
        "-N10 --segment=5 --exclusive=topo while block 1 holds another job",
        _exclusive_segments,
        lesson="Both segments share the empty block: exclusive keeps others out, not the job"
        " itself.",
        expected={"1": (_names(2, range(19, 24)), _names(2, range(24, 29)))},
    ),
)
