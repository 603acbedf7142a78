"""How the topology that slurmctld runs with differs from the one in the file.

Nodes silently leave blocks (powered down, re-registered with another ``Topology=``), and a changed
file has no effect before a reconfigure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..hostlist import fold
from .block import BlockTopology
from .finding import Finding, Severity
from .ring import RingTopology
from .torus import TorusTopology
from .tree import TreeTopology

if TYPE_CHECKING:
    from . import Topology

_CHECK = "live_topology"


def live_differences(
    topology: Topology, names: Sequence[str], live: Topology, live_names: Sequence[str]
) -> tuple[Finding, ...]:
    """What differs between a configured and the live topology.

    Parameters
    ----------
    topology, names
        As configured, with the names of the nodes by index.
    live, live_names
        As ``scontrol show topology`` prints it, with its own node table.
    """
    if topology.kind != live.kind:
        message = f"topology/{live.kind} is live, topology/{topology.kind} in the file"
        return (Finding(Severity.ERROR, _CHECK, f"topology {topology.name}", message),)
    findings: list[Finding] = []
    if isinstance(topology, BlockTopology) and isinstance(live, BlockTopology):
        findings += _block_sizes(topology, live)
    expected, actual = _members(topology, names), _members(live, live_names)
    findings += _groups(expected, actual, topology.kind)
    common = [name for name in actual if name in expected]
    if common != [name for name in expected if name in actual]:
        message = "the order differs from the file, and order is adjacency"
        findings.append(Finding(Severity.ERROR, _CHECK, f"topology {topology.name}", message))
    return tuple(findings)


def _block_sizes(topology: BlockTopology, live: BlockTopology) -> Iterator[Finding]:
    """Slurm prints a level only if a group of it exceeds those of the level below (section 2)."""
    below = (0, *(1 << level for level in topology.levels))
    shown = {
        size
        for size, width in zip(topology.block_sizes, below, strict=False)
        if width < len(topology.blocks)
    }
    if shown != set(live.block_sizes):
        message = f"block sizes {sorted(live.block_sizes)} are live, {sorted(shown)} in the file"
        yield Finding(Severity.ERROR, _CHECK, f"topology {topology.name}", message)


def _groups(
    expected: Mapping[str, tuple[str, ...]], live: Mapping[str, tuple[str, ...]], kind: str
) -> Iterator[Finding]:
    what = {"tree": "switch", "torus3d": "torus"}.get(kind, kind)
    for name, nodes in expected.items():
        place = f"{what} {name}"
        if name not in live:
            if nodes:
                message = f"is not live; the file gives it {fold(nodes)}"
                yield Finding(Severity.ERROR, _CHECK, place, message)
            continue
        left = sorted(set(nodes) - set(live[name]))
        joined = sorted(set(live[name]) - set(nodes))
        if left:
            message = f"{fold(left)} left it: {len(live[name])} of {len(nodes)} nodes are live"
            yield Finding(Severity.ERROR, _CHECK, place, message)
        if joined:
            message = f"{fold(joined)} joined it, but not in the file"
            yield Finding(Severity.ERROR, _CHECK, place, message)
        if kind == "ring" and not (left or joined) and nodes != live[name]:
            message = f"its order is {fold(live[name], keep_order=True)}"
            yield Finding(Severity.ERROR, _CHECK, place, message)
    for name, nodes in live.items():
        if name not in expected and nodes:
            message = f"is live with {fold(nodes)}, but not in the file"
            yield Finding(Severity.ERROR, _CHECK, f"{what} {name}", message)


def _members(topology: Topology, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Names of the nodes of every block, ring, torus or leaf switch, in file order."""

    def named(nodes: Sequence[int]) -> tuple[str, ...]:
        return tuple(names[node] for node in nodes if node >= 0)

    if isinstance(topology, BlockTopology):
        return {block.name: named(block.nodes) for block in topology.blocks}
    if isinstance(topology, RingTopology):
        return {ring.name: named(ring.nodes) for ring in topology.rings}
    if isinstance(topology, TorusTopology):
        return {torus.name: named(torus.cells) for torus in topology.toruses}
    if isinstance(topology, TreeTopology):
        return {switch.name: named(switch.nodes) for switch in topology.switches}
    return {}
