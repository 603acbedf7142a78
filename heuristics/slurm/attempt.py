"""What one attempt of a topology algorithm is given, and how it refuses (slurm_semantics 0.5).

An attempt gets a `Request` and a pool of candidate nodes and returns either the chosen nodes by
segment or a `Refusal`, whose action tells the retry driver what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...models.instance import Units
from .hres import Mode3, Mode3Attempt

Pool = NDArray[np.bool_]
Counts = NDArray[np.int64]
Segments = tuple[tuple[int, ...], ...]


class Code(IntEnum):
    """Slurm's error numbers of a selection (11.1)."""

    GENERIC = -1
    TOPOLOGY_UNAVAILABLE = 2178
    REQUIRED_LACK_RESOURCES = 7201
    REQUIRED_DO_NOT_FIT = 7202
    NO_UNIT = 7203
    NO_UNIT_FOR_SEGMENT = 7204
    INSUFFICIENT_IN_UNIT = 7205
    WEIGHTS_FAILED = 7206
    TOO_MANY_NODES = 7207
    NOTHING_IN_TOPOLOGY = 7208


TEXTS = {
    Code.GENERIC: "Unspecified error",
    Code.TOPOLOGY_UNAVAILABLE: "Requested topology configuration is not available",
    Code.REQUIRED_LACK_RESOURCES: "Required nodes lack available resources",
    Code.REQUIRED_DO_NOT_FIT: "Required nodes do not fit topology",
    Code.NO_UNIT: "No suitable topology unit found",
    Code.NO_UNIT_FOR_SEGMENT: "No suitable topology unit found for segment",
    Code.INSUFFICIENT_IN_UNIT: "Insufficient resources in topology unit",
    Code.WEIGHTS_FAILED: ("Weight-based selection could not satisfy request within topology unit"),
    Code.TOO_MANY_NODES: "Exceeded maximum node limit",
    Code.NOTHING_IN_TOPOLOGY: "No available nodes in topology",
}


class Action(Enum):
    """What the retry driver does after a failed attempt (0.5)."""

    PERMANENT = "never retried"
    STOP = "give up"
    DROP_SET = "remove the returned nodes"
    HINT = "remove the first node in the fixed order that is among the returned ones"
    DEFAULT = "remove the first node in the fixed order"


@dataclass(frozen=True)
class Refusal:
    """A failed attempt.

    Attributes
    ----------
    code
        Slurm's error number.
    step
        Where the algorithm failed, in the words of slurm_semantics.
    action
        What the retry driver has to do.
    nodes
        The nodes that HINT and DROP_SET refer to.
    """

    code: Code
    step: str
    action: Action
    nodes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Request:
    """A job as the selection sees it (0.1).

    Attributes
    ----------
    min_nodes, max_nodes, req_nodes
        Fewest, most and wanted nodes.
    units
        Segments and their size.
    required
        Nodes of a short ``--nodelist``, ascending.
    contiguous
        ``--contiguous``.
    max_leaves
        ``--switches`` while its time runs, None otherwise.
    mode3
        Demand on MODE_3 layers and power caps.
    is_divisible
        Whether the segment size divides the node count.
    """

    min_nodes: int
    max_nodes: int
    req_nodes: int
    units: Units
    required: tuple[int, ...] = ()
    contiguous: bool = False
    max_leaves: int | None = None
    mode3: Mode3 | None = None
    is_divisible: bool = True

    @property
    def target(self) -> int:
        """Nodes that tree and flat aim at."""
        return max(self.min_nodes, self.req_nodes)


class Select(Protocol):
    """One attempt of a topology algorithm."""

    def __call__(self, pool: Pool, request: Request) -> Segments | Refusal:
        """Choose nodes of `pool`, which is not modified."""
        ...


def check_and_restrict(
    pool: Pool, request: Request, is_member: Pool, always: bool = False
) -> Pool | Refusal:
    """What block, ring and torus3d check before any choice (3.1.5, 3.2, 3.3).

    A segment has to divide the job; required nodes have to be in the topology, and of a job with
    segments they are the whole pool.

    Parameters
    ----------
    is_member
        Nodes that belong to the topology: a required one outside never fits.
    always
        Whether the list is the pool of a job without segments, too.
    """
    if not request.is_divisible:
        return Refusal(
            Code.TOPOLOGY_UNAVAILABLE,
            "3.1.5 segment does not divide the job",
            Action.PERMANENT,
        )
    if not request.required:
        return pool
    listed = list(request.required)
    if not is_member[listed].all():
        return Refusal(
            Code.REQUIRED_DO_NOT_FIT, "3.1.3 required node outside the topology", Action.STOP
        )
    if request.units.count < 2 and not always:
        return pool
    if len(listed) < request.min_nodes:
        return Refusal(
            Code.TOPOLOGY_UNAVAILABLE,
            "3.1.5 required list shorter than the job",
            Action.PERMANENT,
        )
    restricted = np.zeros_like(pool)
    restricted[listed] = pool[listed]
    return restricted


def pool_by_weight(
    inside: Pool, weights: Counts, wanted: int, required: Sequence[int]
) -> tuple[Pool, list[int]]:
    """Required nodes and weight classes, lightest first, until they hold enough (3.1.4, 3.4).

    Returns
    -------
    Pool and list
        The pool, and those of its nodes that are forced in: all classes but the last added.
    """
    nodes = np.flatnonzero(inside)
    own = weights[nodes]
    pool = np.zeros_like(inside)
    pool[list(required)] = True
    forced: list[int] = []
    for weight in np.unique(own).tolist():
        forced = indices(pool)
        pool[nodes[own == weight]] = True
        if np.count_nonzero(pool) >= wanted:
            break
    listed = frozenset(required)
    return pool, [node for node in forced if node not in listed]


def start_mode3(request: Request) -> Mode3Attempt | None:
    """Fresh MODE_3 amounts: they persist over the segments of one attempt only (5.4)."""
    return request.mode3.attempt() if request.mode3 is not None else None


def indices(flags: NDArray[Any]) -> list[int]:
    """Positions of the true entries, as Python ints."""
    found: list[int] = np.flatnonzero(flags).tolist()
    return found
