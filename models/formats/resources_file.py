"""resources.yaml, and power.yaml with its caps in watts (slurm_semantics 5.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ..errors import ProblemLog
from ..hostlist import HostlistError, expand, fold
from ..resources import INFINITE, Layer, Mode, Resource
from .resources_tree import nest_layers
from .text import read_text
from .yaml_fields import Fields, place
from .yaml_file import MAX_YAML_BYTES, YamlList, YamlMapping, YamlScalar, describe, parse_yaml

_SLURM_INFINITE = 0xFFFF_FFFE  # NO_VAL and INFINITE of 32 bits count as infinite (5.1)
_MAX_WATTS = 10**12
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_WANTED = "a list of resources"


def read_resources(
    path: Path,
    node_names: Sequence[str],
    *,
    topology_names: Collection[str] | None = None,
    log: ProblemLog | None = None,
) -> tuple[Resource, ...]:
    """Resources of a resources.yaml or power.yaml over node indices.

    Parameters
    ----------
    path
        The file.
    node_names
        Names of the nodes in index order; a layer may name no others.
    topology_names
        The topologies that ``topology:`` may name, if known.
    log
        Receives errors and warnings; its own one by default.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    log = ProblemLog(str(path)) if log is None else log
    text = read_text(path, max_bytes=MAX_YAML_BYTES)
    return parse_resources(text, node_names, topology_names=topology_names, log=log)


def parse_resources(
    text: str,
    node_names: Sequence[str],
    *,
    topology_names: Collection[str] | None = None,
    log: ProblemLog,
) -> tuple[Resource, ...]:
    """As `read_resources`, from a text."""
    reader = _Reader(node_names, topology_names, log)
    root = parse_yaml(text, log)
    if isinstance(root, YamlMapping):
        entries = [Fields(root, "", log)]
    elif isinstance(root, YamlList):
        found = [Fields.of(item, f"[{index}]", log) for index, item in enumerate(root.items)]
        entries = [fields for fields in found if fields is not None]
    else:
        log.error("" if root is None else place(root.line, ""), "no resources", _WANTED)
        entries = []
    read = [reader.resource(fields) for fields in entries]
    log.raise_errors()
    return tuple(resource for resource in read if resource is not None)


