"""What is legal in a topology, but will surprise its operator; stricter than Slurm itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd
from typing import TYPE_CHECKING

from ..hostlist import fold
from .block import BlockTopology
from .checks_block import check_block_topology
from .finding import Finding, Severity, span
from .torus import Torus, TorusTopology
from .tree import TreeTopology

if TYPE_CHECKING:
    from ..node import Node
    from . import Topology


def check_topology(topology: Topology, nodes: Sequence[Node]) -> tuple[Finding, ...]:
    """Every finding about one topology, worst first.

    Parameters
    ----------
    topology
        Any kind.
    nodes
        All nodes of the cluster in index order.
    """
    findings: list[Finding] = []
    if isinstance(topology, BlockTopology):
        findings += check_block_topology(topology, nodes)
    elif isinstance(topology, TorusTopology):
        for torus in topology.toruses:
            findings += _torus_anchors(torus, nodes)
    elif isinstance(topology, TreeTopology):
        findings += _tree_reach(topology)
    return tuple(sorted(findings, key=lambda finding: -finding.severity))


def _torus_anchors(torus: Torus, nodes: Sequence[Node]) -> Iterator[Finding]:
    """Anchors that overlap, and cells that no anchor reaches (1.4)."""
    place = f"torus {torus.name}"
    reached: set[int] = set()
    for placement in torus.placements:
        for anchor in torus.anchors(placement):
            cells = [torus.cells[cell] for cell in anchor]
            if min(cells) >= 0:
                reached.update(cells)
        # Anchors of an axis are the multiples of this step.
        steps = map(gcd, placement.spacing, torus.dims)
        if any(step < length for step, length in zip(steps, placement.dims, strict=True)):
            shape = "x".join(map(str, placement.dims))
            message = f"anchors of placement {shape} overlap: one job can spoil several of them"
            yield Finding(Severity.ADVICE, "overlapping_anchors", place, message)
    unused = [node for node in torus.cells if node >= 0 and node not in reached]
    if torus.placements and unused:
        hostlist = fold(nodes[node].name for node in unused)
        message = f"no placement ever uses {len(unused)} nodes: {hostlist}"
        yield Finding(Severity.WARNING, "unused_cells", place, message)


def _tree_reach(topology: TreeTopology) -> Iterator[Finding]:
    """Jobs never span parts of a tree that no switch joins (1.5)."""
    largest = max(map(len, topology.members), default=0)
    covered = len(topology.leaf_of)
    if largest < covered:
        message = f"no switch reaches all {covered} nodes: "
        message += f"no job of {span(largest + 1, covered)} nodes ever starts"
        yield Finding(Severity.WARNING, "disconnected_tree", f"topology {topology.name}", message)
