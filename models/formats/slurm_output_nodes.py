"""``scontrol show nodes --json`` and ``sinfo --json``: the node table, and sinfo's partitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..errors import ProblemLog
from ..hostlist import expand
from ..node import Node, parse_states
from .jobs_keys import shown
from .slurm_json import BadField, field_of, iterate_json, number, text_of, words

_GRES_COUNT = re.compile(r"(?:gres/)?gpu(?::[^:(]*)*?[:=]([0-9]{1,6})(?:\(.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SinfoPartition:
    """A partition as sinfo shows it beside its nodes."""

    name: str
    is_default: bool
    priority_tier: int
    topology: str | None
    is_exclusive_topo: bool


@dataclass(slots=True)
class NodeTable:
    """What a node file says.

    Attributes
    ----------
    nodes
        By name, in file order.
    partitions
        From ``sinfo --json`` only.
    is_complete
        Whether it lists every node that Slurm knows.
    has_merged_features
        Whether features were left out because sinfo prints one node's for a whole group.
    now_s
        When it was written.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    partitions: dict[str, SinfoPartition] = field(default_factory=dict)
    is_complete: bool = True
    has_merged_features: bool = False
    now_s: int | None = None


class _Interned:
    """Shares equal values: 55,000 nodes have a handful of distinct states and partition lists."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, ...], frozenset[str]] = {}
        self._words: dict[tuple[str, ...], frozenset[str]] = {}
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}

    def states(self, key: tuple[str, ...]) -> frozenset[str]:
        """State words, compound forms split."""
        if key not in self._states:
            self._states[key] = parse_states(key)
        return self._states[key]

    def word_set(self, key: tuple[str, ...]) -> frozenset[str]:
        """A set of words."""
        return self._words.setdefault(key, frozenset(key))

    def word_list(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """A list of words."""
        return self._lists.setdefault(key, key)


def read_nodes_json(text: str, log: ProblemLog) -> NodeTable:
    """Nodes of either command.

    Parameters
    ----------
    text
        The command's output, of any data_parser version.
    log
        Where problems go.

    Raises
    ------
    InputError
        When it is not JSON.
    """
    table = NodeTable()
    interned = _Interned()
    is_known = False
    for place, key, value in iterate_json(text, log, ("nodes", "sinfo")):
        if key in ("nodes", "sinfo"):
            is_known = True
            _read_element(place, key, value, table, interned, log)
        elif key == "last_update":
            table.now_s = _now(value)
    if not is_known and not log.errors:
        wanted = "the output of scontrol show nodes --json or sinfo --json"
        log.error("", "neither nodes nor sinfo", wanted)
    return table


def _now(value: object) -> int | None:
    try:
        return number(value) or None
    except ValueError:
        return None


_Reader = Callable[[Mapping[str, object], NodeTable, _Interned], None]


def _read_element(
    place: str, key: str, value: object, table: NodeTable, interned: _Interned, log: ProblemLog
) -> None:
    if not isinstance(value, Mapping):
        if value != []:  # an empty list comes as it is, not element by element
            log.error(place, shown(value), "an object")
        return
    reader: _Reader = _read_node if key == "nodes" else _read_sinfo_row
    try:
        reader(value, table, interned)
    except BadField as error:
        log.error(f"{place}.{error.name}", error.found, error.wanted)


def _read_node(value: Mapping[str, object], table: NodeTable, interned: _Interned) -> None:
    """One element of ``scontrol show nodes --json``."""
    name = field_of(value, "name", text_of, "a node name") or field_of(
        value, "hostname", text_of, "a node name"
    )
    if not name:
        raise BadField("name", "no node name", "a node name")
    if name in table.nodes:
        raise BadField("name", f"node {name} a second time", "each node once")
    states = interned.states(field_of(value, "state", words, "state words"))
    features = field_of(value, "active_features", words, "feature names") or field_of(
        value, "features", words, "feature names"
    )
    table.nodes[name] = Node(
        name=name,
        states=states,
        partitions=interned.word_list(field_of(value, "partitions", words, "partition names")),
        features=interned.word_set(features),
        weight=field_of(value, "weight", number, "a whole number") or 1,
        gpus=count_gpus(field_of(value, "gres", text_of, "a GRES list")),
    )


def _read_sinfo_row(value: Mapping[str, object], table: NodeTable, interned: _Interned) -> None:
    """One element of ``sinfo --json``: some nodes of one partition in one state."""
    row = _flat(value)
    names = _row_names(row)
    states = interned.states(field_of(row, "node.state", words, "state words"))
    partition = field_of(row, "partition.name", text_of, "a partition name")
    features = field_of(row, "features.active", words, "feature names")
    if len(names) > 1 and features:
        # sinfo groups nodes whose features differ and prints those of the first.
        table.has_merged_features = True
        features = ()
    gpus = count_gpus(field_of(row, "gres.total", text_of, "a GRES list"))
    weight = field_of(row, "weight.minimum", number, "a whole number") or 1
    if partition:
        table.partitions.setdefault(partition, _sinfo_partition(row, partition))
    for name in names:
        known = table.nodes.get(name)
        partitions = known.partitions if known else ()
        if partition and partition not in partitions:
            partitions = interned.word_list((*partitions, partition))
        table.nodes[name] = Node(
            name, states, partitions, interned.word_set(features), weight, gpus
        )


def _row_names(row: Mapping[str, object]) -> tuple[str, ...]:
    listed = row.get("nodes.nodes")
    if isinstance(listed, list):
        text = ",".join(field_of(row, "nodes.nodes", words, "node names"))
    else:
        text = field_of(row, "nodes.nodes", text_of, "node names")
    try:
        return tuple(expand(text))
    except ValueError as error:
        raise BadField("nodes.nodes", str(error), "node names") from None


def _sinfo_partition(row: Mapping[str, object], name: str) -> SinfoPartition:
    flags = field_of(row, "partition.flags", words, "flags")
    exclusive = field_of(row, "partition.partition.exclusive", words, "words")
    return SinfoPartition(
        name=name,
        is_default="DEFAULT" in (flag.upper() for flag in flags),
        priority_tier=_tier(row),
        topology=field_of(row, "partition.topology", text_of, "a topology name") or None,
        is_exclusive_topo="TOPO" in (word.upper() for word in exclusive)
        or "EXCLUSIVE_TOPO" in (flag.upper() for flag in flags),
    )


def _tier(row: Mapping[str, object]) -> int:
    tier = field_of(row, "partition.priority.tier", number, "a whole number")
    return 1 if tier is None else tier


def _flat(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested objects as dotted keys; ``{set, infinite, number}`` stays whole."""
    flat: dict[str, object] = {}
    for key, inner in value.items():
        if isinstance(inner, Mapping) and "number" not in inner:
            flat |= _flat(inner, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = inner
    return flat


def count_gpus(gres: str) -> int:
    """GPUs of a GRES list such as ``gpu:gb200:4(S:0-1),nvme:2``."""
    total = 0
    for item in re.split(r",(?![^(]*\))", gres):
        match = _GRES_COUNT.fullmatch(item.strip())
        if match:
            total += int(match[1])
        elif item.strip() in ("gpu", "gres/gpu"):
            total += 1
    return total
