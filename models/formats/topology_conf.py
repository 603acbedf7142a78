"""topology.conf and ``scontrol show topology``: lines of BlockName, RingName or SwitchName."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..errors import ProblemLog
from .config_lines import ConfigLine, config_lines, output_lines
from .topology_spec import GroupSpec, TopologySpec
from .yaml_fields import hostlist_of

_LABELS = {"blockname": "BlockName", "ringname": "RingName", "switchname": "SwitchName"}
_KIND_OF = {"blockname": "block", "ringname": "ring", "switchname": "tree", "blocksizes": "block"}
_KEYS = {
    "blockname": {"blockname", "nodes"},
    "ringname": {"ringname", "nodes"},
    "switchname": {"switchname", "nodes", "switches", "linkspeed"},
    "blocksizes": {"blocksizes"},
}
# Keys that only scontrol prints.
_LIVE = re.compile(
    r"^\s*(?:AggregatedBlock=|TorusName=|BlockName=\S+ BlockIndex=|SwitchName=\S+ Level="
    r"|RingName=.* RingSize=)",
    re.MULTILINE,
)
_WANTED = "BlockName=, RingName= or SwitchName= lines"
DEFAULT_NAME = "default"


def is_live_text(text: str) -> bool:
    """Whether `text` is what ``scontrol show topology`` prints rather than a topology.conf."""
    return _LIVE.search(text) is not None


def parse_topology_conf(text: str, log: ProblemLog) -> TopologySpec | None:
    """The one topology of a topology.conf, named ``default``; None after an error."""
    lines: list[ConfigLine] = []
    unknown: set[str] = set()
    for line in config_lines(text, log):
        if line.first_key not in _KEYS:
            if line.first_key == "include":
                found = f"Include {line.pairs['include']!r} is not followed"
                log.error(f"line {line.number}", found, "its lines here")
            elif line.first_key not in unknown:
                log.error(f"line {line.number}", f"unknown key {line.first_key!r}", _WANTED)
            unknown.add(line.first_key)
            continue
        for key in line.pairs:
            if key not in _KEYS[line.first_key]:
                label = _LABELS.get(line.first_key, "BlockSizes")
                known = ", ".join(sorted(_KEYS[line.first_key]))
                log.error(line.place(label), f"unknown key {key!r}", f"one of {known}")
        lines.append(line)
    kind = _single_kind(lines, log)
    if kind is None:
        return None
    sizes: tuple[int, ...] = ()
    sizes_place = ""
    for line in lines:
        if line.first_key == "blocksizes":
            if sizes_place:
                log.error(f"line {line.number}", "BlockSizes a second time", "one BlockSizes line")
            sizes_place = f"line {line.number}"
            sizes = _block_sizes(line, log)
    groups = [_group(line, log) for line in lines if line.first_key in _LABELS]
    for group in groups:
        if group.nodes and group.children:
            log.error(group.place, "both Nodes and Switches", "one of the two")
    return TopologySpec(DEFAULT_NAME, kind, "", sizes, tuple(groups), sizes_place=sizes_place)


def parse_live_topology(text: str, log: ProblemLog) -> TopologySpec | None:
    """The topology that ``scontrol show topology`` prints; None after an error.

    Aggregated blocks are derived by Slurm and only tell the enabled sizes. A gap in BlockIndex
    (empty or filtered blocks) is filled with an empty block, because position is adjacency.
    """
    lines = list(output_lines(text))
    for line in lines:
        if line.first_key == "torusname":
            found = "scontrol prints a torus without the order of its cells and its anchors"
            log.error(f"line {line.number}", found, "topology.yaml")
            return None
    named = [line for line in lines if line.first_key in _LABELS]
    kind = _single_kind(named, log)
    if kind is None:
        return None
    groups = [_group(line, log) for line in named]
    sizes: tuple[int, ...] = ()
    if kind == "block":
        groups = _fill_gaps(named, groups, log)
        sizes = _live_sizes(lines, log)
    if kind == "tree":
        # Nodes of a switch above the leaves repeat those of its children.
        groups = [replace(group, nodes=()) if group.children else group for group in groups]
    return TopologySpec(DEFAULT_NAME, kind, "", sizes, tuple(groups))


def _single_kind(lines: Sequence[ConfigLine], log: ProblemLog) -> str | None:
    kinds = {_KIND_OF[line.first_key]: line for line in reversed(lines)}
    if not kinds:
        log.error("", "no topology", _WANTED)
        return None
    if len(kinds) > 1:
        later = max(kinds.values(), key=lambda line: line.number)
        found = f"{' and '.join(sorted(kinds))} lines in one file"
        log.error(f"line {later.number}", found, "one kind of topology")
        return None
    return next(iter(kinds))


def _group(line: ConfigLine, log: ProblemLog) -> GroupSpec:
    label = _LABELS[line.first_key]
    place = line.place(label)

    def hostlist(key: str) -> tuple[str, ...]:
        text = line.pairs.get(key, "")
        return () if text in ("", "(null)") else hostlist_of(text, place, log)

    return GroupSpec(line.pairs[line.first_key], hostlist("nodes"), place, hostlist("switches"))


def _block_sizes(line: ConfigLine, log: ProblemLog) -> tuple[int, ...]:
    sizes: list[int] = []
    for word in line.pairs["blocksizes"].split(","):
        if word.isascii() and word.isdecimal() and len(word) < 12:
            sizes.append(int(word))
        else:
            found = f"BlockSizes value {word[:40]!r}"
            log.error(f"line {line.number}", found, "a whole number of nodes")
    return tuple(sizes)


def _index(line: ConfigLine, key: str, log: ProblemLog) -> int | None:
    text = line.pairs.get(key, "")
    if text.isascii() and text.isdecimal() and len(text) < 8:
        return int(text)
    log.error(f"line {line.number}", f"{key} is {text!r}", "a whole number")
    return None


def _fill_gaps(
    lines: Sequence[ConfigLine], groups: Sequence[GroupSpec], log: ProblemLog
) -> list[GroupSpec]:
    """Blocks at their BlockIndex, with empty ones where an index is missing."""
    at: dict[int, GroupSpec] = {}
    for line, group in zip(lines, groups, strict=True):
        index = _index(line, "blockindex", log)
        if index is None:
            continue
        if index in at:
            log.error(group.place, f"BlockIndex {index} a second time", "each index once")
        at[index] = group
    if len(at) < len(groups):
        return list(groups)
    missing = [index for index in range(max(at)) if index not in at]
    if len(missing) > 8 * len(groups) + 64:
        log.error("", f"{len(missing)} of {max(at) + 1} blocks are missing", "the whole output")
        return list(groups)
    if missing:
        shown = ", ".join(map(str, missing[:8])) + (" ..." if len(missing) > 8 else "")
        log.warn("", f"no block with BlockIndex {shown}; read as empty", "the whole output")
    return [
        at.get(index) or GroupSpec(f"blockindex_{index}", (), f"BlockIndex={index}")
        for index in range(max(at) + 1)
    ]


def _live_sizes(lines: Iterable[ConfigLine], log: ProblemLog) -> tuple[int, ...]:
    """Base size first, then those of the aggregates that were printed."""
    base: Counter[int] = Counter()
    larger: set[int] = set()
    for line in lines:
        size = _index(line, "blocksize", log) if "blocksize" in line.pairs else None
        if size is not None and line.first_key == "blockname":
            base[size] += 1
        elif size is not None and line.first_key == "aggregatedblock":
            larger.add(size)
    if len(base) > 1:
        log.error("", f"BlockSize of the blocks is {sorted(base)}", "one size for all")
    return (*base, *sorted(larger - set(base)))
