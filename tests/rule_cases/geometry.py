"""Rules of ring, torus3d, tree and flat."""

from __future__ import annotations

from tiny import instance, place, plan, rings, torus, tree

from rackwright.models.job import Job, Switches
from rackwright.models.topology import FlatTopology, Torus, TorusPlacement, TorusTopology

from .case import DOCUMENTED, SLURM, Case, pair

FLAT = FlatTopology("default")
# Four leaves of four below two trunks, without a root: two disconnected halves.
HALVES = tree(4, 4, 4, 4, trunks=[[0, 1], [2, 3]])
DRAGONFLY = tree(4, 4, trunks=[[0, 1]], is_dragonfly=True)
HOLED = TorusTopology(
    "default",
    (Torus("k0", (4, 1, 1), (0, 1, 2, -1), (TorusPlacement((2, 1, 1), (2, 1, 1)),)),),
)
T1 = torus((4, 4, 2), (2, 2, 1), (2, 2, 2))

CASES: tuple[Case, ...] = (
    *pair(
        "ring_arc", "consecutive positions",
        instance(rings(8), Job("1", 3), num_nodes=8),
        legal=place("1", [2, 3, 4]), illegal=place("1", [2, 3, 5]),
    ),
    *pair(
        "ring_arc", "wraps at the end",
        instance(rings(8), Job("1", 4), num_nodes=8),
        legal=place("1", [6, 7, 0, 1]), illegal=place("1", [5, 7, 0, 1]),
    ),
    *pair(
        "ring_arc", "one ring",
        instance(rings(4, 4), Job("1", 4), num_nodes=8),
        legal=place("1", [4, 5, 6, 7]), illegal=place("1", [2, 3, 4, 5]),
    ),
    *pair(
        "ring_arc", "nodes on no ring only where no ring has a candidate",
        instance(rings(4), Job("1", 2), Job("2", 1), num_nodes=6),
        legal=(place("1", [0, 1]), place("2", [5])),
        illegal=(place("1", [4, 5]), place("2", [3])),
    ),
    *pair(
        "one_segment_per_ring", "in 26.11 every segment has its ring",
        instance(rings(4, 4), Job("1", 4, segment=2), num_nodes=8),
        legal=place("1", [0, 1], [4, 5]), illegal=place("1", [0, 1], [2, 3]),
        legalities=(SLURM,),
    ),
    Case(
        "one_segment_per_ring", "G7: not documented",
        instance(rings(4, 4), Job("1", 4, segment=2), num_nodes=8),
        plan(place("1", [0, 1], [2, 3])), True, (DOCUMENTED,),
    ),
    *pair(
        "torus_anchor", "T1: the cells of one anchor",
        instance(T1, Job("1", 4), num_nodes=32),
        legal=place("1", [0, 1, 4, 5]), illegal=place("1", [1, 2, 5, 6]),
    ),
    *pair(
        "torus_anchor", "G9: anchors of spacing 1 wrap",
        instance(torus((4, 4, 1), (2, 2, 1), spacing=(1, 1, 1)), Job("1", 4), num_nodes=16),
        legal=place("1", [0, 3, 12, 15]), illegal=place("1", [0, 3, 11, 15]),
    ),
    *pair(
        "torus_anchor", "every segment fills one",
        instance(T1, Job("1", 16, segment=8), num_nodes=32),
        legal=place("1", [0, 1, 4, 5, 16, 17, 20, 21], [10, 11, 14, 15, 26, 27, 30, 31]),
        illegal=place("1", range(8), range(8, 16)),
    ),
    Case(
        "torus_anchor", "no shape of one node: a one-node job cannot run",
        instance(T1, Job("1", 1), num_nodes=32),
        plan(place("1", [0])), False,
    ),
    *pair(
        "torus_anchor", "an empty cell spoils its anchor",
        instance(HOLED, Job("1", 2), num_nodes=4),
        legal=place("1", [0, 1]), illegal=place("1", [2, 3]),
    ),
    Case(
        "torus_anchor", "a torus without placements is placed as flat",
        instance(torus((4, 1, 1)), Job("1", 3), num_nodes=4),
        plan(place("1", [0, 1, 3])), True,
    ),
    *pair(
        "common_switch", "disconnected parts are not mixed",
        instance(HALVES, Job("1", 5), num_nodes=16),
        legal=place("1", range(5)), illegal=place("1", range(4, 9)),
    ),
    Case(
        "common_switch", "one-node jobs may use a node on no switch",
        instance(HALVES, Job("1", 1), num_nodes=17),
        plan(place("1", [16])), True,
    ),
    *pair(
        "leaf_switches", "--switches=1",
        instance(HALVES, Job("1", 3, switches=Switches(1)), num_nodes=16),
        legal=place("1", [4, 5, 6]), illegal=place("1", [3, 4, 5]),
    ),
    *pair(
        "leaf_switches", "binds while the job waits for them",
        instance(
            HALVES, Job("1", 3, switches=Switches(1, 60), submit_s=1000),
            num_nodes=16, now_s=1059,
        ),
        legal=place("1", [4, 5, 6]), illegal=place("1", [3, 4, 5]),
    ),
    Case(
        "leaf_switches", "no longer once it has waited",
        instance(
            HALVES, Job("1", 3, switches=Switches(1, 60), submit_s=1000),
            num_nodes=16, now_s=1060,
        ),
        plan(place("1", [3, 4, 5])), True,
    ),
    *pair(
        "leaf_switches", "dragonfly keeps a count of 1",
        instance(DRAGONFLY, Job("1", 2, switches=Switches(1)), num_nodes=8),
        legal=place("1", [0, 1]), illegal=place("1", [3, 4]),
    ),
    Case(
        "leaf_switches", "dragonfly drops larger counts",
        instance(
            tree(2, 2, 2, trunks=[[0, 1, 2]], is_dragonfly=True),
            Job("1", 3, switches=Switches(2)), num_nodes=6,
        ),
        plan(place("1", [0, 2, 4])), True,
    ),
    *pair(
        "contiguous", "consecutive nodes on flat",
        instance(FLAT, Job("1", 3, contiguous=True), num_nodes=8),
        legal=place("1", [2, 3, 4]), illegal=place("1", [2, 3, 5]),
    ),
    *pair(
        "contiguous", "tree hands contiguous jobs to flat",
        instance(HALVES, Job("1", 3, contiguous=True), num_nodes=16),
        legal=place("1", [7, 8, 9]), illegal=place("1", [0, 1, 3]),
    ),
    Case(
        "contiguous", "ring ignores it",
        instance(rings(4), Job("1", 2, contiguous=True), num_nodes=4),
        plan(place("1", [0, 3])), True,
    ),
)  # fmt: skip
