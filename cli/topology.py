"""``rackwright topology``: draws, exports and checks a topology."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .state_options import NodeFiles, SlurmConf, Unavailable

if TYPE_CHECKING:
    import networkx as nx

    from ..models.formats.state import LoadedState
    from ..models.topology.finding import Finding

EXIT_FINDING = 1
_JSON_VERSION = 1


class FailOn(StrEnum):
    """The least severe finding that fails ``--check``."""

    ADVICE = "advice"
    WARNING = "warning"
    ERROR = "error"


def topology(
    file: Annotated[
        Path,
        typer.Argument(
            help="topology.yaml, topology.conf or text of `scontrol show topology`.",
            exists=True,
            dir_okay=False,
        ),
    ],
    nodes: NodeFiles = None,
    slurm_conf: SlurmConf = None,
    unavailable: Unavailable = None,
    live: Annotated[
        Path | None,
        typer.Option(
            help="Text of `scontrol show topology`, to be compared with FILE.",
            exists=True,
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print findings only; exit 1 if there are any.")
    ] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="The least severe finding that fails --check.")
    ] = FailOn.WARNING,
    depth: Annotated[
        int | None, typer.Option(min=0, help="Levels below the cluster to draw; default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    graphml: Annotated[
        Path | None,
        typer.Option(help="Also write the hierarchy here as GraphML.", metavar="FILE"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the result here instead of stdout.", metavar="FILE")
    ] = None,
) -> None:
    """Draw the hierarchy of a topology with its capacities, and check it more strictly than Slurm.

    Findings follow the tree: errors, warnings, then advice. Without --check they do not change the
    exit code; a file that cannot be read at all ends with 2.
    """
    from ..models.formats.atomic import write_atomically
    from ..models.formats.state import load_state
    from ..models.topology.hierarchy import build_hierarchy
    from .crash_report import remember
    from .output import check_folder
    from .topology_tree import graphml as as_graphml

    check_folder(output)
    check_folder(graphml)
    state = load_state(
        topology=file, nodes=nodes or (), slurm_conf=slurm_conf, unavailable=unavailable or ()
    )
    instance = state.instance
    remember(instance)
    names = [node.name for node in instance.cluster.nodes]
    findings = _findings(file, live, state)
    graphs = [
        build_hierarchy(each, names, free=instance.free) for each in instance.cluster.topologies
    ]
    if as_json:
        text = _as_json(state, graphs, findings)
    else:
        text = _as_text(state, [] if check else graphs, findings, depth)
    if graphml is not None:
        write_atomically(graphml, as_graphml(graphs))
    if output is not None:
        write_atomically(output, text)
    else:
        sys.stdout.write(text)
    worst = max((finding.severity.name.lower() for finding in findings), key=_rank, default="")
    if check and worst and _rank(worst) >= _rank(fail_on):
        raise typer.Exit(EXIT_FINDING)


def _rank(severity: str) -> int:
    return list(FailOn).index(FailOn(severity))


def _findings(file: Path, live: Path | None, state: LoadedState) -> list[Finding]:
    """What the readers warned of, what the checks found, and how the live topology differs."""
    from ..models.formats.topology_bind import bind_topologies
    from ..models.formats.topology_file import read_topology
    from ..models.topology.checks import check_topology
    from ..models.topology.finding import Finding, Severity
    from ..models.topology.live import live_differences

    cluster = state.instance.cluster
    findings = [
        Finding(
            Severity.WARNING,
            "input",
            f"{problem.source}{f', {problem.place}' if problem.place else ''}",
            problem.found + (f"; wanted {problem.wanted}" if problem.wanted else ""),
        )
        for problem in state.warnings
    ]
    for each in cluster.topologies:
        findings += check_topology(each, cluster.nodes)
    if live is not None:
        live_names, (actual, *_), _ = bind_topologies(read_topology(live))
        names = [node.name for node in cluster.nodes]
        findings += live_differences(cluster.topologies[0], names, actual, live_names)
    return sorted(findings, key=lambda finding: -finding.severity)


def _as_text(
    state: LoadedState,
    graphs: Iterable[nx.DiGraph[str]],
    findings: list[Finding],
    depth: int | None,
) -> str:
    """The trees, then a line for each finding, then their number."""
    from rich.console import Console

    from .text import escape_control
    from .topology_tree import draw_tree

    # Hostlists may be longer than a line: nothing is cut, wrapped or coloured.
    console = Console(width=1 << 16, color_system=None, markup=False, highlight=False, emoji=False)
    with console.capture() as lines:
        for each, graph in zip(state.instance.cluster.topologies, graphs, strict=False):
            console.print(draw_tree(graph, each, depth))
    trees = "".join(f"{line.rstrip()}\n" for line in lines.get().splitlines())
    told = "".join(f"{escape_control(str(finding))}\n" for finding in findings)
    return f"{trees}{told}{_summary(findings)}\n"


def _summary(findings: list[Finding]) -> str:
    from ..models.topology.finding import Severity

    counts = Counter(finding.severity for finding in findings)
    parts = [
        f"{counts[severity]} {severity.name.lower()}{'s' if counts[severity] > 1 else ''}"
        for severity in sorted(Severity, reverse=True)
        if counts[severity]
    ]
    return ", ".join(parts).replace("advices", "pieces of advice") or "no findings"


def _as_json(state: LoadedState, graphs: list[nx.DiGraph[str]], findings: list[Finding]) -> str:
    from .topology_tree import hierarchy_json

    document = {
        "version": _JSON_VERSION,
        "topologies": [
            {
                "name": each.name,
                "kind": each.kind,
                "block_sizes": list(getattr(each, "block_sizes", ())),
                "hierarchy": hierarchy_json(graph),
            }
            for each, graph in zip(state.instance.cluster.topologies, graphs, strict=True)
        ],
        "findings": [
            {
                "severity": finding.severity.name.lower(),
                "check": finding.check,
                "place": finding.place,
                "message": finding.message,
            }
            for finding in findings
        ],
    }
    return json.dumps(document, indent=1) + "\n"
