"""Where greedy choices lose: small instances with a reason (slurm_semantics.md section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...models.instance import Instance
from ...models.job import Job, Switches
from ...models.legality import Exclusive
from ...models.resources import Layer, Mode, Resource
from ...models.topology import (
    FlatTopology,
    Ring,
    RingTopology,
    Switch,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)
from .recipe import Recipe, block_topology, blocks, jobs, numbers, on_topology


def _family(name: str, count: int, pairs: tuple[int, ...], sizes: tuple[int, ...]) -> Instance:
    """`count` copies of the same trap side by side: the loss grows with the instance."""
    queue = jobs(*(size for size in sizes for _ in range(count)))
    return blocks([left for left in pairs for _ in range(count)], 18, [18], queue)


def _first_block_that_fits() -> Instance:
    return _family("first", 8, (18, 12), (12, 18))


def _fullest_block_that_fits() -> Instance:
    return _family("best", 8, (12, 14), (6, 8, 12))


def _emptiest_block() -> Instance:
    return _family("worst", 8, (12, 18), (12, 18))


def _power_of_two_cells() -> Instance:
    """Jobs of 5, 9 and 17 that round up to cells of 8, 16 and 32."""
    return blocks([18] * 8, 18, [18, 36, 72, 144], jobs(*[9] * 8, *[5] * 8, *[4] * 8))


def _one_node_first() -> Instance:
    return blocks([4, 3], 4, [4, 8], jobs(1, 4))


def _parent_of_the_best_fit() -> Instance:
    return blocks([3, 4, 4, 0], 4, [4, 8], jobs(3, 7))


def _empties_whole_blocks() -> Instance:
    return blocks([4, 3, 3, 0], 4, [4, 16], jobs(6, 4))


def _whole_topology() -> Instance:
    return blocks([4] * 7, 4, [4, 8], jobs(28))


def _incomplete_aggregate() -> Instance:
    return blocks([0, 0, 0, 0, 4, 4, 4], 4, [4, 8], jobs(12))


def _segments_in_a_row() -> Instance:
    return blocks([3, 4, 3, 2, 3], 4, [4], (Job("1", 15, segment=5),))


def _segments_of_three_blocks() -> Instance:
    return blocks([2, 2, 3, 2, 3, 2], 3, [3], (Job("1", 14, segment=7),))


def _spread_over_pairs() -> Instance:
    job = Job("1", 18, segment=9, spread_segments=True)
    return blocks([2, 3, 2, 3, 4, 4], 4, [4, 8, 32], (job,))


def _whole_topology_segments() -> Instance:
    return blocks([2] * 5, 2, [2, 4], (Job("1", 10, segment=5),))


def _rings(lengths: tuple[int, ...]) -> RingTopology:
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    return RingTopology(
        "default",
        tuple(
            Ring(f"r{index + 1}", tuple(range(start, start + length)))
            for index, (start, length) in enumerate(zip(starts, lengths, strict=True))
        ),
    )


def _two_arcs_of_a_ring() -> Instance:
    return on_topology(_rings((8, 8)), 16, numbers("9-16"), (Job("1", 4, segment=2),))


def _arc_in_the_long_gap() -> Instance:
    return on_topology(_rings((8, 8)), 16, numbers("5,8,9-16"), jobs(2, 4))


def _arc_across_the_end() -> Instance:
    return on_topology(_rings((16,)), 16, numbers("4-13"), jobs(2, 4))


def _torus(
    dims: tuple[int, int, int], *shapes: tuple[int, int, int], spacing: int = 0
) -> TorusTopology:
    volume = dims[0] * dims[1] * dims[2]
    placements = tuple(
        TorusPlacement(shape, (spacing,) * 3 if spacing else shape) for shape in shapes
    )
    return TorusTopology("default", (Torus("t1", dims, tuple(range(volume)), placements),))


def _overlapping_anchors() -> Instance:
    topology = _torus((8, 1, 1), (2, 1, 1), spacing=1)
    return on_topology(topology, 8, numbers("6-7"), (Job("1", 6, segment=2),))


def _squares_on_a_torus() -> Instance:
    topology = _torus((4, 4, 1), (2, 2, 1), spacing=1)
    return on_topology(topology, 16, numbers("3,14"), (Job("1", 12, segment=4),))


def _half_torus_kept_whole() -> Instance:
    topology = _torus((4, 4, 2), (2, 2, 1), (2, 2, 2), (4, 4, 1))
    return on_topology(topology, 32, numbers("17,19,25"), jobs(4, 16))


def _octants_and_columns() -> Instance:
    topology = _torus((4, 4, 2), (2, 2, 2), (1, 4, 1))
    return on_topology(topology, 32, numbers("9"), jobs(8, 4, 8))


def _rows_before_pairs() -> Instance:
    topology = _torus((4, 2, 2), (4, 1, 1), (1, 2, 1))
    return on_topology(topology, 16, numbers("7"), jobs(4, 4, 2))


def _leaf_kept_whole() -> Instance:
    leaves = [Switch(f"s{i}", tuple(range(4 * i, 4 * i + 4)), ()) for i in range(3)]
    topology = TreeTopology("default", (*leaves, Switch("root", (), (0, 1, 2))))
    queue = (Job("1", 6), Job("2", 4, switches=Switches(1)))
    return on_topology(topology, 12, numbers("5,9"), queue)


def _consolidated_pair() -> Instance:
    """Of all blocks that hold the first job, only one leaves a whole pair."""
    queue = (Job("1", 8), Job("2", 32, segment=8, consolidate_segments=True))
    return blocks([16, 16, 16, 8], 18, [18, 36], queue)


def _exclusive_finds_none() -> Instance:
    """Two jobs fit one block together; apart, they cost the exclusive job its empty block."""
    queue = (*jobs(9, 8), Job("3", 10, exclusive=Exclusive.TOPO))
    return blocks([18, 18], 18, [18], queue)


def _tree_of_caps() -> Instance:
    """Leaf caps 2, 1, 2, 2 below halves of 2: only 2 + 1 over both halves adds up to three."""
    layers = (
        _layer("1-8", 8),
        _layer("1-4", 2),
        _layer("5-8", 2),
        *(_layer(f"{2 * i + 1}-{2 * i + 2}", cap) for i, cap in enumerate((2, 1, 2, 2))),
    )
    instance = on_topology(
        block_topology(4, 2, [2, 8]), 8, numbers("2-5"), (Job("1", 3, licenses=(("power", 1),)),)
    )
    return _with_resource(instance, Resource("power", Mode.MODE_3, layers))


def _strong_feed_kept() -> Instance:
    """The weak block can feed the small draw; giving it the strong one strands the large draw."""
    layers = (_layer("1-16", 12000), _layer("1-8", 4000), _layer("9-16", 8000))
    queue = (Job("1", 8, licenses=(("power", 500),)), Job("2", 8, licenses=(("power", 1000),)))
    instance = on_topology(block_topology(2, 8, [8, 16]), 16, frozenset(), queue)
    power = Resource("power", Mode.MODE_3, layers, variables={"full": 1000}, topology="default")
    return _with_resource(instance, power)


def _one_layer_is_enough() -> Instance:
    """MODE_2 charges every layer touched: the first job must stay inside one of them."""
    layers = (_layer("1-8", 4), _layer("9-16", 4))
    queue = (Job("1", 6, licenses=(("feed", 4),)), Job("2", 2, licenses=(("feed", 4),)))
    instance = on_topology(FlatTopology(), 16, numbers("1-6"), queue)
    return _with_resource(instance, Resource("feed", Mode.MODE_2, layers))


def _layer(nodes: str, count: int) -> Layer:
    return Layer(numbers(nodes), count)


def _with_resource(instance: Instance, resource: Resource) -> Instance:
    cluster = replace(instance.cluster, resources=(resource,))
    return replace(instance, cluster=cluster, used={resource.name: (0,) * len(resource.layers)})


_TRAPS: tuple[tuple[str, Callable[[], Instance], str, str], ...] = (
    (
        "first-block",
        _first_block_that_fits,
        "first fit breaks the blocks that whole-rack jobs need",
        "Eight blocks of 18 and eight of 12 free; -N12 comes first. Whoever takes the first block"
        " that fits leaves no whole block for -N18.",
    ),
    (
        "best-fit",
        _fullest_block_that_fits,
        "best fit fills two half-used blocks where one would do",
        "-N6 into the fullest block (12 free) and -N8 into the next (14) leave 6 and 6: -N12"
        " waits. 6 + 8 share the 14, and the 12 stays whole.",
    ),
    (
        "worst-fit",
        _emptiest_block,
        "the emptiest block is the one that a later job needs whole",
        "-N12 goes to the emptiest block although one with exactly 12 free exists; -N18 waits.",
    ),
    (
        "power-of-two-cells",
        _power_of_two_cells,
        "9 + 5 + 4 fill a rack of 18; cells of 16, 8 and 4 do not",
        "-N9, -N5 and -N4 fill a rack of 18 exactly. Cells of 16, 8 and 4 do not.",
    ),
    (
        "one-node-first",
        _one_node_first,
        "S1: a one-node job breaks the only whole block",
        "A one-node job takes the lowest free node and breaks the only whole block.",
    ),
    (
        "parent-of-the-best-fit",
        _parent_of_the_best_fit,
        "S2: best fit ignores the pair that a block belongs to",
        "The best fit for -N3 is the half-used pair's sibling; the pair -N7 needs is gone.",
    ),
    (
        "empties-whole-blocks",
        _empties_whole_blocks,
        "S3: largest first empties a whole block for a split job",
        "A job over two blocks takes the largest first; 3 + 3 would have kept the whole one.",
    ),
    (
        "whole-topology",
        _whole_topology,
        "G1: all 28 idle nodes for one job, rejected by 26.11",
        "-N28 of 28 idle nodes is rejected at submit: the incomplete last pair is not counted.",
    ),
    (
        "incomplete-aggregate",
        _incomplete_aggregate,
        "G3: a job over a pair and a trailing single block",
        "Twelve nodes over a pair and a trailing single block are legal and never found.",
    ),
    (
        "whole-topology-segments",
        _whole_topology_segments,
        "G2: two segments of 5 over five blocks of 2",
        "Each segment of 5 needs two pairs and a node of the last block; both fit.",
    ),
    (
        "segments-in-a-row",
        _segments_in_a_row,
        "G4: three segments of 5, placed without looking ahead",
        "Three segments of 5 over blocks with 3, 4, 3, 2, 3 free: 3 + 2 each, if nobody takes"
        " 4 + 1 twice.",
    ),
    (
        "segments-of-three-blocks",
        _segments_of_three_blocks,
        "G5: two segments of 7 over six blocks",
        "Two segments of 7 must both be cut 3 + 2 + 2.",
    ),
    (
        "spread-over-pairs",
        _spread_over_pairs,
        "G6: two spread segments of 9 over three pairs",
        "Two spread segments of 9 over blocks with 2, 3, 2, 3, 4, 4 free, two pairs each.",
    ),
    (
        "two-arcs-of-a-ring",
        _two_arcs_of_a_ring,
        "G7: two arcs of one ring for one job",
        "Two arcs of one ring are legal by the documentation; 26.11 takes one per ring.",
    ),
    (
        "arc-in-the-long-gap",
        _arc_in_the_long_gap,
        "S4: a short arc in the long gap",
        "-N2 belongs into the gap of two, not into the gap of four.",
    ),
    (
        "arc-across-the-end",
        _arc_across_the_end,
        "S5: a short arc cuts the one that wraps around",
        "The free arc wraps around: -N2 at its start cuts it for -N4.",
    ),
    (
        "overlapping-anchors",
        _overlapping_anchors,
        "G8: three pairs in a row of eight with overlapping anchors",
        "Six free cells in a row of eight hold three pairs only if the wrapping one is used.",
    ),
    (
        "squares-on-a-torus",
        _squares_on_a_torus,
        "G9: three wrapping squares around two holes",
        "Three 2x2 squares around two holes, one of them wrapping twice.",
    ),
    (
        "half-torus-kept-whole",
        _half_torus_kept_whole,
        "S6: a small shape breaks the only whole layer",
        "The small shape belongs into the broken layer; the whole layer is one -N16.",
    ),
    (
        "octants-and-columns",
        _octants_and_columns,
        "S7: two octants and a column around one busy cell",
        "Two octants and a column around one busy cell, with only one way to put them.",
    ),
    (
        "rows-before-pairs",
        _rows_before_pairs,
        "S8: two rows leave no column for a pair",
        "Two rows and a pair: the pair needs a column that the first free row destroys.",
    ),
    (
        "leaf-kept-whole",
        _leaf_kept_whole,
        "S9: a split job empties the leaf that --switches=1 needs",
        "-N6 takes 4 + 2 leaves although 3 + 3 exist; --switches=1 -N4 waits.",
    ),
    (
        "consolidated-pair",
        _consolidated_pair,
        "a small job breaks the pair that a consolidated job needs",
        "The best fit of -N8 is the block with 8 free, in the pair that is broken anyway.",
    ),
    (
        "exclusive-finds-none",
        _exclusive_finds_none,
        "two small jobs apart cost an exclusive one its empty block",
        "-N9 and -N8 share a block, or the exclusive job finds none without another job.",
    ),
    (
        "tree-of-caps",
        _tree_of_caps,
        "G10: MODE_3 caps on blocks and halves leave one way",
        "MODE_3 caps on blocks and halves: only one way to take three nodes.",
    ),
    (
        "strong-feed-kept",
        _strong_feed_kept,
        "S10: the small draw takes the strong feed",
        "The small draw fits the weak feed; the strong feed is for the large draw.",
    ),
    (
        "one-layer-is-enough",
        _one_layer_is_enough,
        "S12: a job over two MODE_2 layers is charged in both",
        "A job over two MODE_2 layers is charged in both, and the second job starves.",
    ),
)

ADVERSARIAL: tuple[Recipe, ...] = tuple(
    Recipe(f"adversarial/{name}", summary, build, lesson=lesson)
    for name, build, summary, lesson in _TRAPS
)
