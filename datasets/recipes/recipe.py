"""A recipe, and the small vocabulary that recipes are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ...models.cluster import Cluster
from ...models.instance import Instance, RunningJob
from ...models.job import Job
from ...models.node import Node
from ...models.plan import Objective
from ...models.topology import Block, BlockTopology, Topology


@dataclass(frozen=True, slots=True)
class Recipe:
    """One shipped instance.

    Attributes
    ----------
    name
        Its folder below ``datasets/``.
    summary
        One line for people.
    build
        Makes the instance, the same one every time.
    objective
        First term that it is solved for.
    lesson
        Why, in words; goes into the README beside the files.
    expected
        Plan that the scenario's source gives: per job the node names of each segment.
    """

    name: str
    summary: str
    build: Callable[[], Instance]
    objective: Objective = Objective.PRIORITY
    lesson: str = ""
    expected: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


def named_nodes(count: int, prefix: str = "n") -> tuple[Node, ...]:
    """Nodes n01, n02, ... of four GPUs, padded alike."""
    width = max(2, len(str(count)))
    return tuple(Node(f"{prefix}{number:0{width}}", gpus=4) for number in range(1, count + 1))


def block_topology(num_blocks: int, size: int, sizes: Sequence[int]) -> BlockTopology:
    """Blocks b01, b02, ... of `size` nodes each; `sizes` are Slurm's BlockSizes."""
    width = max(2, len(str(num_blocks)))
    return BlockTopology(
        "default",
        sizes[0],
        tuple((value // sizes[0]).bit_length() - 1 for value in sizes),
        tuple(
            Block(f"b{index + 1:0{width}}", tuple(range(index * size, (index + 1) * size)))
            for index in range(num_blocks)
        ),
    )


def occupied_by(nodes: frozenset[int], job_id: str = "busy") -> tuple[RunningJob, ...]:
    """One running job without a time limit on `nodes`; none for no nodes."""
    return (RunningJob(Job(job_id, len(nodes)), nodes),) if nodes else ()


def blocks(free: Sequence[int], size: int, sizes: Sequence[int], queue: Sequence[Job]) -> Instance:
    """Equal blocks with the given numbers of free nodes; the first nodes of each are busy."""
    busy = frozenset(
        index * size + position
        for index, left in enumerate(free)
        for position in range(size - left)
    )
    return on_topology(block_topology(len(free), size, sizes), len(free) * size, busy, queue)


def on_topology(
    topology: Topology, num_nodes: int, busy: frozenset[int], queue: Sequence[Job]
) -> Instance:
    """An instance of one topology whose queue is in priority order as given."""
    cluster = Cluster(named_nodes(num_nodes), (topology,))
    return Instance(cluster, jobs=ranked(queue), running=occupied_by(busy))


def ranked(queue: Sequence[Job]) -> tuple[Job, ...]:
    """The queue with falling priorities; equal weights keep `weighted` apart from the order."""
    return tuple(
        replace(job, priority=10 * (len(queue) - index), weight=1)
        for index, job in enumerate(queue)
    )


def jobs(*sizes: int) -> tuple[Job, ...]:
    """Jobs 1, 2, ... of the given node counts, without options."""
    return tuple(Job(str(index + 1), size) for index, size in enumerate(sizes))


def numbers(text: str) -> frozenset[int]:
    """Node indices of one-based numbers and ranges: ``"1,13-16"``."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first) - 1, int(last or first)))
    return frozenset(found)
