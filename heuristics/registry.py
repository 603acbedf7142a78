"""Every fast engine by name, with its source and what it supports; listed by the cli."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.plan import Placer
from .baselines.best_fit import best_fit
from .baselines.driver import KINDS
from .baselines.fgd import fgd
from .baselines.first_fit import first_fit
from .baselines.hilbert import hilbert
from .baselines.hived_buddy import hived_buddy
from .baselines.kai_topology import kai_topology
from .baselines.kueue import KUEUE_KINDS, kueue_balanced, kueue_bestfit, kueue_least_free
from .baselines.random_fit import random_fit
from .baselines.tpu_cuboid_firstfit import tpu_cuboid_firstfit
from .baselines.volcano_gradient import volcano_gradient
from .baselines.worst_fit import worst_fit
from .greedy import greedy
from .local_search import greedy_with_local_search
from .slurm.queue import slurm, slurm_backfill

CELLS = frozenset({"block", "tree"})
TORUS = frozenset({"torus3d"})
_KUEUE = "Kueue, KEP-2724 (topology-aware scheduling)"
_KUEUE_NOTES = (
    "required nodes, rings and toruses wait; spread segments: one segment's slots per block; "
    "an assignment beyond M lower-level blocks or --switches is refused"
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A heuristic engine.

    Attributes
    ----------
    name
        As used with ``--engine``.
    summary
        One line: how it chooses.
    source
        Where the method comes from.
    placer
        The engine itself.
    supports
        Kinds of topology on which its own choice rule applies; jobs on other kinds wait.
    notes
        What it does instead where the method lacks one of our constraints.
    is_faithful
        False for engines written from a description only ("by description").
    """

    name: str
    summary: str
    source: str
    placer: Placer
    supports: frozenset[str] = KINDS
    notes: str = ""
    is_faithful: bool = True


_ENGINES = (
    Engine(
        "greedy",
        "best fit by what a remainder is worth to the rest of the queue",
        "rackwright",
        greedy,
    ),
    Engine(
        "greedy+ls",
        "greedy, then ruin and recreate within a budget",
        "rackwright; after SISR (Christiaens and Vanden Berghe, 2020)",
        greedy_with_local_search,
    ),
    Engine(
        "slurm",
        "Slurm 26.11's own choice, in strict priority order",
        "Slurm, sched/builtin; checked against recordings of the real one",
        slurm,
    ),
    Engine(
        "slurm-backfill",
        "Slurm 26.11's own choice, with backfill on time limits",
        "Slurm, sched/backfill; checked against recordings of the real one",
        slurm_backfill,
    ),
    Engine("first-fit", "free nodes in index order", "RAPS, AccaSim FF", first_fit),
    Engine("best-fit", "the fullest unit that suffices", "AccaSim BF", best_fit),
    Engine("worst-fit", "the emptiest unit", "load balancing", worst_fit),
    Engine("random", "any unit that suffices, seeded", "FGD's random", random_fit),
    Engine(
        "kueue-bestfit",
        "fewest domains per level, the last one tightest",
        _KUEUE,
        kueue_bestfit,
        KUEUE_KINDS,
        _KUEUE_NOTES,
    ),
    Engine(
        "kueue-least-free",
        "smallest domains first where no level is asked for (TASProfileMixed)",
        _KUEUE,
        kueue_least_free,
        KUEUE_KINDS,
        _KUEUE_NOTES,
    ),
    Engine(
        "kueue-balanced",
        "segments spread evenly below one parent (TASBalancedPlacement)",
        _KUEUE,
        kueue_balanced,
        KUEUE_KINDS,
        _KUEUE_NOTES,
    ),
    Engine(
        "fgd",
        "least growth of fragmentation, types = the queue's unit sizes",
        "Weng et al., USENIX ATC'23",
        fgd,
        frozenset({"block", "ring", "tree", "flat"}),
        "larger units: the same measure on whole regions",
    ),
    Engine(
        "hived-buddy",
        "splits the smallest free aligned cell",
        "HiveD, OSDI'20",
        hived_buddy,
        CELLS,
        "no virtual clusters",
    ),
    Engine(
        "tpu-cuboid-firstfit",
        "first free configured shape in scan order",
        "RFold firstfit",
        tpu_cuboid_firstfit,
        TORUS,
        "only configured anchors; no folding, no reconfiguration",
    ),
    Engine(
        "volcano-gradient",
        "lowest tier, there the best binpack score",
        "Volcano network-topology-aware",
        volcano_gradient,
        CELLS,
        "hard mode only, no eviction",
        is_faithful=False,
    ),
    Engine(
        "kai-topology",
        "tightest domain of the lowest level",
        "KAI scheduler topology plugin",
        kai_topology,
        CELLS,
        "segments are subgroups of equal size",
        is_faithful=False,
    ),
    Engine(
        "hilbert",
        "shortest stretch of the Hilbert curve",
        "historic Slurm node_rank; RFold's reproduction",
        hilbert,
        TORUS,
        "only configured anchors",
        is_faithful=False,
    ),
)

HEURISTICS: dict[str, Engine] = {engine.name: engine for engine in _ENGINES}
