"""Nodes and partitions of slurm.conf, as far as placement depends on them (man slurm.conf)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import Problem, ProblemLog
from ..node import KNOWN_STATES, Node, parse_states
from .config_lines import ConfigLine, config_lines
from .slurm_output_nodes import NodeTable, SinfoPartition, count_gpus
from .text import read_text
from .yaml_fields import hostlist_of

_YES = frozenset({"yes", "true", "1", "y"})
_NO = frozenset({"no", "false", "0", "n"})
_MAX_WEIGHT = 0xFFFF_FFFE
_MAX_TIER = 0xFFFF  # PriorityTier has 16 bits
_PARTITION_STATES = frozenset({"UP", "DOWN", "DRAIN", "INACTIVE"})


@dataclass(slots=True)
class SlurmConfig:
    """What a slurm.conf says about nodes and partitions.

    Attributes
    ----------
    nodes
        By name, in file order, with their partitions.
    partitions
        By name, in file order.
    closed_partitions
        Partitions whose State is not UP: no job starts there.
    topology_params
        TopologyParam, split at commas, in lower case.
    warnings
        What was not taken into account.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    partitions: dict[str, SinfoPartition] = field(default_factory=dict)
    closed_partitions: frozenset[str] = frozenset()
    topology_params: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()

    @property
    def node_table(self) -> NodeTable:
        """The same, as any other node file would say it."""
        return NodeTable(dict(self.nodes), dict(self.partitions))

    @property
    def is_dragonfly(self) -> bool:
        """TopologyParam=Dragonfly."""
        return "dragonfly" in self.topology_params

    @property
    def ranks_by_topology(self) -> bool:
        """TopologyParam=BlockAsNodeRank or SwitchAsNodeRank (slurm_semantics 0.2)."""
        return bool(self.topology_params & {"blockasnoderank", "switchasnoderank"})


