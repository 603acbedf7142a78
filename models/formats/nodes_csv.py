"""Node files in CSV: ``node,state[,partitions,features,weight,gpus,power_w,clique]``."""

from __future__ import annotations

import re
from dataclasses import replace

from ..errors import ProblemLog
from ..hostlist import HostlistError
from ..node import KNOWN_STATES, Node, parse_states
from .csv_rows import read_rows
from .jobs_keys import MAX_POWER_W, expand_cached, shown

COLUMNS = ("node", "state", "partitions", "features", "weight", "gpus", "power_w", "clique")
MAX_WEIGHT = 0xFFFF_FFFE  # man slurm.conf, Weight

# What `sinfo -o %t` prints (man sinfo, NODE STATE CODES).
_SHORT_STATES = {
    "BLOCK": "BLOCKED",
    "BOOT": "REBOOT",
    "DRNG": "DRAINING",
    "FAILG": "FAILING",
    "FUTR": "FUTURE",
    "MIX": "MIXED",
    "NPC": "PERFCTRS",
    "PLND": "PLANNED",
    "POW_DN": "POWERING_DOWN",
    "POW_UP": "POWERING_UP",
    "RESV": "RESERVED",
    "UNK": "UNKNOWN",
}
_SEPARATORS = re.compile(r"[,;|\s]+")
_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)


def read_nodes_csv(text: str, log: ProblemLog) -> list[Node]:
    """Nodes of a CSV text.

    Parameters
    ----------
    text
        A table with at least the columns node and state. A node may be a hostlist, one row for
        all of them; partitions and features are lists in one cell.
    log
        Where problems go.
    """
    nodes: list[Node] = []
    first_line: dict[str, int] = {}
    templates: dict[tuple[tuple[str, str], ...], Node] = {}
    for line, row in read_rows(text, log, known=COLUMNS, required=("node", "state")):
        names = _names(row.pop("node", ""), line, log)
        for name in names:
            if name in first_line:
                found = f"node {name} a second time (first on line {first_line[name]})"
                log.error(f"line {line}", found, "each node once")
            first_line.setdefault(name, line)
        # Most rows of a large cluster differ in the node only; a faulty one is told every time.
        cells = tuple(row.items())
        template = templates.get(cells)
        if template is None:
            num_errors = len(log.errors)
            template = _node(row, f"line {line}", log)
            if len(log.errors) == num_errors:
                templates[cells] = template
        nodes += [replace(template, name=name) for name in names]
    return nodes


def _names(text: str, line: int, log: ProblemLog) -> tuple[str, ...]:
    try:
        names = expand_cached(text)
    except HostlistError as error:
        log.error(f"line {line}, node", str(error), "a node name or hostlist")
        return ()
    if not names:
        log.error(f"line {line}, node", "no node", "a node name or hostlist")
    return names


def _node(row: dict[str, str], place: str, log: ProblemLog) -> Node:
    words = parse_states(_SEPARATORS.split(row.get("state", "idle")))
    states = frozenset(_SHORT_STATES.get(word, word) for word in words)
    if not states <= KNOWN_STATES:
        log.error(f"{place}, state", shown(row["state"]), "a node state of Slurm, such as idle")
    return Node(
        name="",
        states=states,
        partitions=tuple(_SEPARATORS.split(row["partitions"])) if "partitions" in row else (),
        features=frozenset(_SEPARATORS.split(row["features"]))
        if "features" in row
        else frozenset(),
        weight=_whole(row, "weight", 1, MAX_WEIGHT, place, log),
        gpus=_whole(row, "gpus", 0, 1024, place, log),
        power_w=_whole(row, "power_w", 0, MAX_POWER_W, place, log),
        clique=row.get("clique"),
    )


def _whole(
    row: dict[str, str], column: str, default: int, high: int, place: str, log: ProblemLog
) -> int:
    text = row.get(column)
    if text is None:
        return default
    if _WHOLE.fullmatch(text) is None or int(text) > high:
        log.error(f"{place}, {column}", shown(text), f"a whole number from 0 to {high}")
        return default
    return int(text)
