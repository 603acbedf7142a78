"""A tree of domains with counts: what Kueue's topology-aware scheduling works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Domain:
    """A node of the tree; first how much fits, later how much is assigned.

    Attributes
    ----------
    path
        One label per level.
    children
        Next finer domains; empty for a leaf.
    pods, slices
        Pods and whole slices.
    """

    path: Path
    children: list[Domain] = field(default_factory=list)
    pods: int = 0
    slices: int = 0


def levels_of(slots: Mapping[Path, int]) -> list[list[Domain]]:
    """Domains per level over the leaves of `slots`, whose paths have equal length."""
    depth = len(next(iter(slots), ()))
    levels: list[list[Domain]] = [[] for _ in range(depth)]
    known: dict[Path, Domain] = {}
    for path in sorted(slots):
        for length in range(1, depth + 1):
            prefix = path[:length]
            if prefix not in known:
                known[prefix] = Domain(prefix)
                levels[length - 1].append(known[prefix])
                if length > 1:
                    known[prefix[:-1]].children.append(known[prefix])
        known[path].pods = max(slots[path], 0)
    return levels
