"""The table of all legality rules: name, source, and under which legality each one binds."""

from __future__ import annotations

from dataclasses import dataclass

from ..legality import Legality
from . import block, exclusive, flat, request, resources, ring, torus, tree
from .start import Check, each


@dataclass(frozen=True, slots=True)
class Rule:
    """One legality rule.

    Attributes
    ----------
    name
        Used in explanations, in plan files and by the solver's constraints.
    summary
        One line.
    source
        Section of slurm_semantics.md or interfaces.md it comes from.
    enforced
        Legalities under which it binds.
    check
        Yields ``(job id, message)`` for every job that breaks it.
    """

    name: str
    summary: str
    source: str
    enforced: frozenset[Legality]
    check: Check


@dataclass(frozen=True, slots=True)
class Violation:
    """A job that breaks a rule, and how, in one line."""

    rule: str
    job_id: str
    message: str


BOTH = frozenset(Legality)
ONLY_26_11 = frozenset({Legality.SLURM_26_11})

RULES: tuple[Rule, ...] = (
    Rule("node_count", "Exactly the nodes asked for; tree and flat up to the maximum of a range.",
         "0.1, 3.1.2 B3", BOTH, each(request.node_count)),
    Rule("partition", "Nodes of a partition that the job named.",
         "0.2", BOTH, each(request.partition)),
    Rule("features", "Nodes that satisfy --constraint.",
         "0.2", BOTH, each(request.features)),
    Rule("exclude", "No node of --exclude.",
         "0.2", BOTH, each(request.exclude)),
    Rule("nodelist", "Only nodes of a --nodelist longer than the job, or of a segmented job.",
         "0.1, 3.1.5", BOTH, each(request.nodelist)),
    Rule("required_nodes", "All nodes of a --nodelist that is no longer than the job.",
         "0.1, 3.1.2 B4, 3.2", BOTH, each(request.required_nodes)),
    Rule("available", "Nodes that are up and not held by a running job.",
         "0.2", BOTH, each(request.available)),
    Rule("one_use", "No node for two jobs or two segments.",
         "0.2", BOTH, request.one_use),
    Rule("segment", "The segment divides the node count; every unit has its size.",
         "3.1.5", BOTH, each(request.segment)),
    Rule("block_region", "A unit in one aligned block of the smallest enabled level for its size.",
         "3.1.1, 3.1.2 B1", BOTH, each(block.block_region)),
    Rule("lower_level_blocks", "A unit touches at most M blocks of the next lower enabled level.",
         "3.1.1, 3.1.2 B2", BOTH, each(block.lower_level_blocks)),
    Rule("outside_blocks", "No node outside every block for a multi-node job that has one inside.",
         "0.4(1), 3.1.2 B1", BOTH, each(block.outside_blocks)),
    Rule("whole_topology_floor", "Whole-topology units fit into complete lower-level blocks.",
         "8.1 bug 1, 9.4", ONLY_26_11, each(block.whole_topology_floor)),
    Rule("spread_segments", "No base block hosts two segments of a --spread-segments job.",
         "3.1.5", BOTH, each(block.spread_segments)),
    Rule("consolidate_segments", "One aggregated block holds a --consolidate-segments job.",
         "3.1.5", BOTH, each(block.consolidate_segments)),
    Rule("exclusive_wanted", "The units of an --exclusive=topo job hold no other job.",
         "7", BOTH, exclusive.exclusive_wanted),
    Rule("exclusive_held", "Nobody enters a unit that a running exclusive job holds.",
         "7", BOTH, exclusive.exclusive_held),
    Rule("ring_arc", "A unit is a contiguous arc, with wrap, of one ring.",
         "3.2", BOTH, each(ring.ring_arc)),
    Rule("one_segment_per_ring", "Segments of a job lie in different rings.",
         "3.2", ONLY_26_11, each(ring.one_segment_per_ring)),
    Rule("torus_anchor", "A unit fills one anchor of a placement of its volume.",
         "3.3", BOTH, each(torus.torus_anchor)),
    Rule("common_switch", "All nodes below one common switch.",
         "3.4", BOTH, each(tree.common_switch)),
    Rule("leaf_switches", "At most --switches leaf switches while the job waits for them.",
         "3.4", BOTH, each(tree.leaf_switches)),
    Rule("contiguous", "Consecutive nodes for --contiguous on flat, and on tree.",
         "0.4, 3.5", BOTH, each(flat.contiguous)),
    Rule("license_amount", "No count above the first listed layer of a MODE_1 or MODE_2 resource.",
         "5.2", ONLY_26_11, each(resources.license_amount)),
    Rule("mode_1", "MODE_1: every node in a sufficient layer; one layer charged once.",
         "5.3", BOTH, resources.mode_1),
    Rule("mode_2", "MODE_2: every overlapping layer charged once.",
         "5.3", BOTH, resources.mode_2),
    Rule("mode_3", "MODE_3: request times nodes within every layer.",
         "5.3", BOTH, resources.mode_3),
    Rule("power", "Watts within every layer of a power cap.",
         "interfaces.md Power", BOTH, resources.power),
)  # fmt: skip