class _Reader:
    """Reads one file; holds what every resource of it is checked against."""

    def __init__(
        self, node_names: Sequence[str], topology_names: Collection[str] | None, log: ProblemLog
    ) -> None:
        self.index_of = {name: index for index, name in enumerate(node_names)}
        self.topology_names = topology_names
        self.log = log
        self._seen: set[str] = set()

    def resource(self, fields: Fields) -> Resource | None:
        """One resource; None if it is too broken to go on."""
        name = self._name(fields)
        mode = self._mode(fields)
        unit = self._unit(fields, mode)
        topology = self._topology(fields, mode)
        idle_w = fields.integer("idle_w", low=0, high=_MAX_WATTS) or 0
        if idle_w and unit is None:
            self.log.error(fields.at("idle_w"), "idle_w without a unit", "unit: W beside it")
        variables = self._named_counts(fields, "variables")
        layers = self._layers(fields, is_power=unit is not None)
        fields.refuse_unknown()
        if topology is not None and not variables and unit is None:
            # Slurm drops the mapping silently (5.1).
            wanted = "a variable, without which Slurm ignores the topology"
            self.log.warn(
                fields.at("topology"), f"topology {topology!r} without variables", wanted
            )
        if name is None or mode is None:
            return None
        if mode is Mode.MODE_3:
            layers = nest_layers(layers, self.log, for_slurm=unit is None)
        for layer, where in layers:
            if layer.count != INFINITE and layer.base > layer.count:
                found = f"base {layer.base} of layer {layer.name} exceeds its count {layer.count}"
                self.log.error(where, found, "base values, with those below, up to the count")
        return Resource(
            name=name,
            mode=mode,
            layers=tuple(layer for layer, _ in layers),
            variables=variables,
            topology=topology,
            unit=unit,
            idle_w=idle_w,
        )

    def _name(self, fields: Fields) -> str | None:
        wanted = "a name of letters, digits, dots, dashes and underscores"
        name = fields.text("resource", wanted=wanted, required=True)
        if name is None:
            return None
        if _NAME.fullmatch(name) is None:
            self.log.error(fields.at("resource"), f"resource {name!r}", wanted)
        if name in self._seen:
            self.log.error(fields.here, f"resource {name!r} a second time", "each name once")
        self._seen.add(name)
        return name

    def _mode(self, fields: Fields) -> Mode | None:
        wanted = "MODE_1, MODE_2 or MODE_3"
        text = fields.text("mode", wanted=wanted, required=True)
        if text is None:
            return None
        try:
            return Mode[text.upper()]
        except KeyError:
            self.log.error(fields.at("mode"), f"mode {text[:40]!r}", wanted)
            return None

    def _unit(self, fields: Fields, mode: Mode | None) -> str | None:
        unit = fields.text("unit", wanted="W")
        if unit is None:
            return None
        if unit != "W":
            self.log.error(fields.at("unit"), f"unit {unit[:40]!r}", "W")
        elif mode is not None and mode is not Mode.MODE_3:
            self.log.error(fields.at("unit"), f"unit W with {mode.name}", "MODE_3 for power caps")
        return unit

    def _topology(self, fields: Fields, mode: Mode | None) -> str | None:
        topology = fields.text("topology", wanted="the name of a topology")
        if topology is None:
            return None
        if mode is not None and mode is not Mode.MODE_3:
            self.log.warn(fields.at("topology"), f"topology of a {mode.name} resource is ignored")
            return None
        if self.topology_names is not None and topology not in self.topology_names:
            known = ", ".join(sorted(self.topology_names))
            self.log.error(
                fields.at("topology"), f"unknown topology {topology!r}", f"one of {known}"
            )
        return topology

    def _named_counts(self, fields: Fields, key: str) -> dict[str, int]:
        """A list of ``{name, value}``."""
        counts: dict[str, int] = {}
        for entry in fields.children(key):
            name = entry.text("name", wanted="a name", required=True)
            value = entry.integer("value", low=0, high=_MAX_WATTS, required=True)
            entry.refuse_unknown()
            if name is None or value is None:
                continue
            if name in counts:
                self.log.error(entry.here, f"{name!r} a second time", "each name once")
            counts[name] = value
        return counts

    def _layers(self, fields: Fields, *, is_power: bool) -> list[tuple[Layer, str]]:
        """Layers in file order, each with its place."""
        layers: list[tuple[Layer, str]] = []
        seen: dict[frozenset[int], str] = {}
        for entry in fields.children("layers"):
            layer = self._layer(entry, is_power)
            if layer is None:
                continue
            if layer.nodes in seen:
                found = f"layer with the nodes of layer {seen[layer.nodes]}"
                self.log.error(entry.here, found, "each set of nodes once")
            seen.setdefault(layer.nodes, layer.name)
            layers.append((layer, entry.here))
        if not fields.has("layers") or (not layers and not self.log.errors):
            self.log.error(fields.here, "no layers", "at least one layer")
        return layers

    def _layer(self, entry: Fields, is_power: bool) -> Layer | None:
        nodes, label = self._nodes(entry)
        count = entry.integer("count", high=_MAX_WATTS, required=True)
        base = sum(self._named_counts(entry, "base").values())
        name = entry.text("name", wanted="a label") if is_power else None
        entry.refuse_unknown()
        if count is None or not nodes:
            return None
        is_infinite = count < 0 or (count >= _SLURM_INFINITE and not is_power)
        return Layer(nodes, INFINITE if is_infinite else count, base, name or label)

    def _nodes(self, entry: Fields) -> tuple[frozenset[int], str]:
        """Indices of a layer's nodes, and their hostlist as written."""
        value = entry.get("nodes")
        items = value.items if isinstance(value, YamlList) else [value] if value else []
        texts = [item.text for item in items if isinstance(item, YamlScalar) and item.text]
        if not texts or len(texts) < len(items):
            found = "no nodes" if not items else f"nodes is {describe(items[0])}"
            self.log.error(entry.at("nodes"), found, "a hostlist, or a list of hostlists")
            return frozenset(), ""
        label = ",".join(texts)
        try:
            names = expand(label)
        except HostlistError as error:
            self.log.error(entry.at("nodes"), str(error), "a hostlist such as n[001-018]")
            return frozenset(), label
        unknown = [name for name in names if name not in self.index_of]
        if unknown:
            found = f"unknown nodes {fold(unknown[:8])}{' ...' if len(unknown) > 8 else ''}"
            self.log.error(entry.at("nodes"), found, "nodes of the cluster")
        indices = frozenset(self.index_of[name] for name in names if name in self.index_of)
        return indices, label
