"""The shipped halls: clusters with a queue, one for each thing that operators run into."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ...models.cluster import Cluster, Partition
from ...models.instance import Instance, RunningJob
from ...models.job import Job, Switches
from ...models.legality import Exclusive
from ...models.plan import Objective
from ...models.resources import Layer, Mode, Resource
from ...models.topology import (
    Ring,
    RingTopology,
    Switch,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)
from ..colossus import colossus
from .recipe import Recipe, block_topology, named_nodes, on_topology, ranked


def _busy_queue() -> Instance:
    return colossus(num_blocks=64, num_jobs=120, seed=64, occupied=0.5)


def _every_option() -> Instance:
    return colossus(num_blocks=16, num_jobs=24, seed=16, occupied=0.4, mix="all", partitions=3)


def _levels_18_72() -> Instance:
    """17 racks: the last quad is incomplete, and so is the whole topology for slurm-26.11."""
    random = Random("levels 18 72")
    down = frozenset(random.sample(range(17 * 18), 9))
    busy = frozenset(range(40)) - down
    queue = [
        Job("1", 72, segment=18),
        Job("2", 60),
        Job("3", 32, segment=16, consolidate_segments=True),
        Job("4", 40),
        Job("5", 18, segment=9),
        Job("6", 24, segment=8, spread_segments=True),
        Job("7", 14),
        Job("8", 12),
        Job("9", 10),
        Job("10", 1),
        Job("11", 1),
        Job("12", 90),
    ]
    instance = on_topology(block_topology(17, 18, [18, 72]), 17 * 18, busy, queue)
    return replace(instance, unavailable=down)


def _spares() -> Instance:
    """Racks of 18 planned as 16: two spares each, so that a dead tray costs no segment of 16."""
    random = Random("spares")
    down = frozenset(random.sample(range(12 * 18), 10))
    queue = [
        Job("1", 64, segment=16),
        Job("2", 48, segment=16, spread_segments=True),
        Job("3", 18),
        Job("4", 32, segment=16, consolidate_segments=True),
        Job("5", 17),
        Job("6", 2, segment=2),
        Job("7", 2, segment=2),
        Job("8", 4, segment=2),
        Job("9", 16),
    ]
    instance = on_topology(
        block_topology(12, 18, [16, 32, 64]), 12 * 18, frozenset(range(9)) - down, queue
    )
    return replace(instance, unavailable=down)


def _power_hall() -> Instance:
    """Eight racks, two aisles, one hall; the caps allow about four fifths of full load."""
    num_nodes = 8 * 18
    nodes = tuple(replace(node, power_w=6600) for node in named_nodes(num_nodes))
    layers = [Layer(frozenset(range(num_nodes)), 800_000, name="hall")]
    layers += [
        Layer(frozenset(range(72 * aisle, 72 * (aisle + 1))), cap, name=f"aisle{aisle + 1}")
        for aisle, cap in enumerate((390_000, 430_000))
    ]
    layers += [
        Layer(frozenset(range(18 * rack, 18 * (rack + 1))), cap, name=f"rack{rack + 1}")
        for rack, cap in enumerate(
            [120_000, 120_000, 105_000, 120_000, 120_000, 120_000, 90_000, 120_000]
        )
    ]
    caps = Resource("power", Mode.MODE_3, tuple(layers), topology="default", unit="W", idle_w=1500)
    queue = [
        Job("1", 32, segment=16, power_w=6800),
        Job("2", 18, power_w=5200),
        Job("3", 16, segment=8, power_w=6800),
        Job("4", 36, segment=12, power_w=4500),
        Job("5", 12, power_w=6600),
        Job("6", 8, power_w=7000),
        Job("7", 6, power_w=3900),
        Job("8", 4, power_w=6600),
    ]
    cluster = Cluster(nodes, (block_topology(8, 18, [18, 72, 144]),), resources=(caps,))
    return Instance(cluster, jobs=ranked(queue))


def _rings() -> Instance:
    lengths = (16, 16, 12, 12, 8, 8)
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    topology = RingTopology(
        "default",
        tuple(
            Ring(f"ring{index + 1}", tuple(range(start, start + length)))
            for index, (start, length) in enumerate(zip(starts, lengths, strict=True))
        ),
    )
    busy = frozenset({3, 4, 11, 20, 34, 35, 47, 58, 66})
    queue = [
        Job("1", 2),
        Job("2", 3),
        Job("3", 8, segment=4),
        Job("4", 6),
        Job("5", 7),
        Job("6", 12, segment=4),
        Job("7", 2),
        Job("8", 5),
        Job("9", 8),
    ]
    return on_topology(topology, sum(lengths), busy, queue)


def _torus() -> Instance:
    shapes = ((2, 1, 1), (2, 2, 1), (2, 2, 2), (4, 4, 1), (4, 4, 2))
    placements = tuple(TorusPlacement(shape, shape) for shape in shapes)
    toruses = tuple(
        Torus(f"t{index + 1}", (4, 4, 4), tuple(range(64 * index, 64 * (index + 1))), placements)
        for index in range(2)
    )
    busy = frozenset({0, 21, 42, 70, 71, 100})
    queue = [
        Job("1", 4),
        Job("2", 16),
        Job("3", 2),
        Job("4", 8),
        Job("5", 32),
        Job("6", 16, segment=4),
        Job("7", 8, segment=8),
        Job("8", 16),
        Job("9", 4),
        Job("10", 2),
    ]
    return on_topology(TorusTopology("default", toruses), 128, busy, queue)


def _tree() -> Instance:
    """Two-level tree of twelve leaves of eight nodes, three to a spine."""
    leaves = [Switch(f"leaf{i + 1}", tuple(range(8 * i, 8 * i + 8)), ()) for i in range(12)]
    spines = [Switch(f"spine{i + 1}", (), tuple(range(3 * i, 3 * i + 3))) for i in range(4)]
    core = Switch("core", (), tuple(range(12, 16)))
    busy = frozenset({1, 9, 10, 17, 30, 31, 32, 33, 50, 51, 66, 80, 81, 82})
    queue = [
        Job("1", 6),
        Job("2", 20, switches=Switches(3)),
        Job("3", 8, switches=Switches(1)),
        Job("4", 12),
        Job("5", 7, switches=Switches(1)),
        Job("6", 16, switches=Switches(2)),
        Job("7", 5),
        Job("8", 8, switches=Switches(1)),
    ]
    return on_topology(TreeTopology("default", (*leaves, *spines, core)), 96, busy, queue)


def _mixed() -> Instance:
    """One cluster, three partitions, each on a topology of its own."""
    blocks = block_topology(4, 18, [18, 36, 72])
    rings = RingTopology(
        "rings",
        tuple(Ring(f"ring{i + 1}", tuple(range(72 + 12 * i, 84 + 12 * i))) for i in range(3)),
    )
    leaves = [Switch(f"leaf{i + 1}", tuple(range(108 + 8 * i, 116 + 8 * i)), ()) for i in range(4)]
    tree = TreeTopology("fabric", (*leaves, Switch("core", (), (0, 1, 2, 3))))
    partitions = (
        Partition("nvl72", frozenset(range(72)), "default"),
        Partition("ring", frozenset(range(72, 108)), "rings"),
        Partition("cpu", frozenset(range(108, 140)), "fabric"),
    )
    cluster = Cluster(named_nodes(140), (blocks, rings, tree), partitions)
    busy = frozenset({0, 1, 2, 20, 40, 41, 73, 80, 90, 108, 109, 118})
    queue = (
        Job("1", 16, segment=8, partitions=("nvl72",)),
        Job("2", 5, partitions=("ring",)),
        Job("3", 12, partitions=("cpu",)),
        Job("4", 18, partitions=("nvl72",)),
        Job("5", 8, segment=4, partitions=("ring",)),
        Job("6", 8, switches=Switches(1), partitions=("cpu",)),
        Job("7", 10, exclusive=Exclusive.TOPO, partitions=("nvl72",)),
        Job("8", 12, partitions=("ring",)),
        Job("9", 4, partitions=("nvl72",)),
    )
    running = RunningJob(Job("busy", len(busy)), busy)
    return Instance(cluster, jobs=ranked(queue), running=(running,))


HALLS: tuple[Recipe, ...] = (
    Recipe(
        "busy-queue",
        "64 racks of 18, half full, 120 jobs with segments",
        _busy_queue,
        objective=Objective.WEIGHTED,
        lesson="Four times as many nodes are asked for as are free: which jobs start, and what is"
        " left for the next segment, is worth optimising.",
    ),
    Recipe(
        "every-option",
        "16 racks, three partitions, 24 jobs with every block option",
        _every_option,
        objective=Objective.WEIGHTED,
        lesson="Consolidated, spread and exclusive jobs, units larger than a rack, and one-node"
        " jobs compete for the same aggregates.",
    ),
    Recipe(
        "levels-18-72",
        "17 racks with BlockSizes=18,72: the last quad has one rack",
        _levels_18_72,
        lesson="Jobs of 19 to 72 nodes are confined to one quad, and the 17th rack is a quad of"
        " its own: 18 nodes that no larger job can use.",
    ),
    Recipe(
        "spares-16",
        "12 racks of 18 planned with BlockSizes=16,32,64",
        _spares,
        lesson="With base 16 a rack with two dead trays still hosts a segment of 16; the spares"
        " serve jobs of two nodes, and -N17 or -N18 need a level more.",
    ),
    Recipe(
        "power-hall",
        "8 racks under caps in watts for rack, aisle and hall",
        _power_hall,
        lesson="Nodes are free, watts are not: the hall's cap decides which jobs start, and idle"
        " nodes draw as well.",
    ),
    Recipe(
        "rings",
        "6 rings of 8 to 16 nodes",
        _rings,
        lesson="A job is a contiguous arc; short jobs in the middle of long gaps cost the long"
        " ones.",
    ),
    Recipe(
        "torus",
        "2 toruses of 4x4x4 with five shapes",
        _torus,
        lesson="Shapes sit on a grid of anchors; one misplaced pair breaks a whole layer.",
    ),
    Recipe(
        "tree",
        "12 leaf switches below 4 spines, jobs with --switches",
        _tree,
        lesson="--switches=1 needs a leaf with enough free nodes; jobs without it should avoid"
        " those.",
    ),
    Recipe(
        "mixed",
        "racks, rings and a tree in one cluster, one partition each",
        _mixed,
        lesson="Every partition is placed by the rules of its own topology; slurm.conf says"
        " which.",
    ),
)
