"""One job being placed: what it may use, what it has taken so far, and the way back."""

from __future__ import annotations

from ...models.cluster import Partition
from ...models.instance import Units
from ...models.job import Job
from ..state import CountIndex, Pieces, Request, State, View

_MAX_EXACT_ROOMS = 64


class Attempt:
    """A job on one partition's topology, with the segments taken so far.

    Attributes
    ----------
    units
        Its placement units.
    holds
        Whether it must have whole units (base blocks, rings ...) to itself.
    counts
        Index of the nodes it may take.
    segments
        Pieces of the segments taken so far; the last one may be incomplete.
    """

    def __init__(self, state: State, job: Job, partition: Partition) -> None:
        self.state = state
        self.job = job
        self.partition = partition
        instance = state.instance
        self.view: View = state.view(partition)
        self.units: Units = instance.units(job, partition)
        self.holds = state.holds(job, partition)
        self.request: Request = state.ledger.request(job)
        self.eligible = instance.eligible(job, partition)
        self.required = instance.required(job, partition)
        self.segments: list[Pieces] = []
        nodes = self.eligible
        if self.request.is_filtered:
            for serving in (
                state.ledger.serving(self.request),
                state.single.serving(job, self.request),
            ):
                nodes = nodes if serving is None else nodes & serving
        self.candidates = nodes
        self.masks = (
            self.view.masks(nodes)
            if self.request.is_filtered
            else state.masks(self.view, self.eligible)
        )
        self._counts: CountIndex | None = None

    @property
    def counts(self) -> CountIndex:
        """The index of nodes that the job may take."""
        if self._counts is None:
            self._counts = (
                self.state.private_counts(self.view, self.masks, self.holds, self.request)
                if self.request.is_filtered
                else self.state.counts(self.view, self.eligible, self.holds, self.request)
            )
        self._counts.refresh(self.state.gives)
        return self._counts

    def mask(self, unit: int) -> int:
        """Nodes of a unit that the job may take now, resources aside."""
        if self.holds and self.view.busy[unit] and unit != self.view.outside:
            return 0
        return self.view.free[unit] & self.masks[unit]

    def room(self, unit: int) -> int:
        """How many nodes of a unit the job may take now."""
        mask = self.mask(unit)
        if mask and self.request.per_node:
            return self.state.ledger.count(self.view, unit, mask, self.request)
        return mask.bit_count()

    def rooms(self, first: int, last: int) -> list[int]:
        """`room` of the units `first` .. `last` - 1; for many units as the index has it.

        The index may be a little behind in layers that many units share; `take` never is.
        """
        if self.request.per_node and last - first <= _MAX_EXACT_ROOMS:
            return [self.room(unit) for unit in range(first, last)]
        return self.counts.counts[first:last]

    def begin_segment(self) -> None:
        """Start the next segment."""
        self.segments.append([])

    def take(self, unit: int, most: int) -> int:
        """Take up to `most` nodes of a unit for the current segment; return how many."""
        return self.take_mask(unit, self.mask(unit), most)

    def take_mask(self, unit: int, mask: int, most: int) -> int:
        """Take up to `most` of the nodes of `mask`, those nobody asks for by name first."""
        state, view = self.state, self.view
        if not self.request.per_node:
            chosen = choose(mask, most, view.wanted[unit])
            if chosen:
                view.take(unit, chosen)
                self.segments[-1].append((unit, chosen))
            return chosen.bit_count()
        taken = 0
        for cell in state.ledger.cells(view, unit):
            inside = mask & cell.mask
            if not inside or taken == most:
                continue
            allowed = state.ledger.allowed(cell, self.request)
            chosen = choose(inside, min(most - taken, allowed), view.wanted[unit])
            if chosen:
                state.take(view, unit, chosen, self.request)
                self.segments[-1].append((unit, chosen))
                taken += chosen.bit_count()
        return taken

    def taken(self) -> int:
        """Number of nodes taken so far."""
        return sum(mask.bit_count() for pieces in self.segments for _, mask in pieces)

    def undo(self, keep: int = 0) -> None:
        """Give back every segment but the first `keep`."""
        for pieces in self.segments[keep:]:
            for unit, mask in pieces:
                self.state.give(self.view, unit, mask, self.request)
        del self.segments[keep:]

    def is_payable(self) -> bool:
        """Whether MODE_1 and MODE_2 resources allow the nodes taken (5.3)."""
        if not self.request.is_filtered:
            return True
        nodes = frozenset(
            node
            for pieces in self.segments
            for unit, mask in pieces
            for node in self.view.nodes(unit, mask)
        )
        return self.state.single.accepts(self.job, nodes, self.request)

    def commit(self) -> None:
        """Start the job on what has been taken."""
        self.state.commit(self.job, self.partition, self.segments, self.request, self.holds)


def choose(mask: int, most: int, avoid: int) -> int:
    """Up to `most` bits of `mask`, lowest first, those of `avoid` last."""
    if mask.bit_count() <= most:
        return mask
    preferred = mask & ~avoid
    if preferred.bit_count() <= most:
        return preferred | _lowest(mask & avoid, most - preferred.bit_count())
    return _lowest(preferred, most)


def _lowest(mask: int, count: int) -> int:
    rest = mask
    for _ in range(count):
        rest &= rest - 1
    return mask ^ rest
