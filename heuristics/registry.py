"""Every fast engine by name, with its source and what it supports; listed by the cli."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.plan import Placer
from .greedy import greedy
from .local_search import greedy_with_local_search

KINDS = frozenset({"block", "ring", "torus3d", "tree", "flat"})


@dataclass(frozen=True, slots=True)
class Engine:
    """A heuristic engine.

    Attributes
    ----------
    name
        As used with ``--engine``.
    summary
        One line: how it chooses.
    source
        Where the method comes from.
    placer
        The engine itself.
    supports
        Kinds of topology on which its own choice rule applies; jobs on other kinds wait.
    notes
        What it does instead where the method lacks one of our constraints.
    is_faithful
        False for engines written from a description only ("by description").
    """

    name: str
    summary: str
    source: str
    placer: Placer
    supports: frozenset[str] = KINDS
    notes: str = ""
    is_faithful: bool = True


_ENGINES = (
    Engine(
        "greedy",
        "best fit by what a remainder is worth to the rest of the queue",
        "rackwright",
        greedy,
    ),
    Engine(
        "greedy+ls",
        "greedy, then ruin and recreate within a budget",
        "rackwright; after SISR (Christiaens and Vanden Berghe, 2020)",
        greedy_with_local_search,
    ),
)

HEURISTICS: dict[str, Engine] = {engine.name: engine for engine in _ENGINES}
