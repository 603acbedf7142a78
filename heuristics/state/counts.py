"""Units in buckets by how many nodes a kind of job could take from them; lazily updated."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from .view import View


class CountIndex:
    """Free nodes per unit for one set of eligible nodes, and the units in buckets by that count.

    Notes
    -----
    Every change of a unit is in `View.log`; `refresh` re-counts the units that changed since the
    last one, so an index costs nothing while nobody asks. Bucket key: twice the count, plus one
    if no job holds a node of the unit. Buckets are heaps of ranks whose stale entries are dropped
    when they surface. The unit of nodes outside the topology is not part of it.
    """

    def __init__(self, view: View, masks: list[int], rank: list[int], job_free_only: bool) -> None:
        self.view = view
        self.masks = masks
        self.job_free_only = job_free_only
        self.counts: list[int] = []
        self._rank = rank
        self._unit_at = [0] * len(rank)
        for unit, position in enumerate(rank):
            self._unit_at[position] = unit
        self._keys: list[int] = []
        self._heaps: dict[int, list[int]] = {}
        self.total = 0
        self.changed: list[int] = []
        self.regions: dict[int, RegionIndex] = {}
        self._seen = len(view.log)
        for unit in range(view.outside):
            count = self._count(unit)
            key = 2 * count + (not view.busy[unit])
            self.counts.append(count)
            self._keys.append(key)
            self._heaps.setdefault(key, []).append(rank[unit])
            self.total += count
        self.largest = max((mask.bit_count() for mask in masks[: view.outside]), default=0)
        for heap in self._heaps.values():
            heapify(heap)

    def _count(self, unit: int) -> int:
        if self.job_free_only and self.view.busy[unit]:
            return 0
        return (self.view.free[unit] & self.masks[unit]).bit_count()

    def refresh(self) -> None:
        """Catch up with every change since the last call."""
        view = self.view
        log = view.log
        if self._seen == len(log):
            return
        for unit in log[self._seen :]:
            if unit == view.outside:
                continue
            count = self._count(unit)
            key = 2 * count + (not view.busy[unit])
            if key != self._keys[unit]:
                self.total += count - self.counts[unit]
                self.counts[unit] = count
                self._keys[unit] = key
                heappush(self._heaps.setdefault(key, []), self._rank[unit])
                self.changed.append(unit)
        self._seen = len(log)

    def first(self, key: int) -> int | None:
        """The unit of lowest rank in a bucket; None if it is empty."""
        heap = self._heaps.get(key)
        while heap:
            unit = self._unit_at[heap[0]]
            if self._keys[unit] == key:
                return unit
            heappop(heap)
        return None

    def bucket(self, key: int) -> Iterator[int]:
        """Units of a bucket by rank, for callers that may have to pass over some.

        The bucket must not change while the iterator is used.
        """
        heap = self._heaps.get(key)
        if not heap:
            return
        passed: list[int] = []
        try:
            while heap:
                position = heap[0]
                unit = self._unit_at[position]
                heappop(heap)
                if self._keys[unit] == key and (not passed or passed[-1] != position):
                    passed.append(position)
                    yield unit
        finally:
            for position in passed:
                heappush(heap, position)


class RegionIndex:
    """Free nodes per aligned region of `span` units, over a `CountIndex`; regions in buckets."""

    def __init__(self, counts: CountIndex, span: int) -> None:
        self.counts = counts
        self.span = span
        counts.refresh()
        per_unit = counts.counts
        self.totals = [
            sum(per_unit[start : start + span]) for start in range(0, len(per_unit), span)
        ]
        self._known = per_unit.copy()
        self._seen = len(counts.changed)
        self._heaps: dict[int, list[int]] = {}
        for region, total in enumerate(self.totals):
            self._heaps.setdefault(total, []).append(region)

    def refresh(self) -> None:
        """Catch up with the counts."""
        self.counts.refresh()
        changed = self.counts.changed
        if self._seen == len(changed):
            return
        touched: set[int] = set()
        for unit in changed[self._seen :]:
            change = self.counts.counts[unit] - self._known[unit]
            if change:
                self._known[unit] += change
                region = unit // self.span
                self.totals[region] += change
                touched.add(region)
        self._seen = len(changed)
        for region in sorted(touched):
            heappush(self._heaps.setdefault(self.totals[region], []), region)

    def at_least(self, size: int) -> Iterator[int]:
        """Regions with `size` or more free nodes, fewest first, then in order.

        Yields from a snapshot: callers may take and give back nodes meanwhile.
        """
        for total in sorted(key for key in self._heaps if key >= size):
            heap = self._heaps[total]
            regions = sorted({region for region in heap if self.totals[region] == total})
            if len(regions) < len(heap):
                self._heaps[total] = list(regions)
            yield from regions
