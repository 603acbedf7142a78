"""``scontrol show licenses --json``: what Slurm itself counts as used in every layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..cluster import Cluster
from ..errors import ProblemLog
from ..hostlist import expand
from .jobs_keys import named, shown
from .slurm_json import BadField, field_of, iterate_json, number, text_of


@dataclass(frozen=True, slots=True)
class LayerUse:
    """One entry: the layer of a hierarchical resource, told by its nodes."""

    name: str
    nodes: tuple[str, ...]
    used: int


def read_licenses(text: str, log: ProblemLog) -> list[LayerUse]:
    """Entries with nodes, that is layers; ordinary licences are left out.

    Raises
    ------
    InputError
        When it is not JSON.
    """
    layers: list[LayerUse] = []
    is_known = False
    for place, key, value in iterate_json(text, log, ("licenses",)):
        if key != "licenses":
            continue
        is_known = True
        if not isinstance(value, Mapping):
            if value != []:
                log.error(place, shown(value), "an object")
            continue
        try:
            nodes = field_of(value, "Nodes", _names, "a hostlist")
            name = field_of(value, "LicenseName", text_of, "a text")
            used = field_of(value, "Used", number, "a whole number")
        except BadField as error:
            log.error(f"{place}.{error.name}", error.found, error.wanted)
            continue
        if nodes and used is not None:
            layers.append(LayerUse(name, nodes, used))
    if not is_known:
        log.error("", "no licenses", "the output of scontrol show licenses --json")
    return layers


def _names(value: object) -> tuple[str, ...]:
    text = text_of(value)
    return () if text == "(null)" else tuple(expand(text))


def used_by_layer(
    entries: Iterable[LayerUse], cluster: Cluster, log: ProblemLog
) -> dict[str, tuple[int, ...]]:
    """Use per layer of every resource of which the entries name all layers."""
    seen: dict[tuple[str, frozenset[int]], int] = {}
    for entry in entries:
        nodes = frozenset(cluster.index_of[n] for n in entry.nodes if n in cluster.index_of)
        seen[entry.name, nodes] = entry.used
    used: dict[str, tuple[int, ...]] = {}
    for resource in cluster.resources:
        amounts = [seen.get((resource.name, layer.nodes)) for layer in resource.layers]
        missing = [
            layer for layer, amount in zip(resource.layers, amounts, strict=True) if amount is None
        ]
        if not missing:
            used[resource.name] = tuple(amount or 0 for amount in amounts)
        elif len(missing) < len(amounts):
            layer = named(cluster.names(missing[0].nodes))
            found = f"{resource.name} has no entry for the layer of {layer}"
            log.warn("", f"{found}: its use is computed from the running jobs")
    return used
