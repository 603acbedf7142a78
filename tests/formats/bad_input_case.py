"""One malformed input: files, options of `load_state`, and the exact messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOOD_TOPOLOGY = """\
- topology: t
  cluster_default: true
  block:
    block_sizes: [4, 8]
    blocks:
      - {block: b1, nodes: "n[01-04]"}
      - {block: b2, nodes: "n[05-08]"}
"""

_PATHS = frozenset({"topology", "slurm_conf", "reservations", "licenses"})
_PATH_LISTS = frozenset({"resources", "nodes", "queue", "jobs"})


@dataclass(frozen=True)
class Case:
    """A row of the table; a good topology.yaml is there unless `files` replaces it."""

    name: str
    files: Mapping[str, str | bytes]
    messages: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the files into `folder`."""
        for name, content in {"topology.yaml": GOOD_TOPOLOGY, **self.files}.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(data)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `load_state`, with paths relative to the folder."""
        arguments: dict[str, Any] = {"topology": Path("topology.yaml")}
        for name, value in self.options.items():
            if name in _PATHS:
                value = Path(value)
            elif name in _PATH_LISTS:
                value = [Path(item) for item in value]
            arguments[name] = value
        return arguments
