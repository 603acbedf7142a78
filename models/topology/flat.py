"""topology/flat: no structure but the order of the node table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FlatTopology:
    """The default topology of a cluster without a topology file."""

    name: str = "default"

    kind = "flat"
