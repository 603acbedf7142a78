"""The toruses of a topology.yaml: dimensions, cells and placements (slurm_semantics 1.4)."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ProblemLog
from ..hostlist import MAX_NAMES
from ..topology import TorusPlacement
from .topology_spec import TorusSpec
from .yaml_fields import Fields

Triple = tuple[int, int, int]

_MAX_LENGTH = 65_535  # Slurm holds a length in 16 bits and wraps silently beyond (err-126)
_AXES = ("x", "y", "z")


def read_toruses(fields: Fields, log: ProblemLog) -> tuple[TorusSpec, ...]:
    """Every torus below ``toruses``; geometry is checked here, names and sharing elsewhere."""
    toruses = (_torus(entry, log) for entry in fields.children("toruses"))
    return tuple(torus for torus in toruses if torus is not None)


def _torus(entry: Fields, log: ProblemLog) -> TorusSpec | None:
    name = entry.text("name", wanted="a name for the torus", required=True)
    dims = _triple(entry, "dims", low=1, high=_MAX_LENGTH, required=True)
    names = entry.hostlist("nodes")
    regions = list(entry.children("regions"))
    placements = list(entry.children("placements"))
    entry.refuse_unknown()
    if name is None or dims is None:
        return None
    if _volume(dims) > MAX_NAMES:
        log.error(entry.at("dims"), f"{_shape(dims)} cells", f"at most {MAX_NAMES}")
        return None
    if names and regions:
        log.error(entry.here, "both nodes and regions", "one of the two")
    cells = [""] * _volume(dims)
    if names and len(names) != len(cells):
        found = f"{len(names)} nodes for {_shape(dims)} = {len(cells)} cells"
        log.error(entry.at("nodes"), found, "a node for every cell")
    elif names:
        cells = list(names)
    for region in regions:
        _fill_region(region, dims, cells, log)
    read = (_placement(placement, dims, log) for placement in placements)
    shapes = tuple(placement for placement in read if placement is not None)
    return TorusSpec(name, dims, tuple(cells), shapes, entry.here)


def _fill_region(region: Fields, dims: Triple, cells: list[str], log: ProblemLog) -> None:
    anchor = _triple(region, "anchor", low=0, high=_MAX_LENGTH) or (0, 0, 0)
    shape = _triple(region, "dims", low=1, high=_MAX_LENGTH, required=True)
    names = region.hostlist("nodes")
    region.refuse_unknown()
    if shape is None:
        return
    ends = [start + length for start, length in zip(anchor, shape, strict=True)]
    if any(end > limit for end, limit in zip(ends, dims, strict=True)):
        found = f"{_shape(shape)} at {_shape(anchor)} leaves the torus of {_shape(dims)}"
        log.error(region.here, found, "a region inside the torus")
        return
    if len(names) != _volume(shape):
        found = f"{len(names)} nodes for {_shape(shape)} = {_volume(shape)} cells"
        log.error(region.here, found, "a node for every cell of the region")
        return
    for cell, name in zip(_cells_of(anchor, shape, dims), names, strict=True):
        if cells[cell]:
            log.error(region.here, f"cell of {name} is taken by {cells[cell]}", "free cells")
            return
        cells[cell] = name


def _cells_of(anchor: Triple, shape: Triple, dims: Triple) -> Iterator[int]:
    """Linear cell indices of a region, x fastest."""
    for z in range(anchor[2], anchor[2] + shape[2]):
        for y in range(anchor[1], anchor[1] + shape[1]):
            for x in range(anchor[0], anchor[0] + shape[0]):
                yield x + dims[0] * (y + dims[1] * z)


def _placement(entry: Fields, dims: Triple, log: ProblemLog) -> TorusPlacement | None:
    shape = _triple(entry, "dims", low=1, high=_MAX_LENGTH, required=True)
    spacing = _triple(entry, "anchor_spacing", low=0, high=_MAX_LENGTH) or (0, 0, 0)
    seed = _triple(entry, "anchor_seed", low=0, high=_MAX_LENGTH) or (0, 0, 0)
    entry.refuse_unknown()
    if shape is None:
        return None
    limits = (("dims", shape, 0), ("anchor_spacing", spacing, 0), ("anchor_seed", seed, 1))
    for what, triple, slack in limits:
        if any(length + slack > longest for length, longest in zip(triple, dims, strict=True)):
            wanted = f"within the torus of {_shape(dims)}"
            log.error(entry.at(what), f"{what} {_shape(triple)}", wanted)
            return None
    return TorusPlacement(
        dims=shape,
        spacing=_pack([step or length for step, length in zip(spacing, shape, strict=True)]),
        seed=seed,
    )


def _triple(
    fields: Fields, key: str, *, low: int, high: int, required: bool = False
) -> Triple | None:
    """A mapping of x, y and z; a missing axis counts as 0, as in Slurm's parser."""
    value = fields.get(key)
    if value is None:
        if required:
            fields.log.error(fields.here, f"no {key!r}", "x, y and z")
        return None
    inner = Fields.of(value, f"{fields.path}.{key}", fields.log)
    if inner is None:
        return None
    lengths = [inner.integer(axis, low=low, high=high, required=low > 0) for axis in _AXES]
    inner.refuse_unknown()
    if low > 0 and None in lengths:
        return None
    return _pack([length or 0 for length in lengths])


def _pack(lengths: list[int]) -> Triple:
    x, y, z = lengths
    return x, y, z


def _volume(dims: Triple) -> int:
    return dims[0] * dims[1] * dims[2]


def _shape(dims: Triple) -> str:
    return "x".join(map(str, dims))