def read_slurm_conf(path: Path, *, log: ProblemLog | None = None) -> SlurmConfig:
    """Nodes and partitions of a slurm.conf.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    log = ProblemLog(str(path)) if log is None else log
    config = parse_slurm_conf(read_text(path), log)
    log.raise_errors()
    return config


def parse_slurm_conf(text: str, log: ProblemLog) -> SlurmConfig:
    """As `read_slurm_conf`, from a text; the caller raises what `log` has collected."""
    reader = _Reader(log)
    for line in config_lines(text, log):
        take = reader.takers.get(line.first_key)
        if take is not None:
            take(line)
    return reader.finish()


class _Reader:
    """Collects lines; DEFAULT lines replace or add to earlier defaults, as in Slurm."""

    def __init__(self, log: ProblemLog) -> None:
        self.log = log
        self.takers: dict[str, Callable[[ConfigLine], None]] = {
            "nodename": self._node_line,
            "partitionname": self._partition_line,
            "nodeset": self._node_set_line,
            "topologyparam": self._topology_param_line,
            "include": self._include_line,
        }
        self._config = SlurmConfig()
        self._node_defaults: dict[str, str] = {}
        self._partition_defaults: dict[str, str] = {}
        self._node_sets: dict[str, ConfigLine] = {}
        self._members: dict[str, tuple[ConfigLine, str]] = {}
        self._closed: set[str] = set()

    def finish(self) -> SlurmConfig:
        """Resolve what partitions contain, once all nodes are known."""
        config = self._config
        partitions_of: dict[str, list[str]] = {name: [] for name in config.nodes}
        for partition, (line, text) in self._members.items():
            for name in self._resolve(text, line):
                if name in partitions_of:
                    partitions_of[name].append(partition)
        config.nodes = {
            name: replace(node, name=name, partitions=tuple(partitions_of[name]))
            for name, node in config.nodes.items()
        }
        config.closed_partitions = frozenset(self._closed)
        config.warnings = tuple(self.log.warnings)
        return config

    def _node_line(self, line: ConfigLine) -> None:
        if line.pairs["nodename"].upper() == "DEFAULT":
            self._node_defaults.update(line.pairs)
            return
        place = line.place("NodeName")
        pairs = {**self._node_defaults, **line.pairs}
        states = parse_states(re.split(r"[,\s]+", pairs.get("state", "")))
        if not states <= KNOWN_STATES:
            wanted = "a node state of Slurm, such as IDLE"
            self.log.error(place, f"State {pairs['state'][:40]!r}", wanted)
        features = pairs.get("features", pairs.get("feature", ""))
        template = Node(
            name="",
            # UNKNOWN is how a configuration says that slurmd will tell.
            states=states - {"UNKNOWN"},
            features=frozenset(filter(None, features.split(","))),
            weight=self._number(pairs, "weight", 1, _MAX_WEIGHT, place),
            gpus=count_gpus(pairs.get("gres", "")),
        )
        for name in hostlist_of(line.pairs["nodename"], place, self.log):
            if name in self._config.nodes:
                self.log.error(place, f"node {name} a second time", "each node once")
            self._config.nodes[name] = template

    def _partition_line(self, line: ConfigLine) -> None:
        name = line.pairs["partitionname"]
        if name.upper() == "DEFAULT":
            self._partition_defaults.update(line.pairs)
            return
        place = line.place("PartitionName")
        pairs = {**self._partition_defaults, **line.pairs}
        if name in self._config.partitions:
            self.log.error(place, f"partition {name!r} a second time", "each partition once")
        state = pairs.get("state", "UP").upper()
        if state not in _PARTITION_STATES:
            wanted = f"one of {', '.join(sorted(_PARTITION_STATES))}"
            self.log.error(place, f"State {state[:40]!r}", wanted)
        if state in ("DOWN", "INACTIVE"):
            self._closed.add(name)
            self.log.warn(place, f"partition {name!r} is {state}", "State=UP for jobs to start")
        # Priority set both PriorityTier and PriorityJobFactor before they were told apart.
        tier_key = "prioritytier" if "prioritytier" in pairs else "priority"
        self._config.partitions[name] = SinfoPartition(
            name=name,
            is_default=self._flag(pairs, "default", place),
            priority_tier=self._number(pairs, tier_key, 1, _MAX_TIER, place),
            topology=pairs.get("topology"),
            is_exclusive_topo=self._flag(pairs, "exclusivetopo", place)
            or pairs.get("exclusive", "").upper() == "TOPO",
        )
        self._members[name] = (line, pairs.get("nodes", ""))

    def _node_set_line(self, line: ConfigLine) -> None:
        self._node_sets[line.pairs["nodeset"]] = line

    def _topology_param_line(self, line: ConfigLine) -> None:
        words = line.pairs["topologyparam"].lower().split(",")
        self._config.topology_params |= {word.strip() for word in words}

    def _include_line(self, line: ConfigLine) -> None:
        found = f"Include {line.pairs['include']!r} is not followed"
        self.log.warn(f"line {line.number}", found, "its NodeName and PartitionName lines here")

    def _resolve(self, text: str, line: ConfigLine) -> Iterable[str]:
        """Node names of ``Nodes=``: hostlists, node sets and ALL."""
        place = line.place("PartitionName")
        names: dict[str, None] = {}
        for name in hostlist_of(text, place, self.log):
            if name == "ALL":
                names.update(dict.fromkeys(self._config.nodes))
            elif name in self._node_sets:
                names.update(dict.fromkeys(self._node_set(self._node_sets[name])))
            elif name in self._config.nodes:
                names[name] = None
            else:
                self.log.error(place, f"unknown node {name!r}", "a NodeName of this file")
        return names

    def _node_set(self, line: ConfigLine) -> Iterable[str]:
        feature = line.pairs.get("feature")
        if feature is not None:
            yield from (
                name for name, node in self._config.nodes.items() if feature in node.features
            )
        yield from hostlist_of(line.pairs.get("nodes", ""), line.place("NodeSet"), self.log)

    def _number(self, pairs: dict[str, str], key: str, default: int, high: int, place: str) -> int:
        text = pairs.get(key)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= high):
            self.log.error(place, f"{key} is {text[:40]!r}", f"a whole number from 0 to {high}")
            return default
        return int(text)

    def _flag(self, pairs: dict[str, str], key: str, place: str) -> bool:
        text = pairs.get(key, "no").lower()
        if text not in _YES | _NO:
            self.log.error(place, f"{key} is {text[:40]!r}", "YES or NO")
        return text in _YES
