"""topology.yaml: a list of topologies, each of one kind (slurm_semantics 1.1)."""

from __future__ import annotations

from ..errors import ProblemLog
from .topology_spec import KINDS, GroupSpec, TopologySpec
from .topology_torus import read_toruses
from .yaml_fields import Fields, integer_of, place
from .yaml_file import YamlList, YamlMapping, YamlScalar, YamlValue, describe, parse_yaml

_WANTED_KEYS = f"the keys topology and one of {', '.join(KINDS)}"
_TOPOGRAPH = "a simulation model of topograph, not a topology of Slurm"


def parse_topology_yaml(text: str, log: ProblemLog) -> tuple[TopologySpec, ...]:
    """The topologies of a topology.yaml; those with ``cluster_default`` first (1.1)."""
    root = parse_yaml(text, log)
    specs: list[tuple[bool, TopologySpec]] = []
    for fields in _entries(root, log):
        spec = _topology(fields, log)
        if spec is not None:
            specs.append((fields.boolean("cluster_default"), spec))
            fields.refuse_unknown()
    names: set[str] = set()
    for _, spec in specs:
        if spec.name in names:
            log.error(spec.place, f"topology {spec.name!r} a second time", "each name once")
        names.add(spec.name)
    defaults = [spec for is_default, spec in specs if is_default]
    if len(defaults) > 1:
        found = f"{len(defaults)} topologies with cluster_default; {defaults[0].name!r} is taken"
        log.warn(defaults[1].place, found, "one default")
    return tuple(spec for _, spec in sorted(specs, key=lambda pair: not pair[0]))


def _entries(root: YamlValue | None, log: ProblemLog) -> list[Fields]:
    """The topologies; a single mapping is a list of one."""
    wanted = "a list of topologies"
    if root is None or (isinstance(root, YamlScalar) and root.is_null):
        log.error("", "no topology", wanted)
        return []
    if isinstance(root, YamlScalar):
        log.error(place(root.line, ""), describe(root), wanted)
        return []
    if isinstance(root, YamlMapping):
        if "topology" not in root.entries and root.entries.keys() & {"switches", "blocks"}:
            log.error(place(root.line, ""), _TOPOGRAPH, f"{wanted} (topograph can generate one)")
            return []
        return [Fields(root, "", log)]
    if not root.items:
        log.error(place(root.line, ""), "no topology", wanted)
    found = [Fields.of(item, f"[{index}]", log) for index, item in enumerate(root.items)]
    return [fields for fields in found if fields is not None]


def _topology(fields: Fields, log: ProblemLog) -> TopologySpec | None:
    if not fields.mapping.entries.keys() & {"topology", *KINDS}:
        log.error(fields.here, "no topology", _WANTED_KEYS)
        return None
    name = fields.text("topology", wanted="a name for the topology", required=True) or ""
    given = [kind for kind in KINDS if _is_given(fields.get(kind))]
    real = [kind for kind in given if not _is_empty_mapping(fields.get(kind))]
    # scontrol show topoconf prints an empty mapping for every kind that is not in use.
    kinds = real if real else given
    wanted = f"one of {', '.join(KINDS)}"
    if len(kinds) != 1:
        found = f"{' and '.join(kinds)} in one topology" if kinds else "no kind of topology"
        log.error(fields.here, found, wanted)
        return None
    kind = kinds[0]
    if kind == "flat":
        _read_flat(fields, log)
        return TopologySpec(name, "flat", fields.here)
    value = fields.get(kind)
    path = f"{fields.path}.{kind}" if fields.path else kind
    inner = Fields.of(value, path, log) if value is not None else None
    if inner is None:
        return None
    spec = _READERS[kind](name, fields.here, inner, log)
    inner.refuse_unknown()
    return spec


def _is_given(value: YamlValue | None) -> bool:
    return value is not None and not (
        isinstance(value, YamlScalar) and value.text.lower() == "false"
    )


def _is_empty_mapping(value: YamlValue | None) -> bool:
    return isinstance(value, YamlMapping) and not value.entries


def _read_flat(fields: Fields, log: ProblemLog) -> None:
    value = fields.get("flat")
    if isinstance(value, YamlMapping):
        options = Fields(value, fields.at("flat"), log)
        options.boolean("alpha_step_rank")
        options.refuse_unknown()
    else:
        fields.boolean("flat")


def _read_block(name: str, where: str, fields: Fields, log: ProblemLog) -> TopologySpec:
    return TopologySpec(
        name,
        "block",
        where,
        block_sizes=_block_sizes(fields, log),
        groups=_groups(fields, "blocks", "block", log),
        sizes_place=fields.at("block_sizes"),
    )


def _read_ring(name: str, where: str, fields: Fields, log: ProblemLog) -> TopologySpec:
    return TopologySpec(name, "ring", where, groups=_groups(fields, "rings", "ring", log))


def _read_tree(name: str, where: str, fields: Fields, log: ProblemLog) -> TopologySpec:
    return TopologySpec(name, "tree", where, groups=_groups(fields, "switches", "switch", log))


def _read_torus(name: str, where: str, fields: Fields, log: ProblemLog) -> TopologySpec:
    return TopologySpec(name, "torus3d", where, toruses=read_toruses(fields, log))


_READERS = {
    "block": _read_block,
    "ring": _read_ring,
    "tree": _read_tree,
    "torus3d": _read_torus,
}


def _block_sizes(fields: Fields, log: ProblemLog) -> tuple[int, ...]:
    value = fields.get("block_sizes")
    if value is None:
        return ()
    items = value.items if isinstance(value, YamlList) else [value]
    where = fields.at("block_sizes")
    sizes = [integer_of(item, where, "a block size", log) for item in items]
    return tuple(size for size in sizes if size is not None)


def _groups(fields: Fields, plural: str, singular: str, log: ProblemLog) -> tuple[GroupSpec, ...]:
    """Blocks, rings or switches in file order."""
    groups: list[GroupSpec] = []
    for entry in fields.children(plural):
        name = entry.text(singular, wanted=f"a name for the {singular}", required=True)
        nodes = entry.hostlist("nodes")
        children: tuple[str, ...] = ()
        if singular == "switch":
            children = entry.hostlist("children")
            if nodes and children:
                # Slurm keeps the nodes and says so (1.5).
                log.warn(entry.here, "both nodes and children; the children are ignored")
                children = ()
        entry.refuse_unknown()
        if name is not None:
            groups.append(GroupSpec(name, nodes, entry.here, children))
    return tuple(groups)
