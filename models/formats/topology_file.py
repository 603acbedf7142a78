"""Reading a topology, whichever of Slurm's three notations it comes in."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import ProblemLog
from .text import read_text
from .topology_conf import is_live_text, parse_live_topology, parse_topology_conf
from .topology_spec import TopologyFile, TopologySpec
from .topology_validate import validate_topology
from .topology_yaml import parse_topology_yaml
from .yaml_file import MAX_YAML_BYTES

_YAML_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_FIRST_LINE = re.compile(r"^[ \t]*([^#\s].*)", re.MULTILINE)
_KEY_VALUE = re.compile(r"\w+\s*=")


def read_topology(path: Path, *, log: ProblemLog | None = None) -> TopologyFile:
    """The topologies of a topology.yaml, a topology.conf or ``scontrol show topology`` text.

    The notation is told by the content, not by the name of the file.

    Parameters
    ----------
    path
        The file.
    log
        Receives errors and warnings; its own one by default.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    log = ProblemLog(str(path)) if log is None else log
    text = read_text(path, max_bytes=MAX_YAML_BYTES)
    is_yaml = path.suffix.lower() in _YAML_SUFFIXES
    return parse_topology(text, log, empty_is_yaml=is_yaml)


def parse_topology(text: str, log: ProblemLog, *, empty_is_yaml: bool = True) -> TopologyFile:
    """As `read_topology`, from a text.

    Parameters
    ----------
    text
        Content of the file.
    log
        Receives errors and warnings.
    empty_is_yaml
        How to read, and complain about, a text without content.
    """
    specs: tuple[TopologySpec, ...]
    is_live = False
    if _is_yaml(text, empty_is_yaml):
        specs = parse_topology_yaml(text, log)
    else:
        is_live = is_live_text(text)
        spec = parse_live_topology(text, log) if is_live else parse_topology_conf(text, log)
        specs = (spec,) if spec is not None else ()
    if not log.errors:
        for spec in specs:
            validate_topology(spec, log)
    log.raise_errors()
    return TopologyFile(log.source, specs, is_live, tuple(log.warnings))


def _is_yaml(text: str, empty_is_yaml: bool) -> bool:
    """Whether the first line with content is not ``Key=Value``."""
    first = _FIRST_LINE.search(text)
    return empty_is_yaml if first is None else _KEY_VALUE.match(first[1]) is None
