"""When a job that cannot start yet could, by the time limits of what runs, and on which nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..rules.exclusive import unit_nodes
from .fit import fit
from .fit_block import Fit
from .history import Allocation
from .occupancy import Occupancy
from .scene import Request

FOREVER_S = 1 << 62


@dataclass(frozen=True)
class Reservation:
    """What a job that cannot start yet is promised.

    Attributes
    ----------
    request
        What it asks for.
    from_s
        Its earliest start by the running jobs' time limits.
    nodes
        Where: whole units for an exclusive job.
    released
        Running jobs that must have ended by then.
    """

    request: Request
    from_s: int
    nodes: frozenset[int]
    released: tuple[int, ...]


class Reservations:
    """Makes reservations in the present state of an occupancy.

    Parameters
    ----------
    occupancy
        Shows what runs.
    """

    def __init__(self, occupancy: Occupancy) -> None:
        self._occupancy = occupancy
        self._limits: list[tuple[int, int]] | None = None

    def forget(self) -> None:
        """Nodes have changed hands."""
        self._limits = None

    def of(self, request: Request, now_s: int) -> Reservation:
        """When a request could start by the running jobs' limits, and nodes to keep for it."""
        if self._limits is None:
            self._limits = sorted(
                (_limit_end(allocation, now_s), index)
                for index, allocation in self._occupancy.running.items()
            )
        ends = self._limits
        known = sum(end_s < FOREVER_S for end_s, _ in ends)
        scene = self._occupancy.scene(now_s)

        def place(number: int) -> Fit:
            released = [index for _, index in ends[:number]]
            later = self._occupancy.scene_after(released, now_s)
            return fit(request, later, avoid=scene.free)

        last = place(known)
        if last.nodes is None:
            return Reservation(request, FOREVER_S, frozenset(), ())
        # More released nodes never hurt, so that the first sufficient number is found by halving.
        low, high = 1, known
        while low < high:
            middle = (low + high) // 2
            tried = place(middle)
            if tried.nodes is None:
                low = middle + 1
            else:
                high, last = middle, tried
        assert last.nodes is not None
        nodes = frozenset(last.nodes)
        if request.is_exclusive:
            nodes = unit_nodes(request.topology, nodes)
        released = tuple(index for _, index in ends[:high])
        return Reservation(request, ends[high - 1][0] if high else now_s, nodes, released)

    def hold(
        self,
        reservations: Sequence[Reservation],
        request: Request,
        nodes: tuple[int, ...],
        now_s: int,
    ) -> bool:
        """Whether reservations keep the resources they need if a request starts on `nodes`.

        Their nodes are for the caller to keep clear.
        """
        if not self._occupancy.era.cluster.resources:
            return True
        return all(
            fit(
                reservation.request,
                self._occupancy.scene_after(list(reservation.released), now_s).started(
                    request, nodes
                ),
            ).nodes
            is not None
            for reservation in reservations
        )


def _limit_end(allocation: Allocation, now_s: int) -> int:
    """When a running job has to end; one that is over its limit may end at any moment."""
    limit = allocation.record.job.time_limit_s
    start_s = allocation.record.start_s
    if limit is None or start_s is None:
        return FOREVER_S
    return max(start_s + limit, now_s)
