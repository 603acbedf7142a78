"""Rules of topology/block."""

from __future__ import annotations

from tiny import blocks, instance, place, plan

from rackwright.models.job import Job

from .case import DOCUMENTED, SLURM, Case, pair

# Four blocks of four; aggregates of two.
PAIRS = blocks([4, 4, 4, 4], base=4, levels=(0, 1, 2))
# As P8s of slurm_semantics 3.1.6: no level between one block and all eight.
GAP = blocks([4] * 8, base=4, levels=(0, 3))
# G1 of section 9.1.
SEVEN = blocks([4] * 7, base=4, levels=(0, 1))
# A trailing aggregate of one block.
TRAILING = blocks([2, 2, 2], base=2, levels=(0, 1))

CASES: tuple[Case, ...] = (
    *pair(
        "block_region", "up to a base block: in one",
        instance(PAIRS, Job("1", 4), num_nodes=16),
        legal=place("1", [4, 5, 6, 7]), illegal=place("1", [2, 3, 4, 5]),
    ),
    *pair(
        "block_region", "aggregates are aligned",
        instance(PAIRS, Job("1", 6), num_nodes=16),
        legal=place("1", range(8, 14)), illegal=place("1", range(4, 10)),
    ),
    *pair(
        "block_region", "every segment by itself",
        instance(PAIRS, Job("1", 6, segment=3), num_nodes=16),
        legal=place("1", [0, 1, 2], [12, 13, 14]), illegal=place("1", [0, 1, 2], [3, 4, 5]),
    ),
    *pair(
        "block_region", "the incomplete trailing aggregate is a region",
        instance(TRAILING, Job("1", 4, segment=2), num_nodes=6),
        legal=place("1", [0, 1], [4, 5]), illegal=place("1", [0, 1], [3, 4]),
    ),
    *pair(
        "block_region", "a phantom block holds its position",
        instance(blocks([2, 0, 2, 2], base=2), Job("1", 4), num_nodes=6),
        legal=place("1", [2, 3, 4, 5]), illegal=place("1", [0, 1, 2, 3]),
    ),
    *pair(
        "block_region", "an oversized block serves the next size alone",
        instance(blocks([6, 4, 4, 4], base=4, levels=(0, 1)), Job("1", 6), num_nodes=18),
        legal=place("1", range(6)), illegal=place("1", [6, 7, 8, 9, 10, 11]),
    ),
    *pair(
        "block_region", "one-node jobs are free, one-node segments are not outside",
        instance(PAIRS, Job("1", 1), Job("2", 2), num_nodes=17),
        legal=(place("1", [16]), place("2", [0, 1])),
        illegal=(place("1", [16]), place("2", [3, 4])),
    ),
    *pair(
        "lower_level_blocks", "five nodes touch at most two base blocks",
        instance(GAP, Job("1", 5), num_nodes=32),
        legal=place("1", [0, 1, 2, 3, 28]), illegal=place("1", [0, 1, 4, 5, 28]),
    ),
    *pair(
        "lower_level_blocks", "whole topology: at most two pairs",
        instance(SEVEN, Job("1", 12), num_nodes=28),
        legal=place("1", range(16, 28)),
        illegal=place("1", [*range(4), *range(8, 12), *range(16, 20)]),
        legalities=(DOCUMENTED,),
    ),
    Case(
        "lower_level_blocks", "vacuous where the region is as large as the limit",
        instance(PAIRS, Job("1", 13), num_nodes=16),
        plan(place("1", range(13))), True,
    ),
    *pair(
        "outside_blocks", "a multi-node job stays in the blocks",
        instance(PAIRS, Job("1", 2), num_nodes=18),
        legal=place("1", [0, 1]), illegal=place("1", [16, 17]),
    ),
    *pair(
        "outside_blocks", "so do segments of one node",
        instance(PAIRS, Job("1", 2, segment=1), num_nodes=18),
        legal=place("1", [0], [15]), illegal=place("1", [0], [16]),
    ),
    Case(
        "outside_blocks", "no node of a block is a candidate: placed as on flat",
        instance(PAIRS, Job("1", 2), num_nodes=18, allocated=frozenset(range(16))),
        plan(place("1", [16, 17])), True,
    ),
    Case(
        "outside_blocks", "one-node jobs may use any node",
        instance(PAIRS, Job("1", 1), num_nodes=18),
        plan(place("1", [17])), True,
    ),
    Case(
        "whole_topology_floor", "G1: Slurm forgets the seventh block",
        instance(SEVEN, Job("1", 28), num_nodes=28),
        plan(place("1", range(28))), False, (SLURM,),
    ),
    Case(
        "whole_topology_floor", "G1 is documented as legal",
        instance(SEVEN, Job("1", 28), num_nodes=28),
        plan(place("1", range(28))), True, (DOCUMENTED,),
    ),
    Case(
        "whole_topology_floor", "24 nodes fit the complete pairs",
        instance(SEVEN, Job("1", 24), num_nodes=28),
        plan(place("1", range(24))), True, (SLURM,),
    ),
    Case(
        "whole_topology_floor", "required nodes skip the check (9.4)",
        instance(
            SEVEN, Job("1", 28, nodelist=tuple(f"n{i}" for i in range(28))), num_nodes=28
        ),
        plan(place("1", range(28))), True, (SLURM,),
    ),
    *pair(
        "spread_segments", "no two segments in a base block",
        instance(PAIRS, Job("1", 4, segment=2, spread_segments=True), num_nodes=16),
        legal=place("1", [0, 1], [4, 5]), illegal=place("1", [0, 1], [2, 3]),
    ),
    *pair(
        "spread_segments", "segments over two blocks share none",
        instance(
            blocks([4, 4, 4, 4], base=4, levels=(0, 2)),
            Job("1", 10, segment=5, spread_segments=True), num_nodes=16,
        ),
        legal=place("1", range(5), range(8, 13)),
        illegal=place("1", [0, 1, 2, 4, 5], [6, 7, 8, 9, 10]),
    ),
    Case(
        "spread_segments", "no effect without a segment",
        instance(PAIRS, Job("1", 4, spread_segments=True), num_nodes=16),
        plan(place("1", range(4))), True,
    ),
    *pair(
        "consolidate_segments", "all in the pair that holds the job",
        instance(PAIRS, Job("1", 8, segment=2, consolidate_segments=True), num_nodes=16),
        legal=place("1", [0, 1], [2, 3], [4, 5], [6, 7]),
        illegal=place("1", [0, 1], [2, 3], [4, 5], [8, 9]),
    ),
    *pair(
        "consolidate_segments", "with spread, segments count as whole blocks",
        instance(
            blocks([4] * 8, base=4, levels=(0, 1, 2)),
            Job("1", 6, segment=2, spread_segments=True, consolidate_segments=True),
            num_nodes=32,
        ),
        legal=place("1", [0, 1], [4, 5], [12, 13]), illegal=place("1", [0, 1], [4, 5], [16, 17]),
    ),
)  # fmt: skip
