"""Units in buckets by how many nodes a kind of job could take from them; lazily updated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain, zip_longest

from .ledger import Meter, Served
from .view import View

NEVER = -1


class CountIndex:
    """Nodes per unit that one kind of job could take, and the units in buckets by that count.

    Parameters
    ----------
    view
        Whose units are counted; the unit of nodes outside the topology is not.
    masks
        Nodes of each unit that the job may use.
    rank
        Order of the units within a bucket.
    job_free_only
        Whether units that host any job count as empty.
    meter
        Tells how many free nodes of a unit the resources serve; None: all.
    whole
        What the meter tells now of all free nodes of each unit, where that is at hand: indexes
        of other candidates ask the same of most units.

    Attributes
    ----------
    changed
        Every unit whose count changed, in order, and by how much.
    is_contested
        Per unit, whether it is to be taken last; None where that makes no difference.

    Notes
    -----
    Every change of a unit is in `View.log`; `refresh` re-counts the units that changed since the
    last one, so an index costs nothing while nobody asks. A layer shared by many units may serve
    less than when they were counted: whoever finds that out calls `downgrade`. Units that a shared
    layer limits are counted again once resources have been given back.

    Bucket key: twice the count, plus one if no job holds a node of the unit; contested units have
    buckets of their own, those that offer nothing are in none. Buckets are heaps of ranks whose
    stale entries are dropped when they surface.
    """

    def __init__(
        self,
        view: View,
        masks: list[int],
        rank: list[int],
        job_free_only: bool,
        meter: Meter | None = None,
        whole: Sequence[Served] | None = None,
    ) -> None:
        self.view = view
        self.masks = masks
        self.job_free_only = job_free_only
        self.largest = max(map(int.bit_count, masks[: view.outside]), default=0)
        self.changed: list[tuple[int, int]] = []
        self.regions: dict[int, RegionIndex] = {}
        self._meter = meter
        self._rank = rank
        self._unit_at = [0] * len(rank)
        for unit, position in enumerate(rank):
            self._unit_at[position] = unit
        self._keys = [0] * view.outside
        self._apart = 2 * self.largest + 2
        self.is_contested = self._find_contested()
        self._limited: set[int] = set()
        self._seen = len(view.log)
        self._gives = NEVER
        self.counts = [0] * view.outside
        self._count_all(whole)
        self._heaps = self._bucketed()
        self.total = sum(self.counts)
        self._start = (self.counts.copy(), self._keys.copy(), self.total)
        self._start_limited = self._limited.copy()
        self._start_heaps = {key: heap.copy() for key, heap in self._heaps.items()}

    def _find_contested(self) -> list[bool] | None:
        """The units to be taken last; None where all or none of those that count are."""
        pairs = zip(self.view.contested, self.masks[: self.view.outside], strict=False)
        own = {is_contested for is_contested, mask in pairs if mask}
        return self.view.contested if len(own) > 1 else None

    def buckets(self, order: list[int], is_strict: bool) -> Iterator[int]:
        """The buckets of an order that hold units, with those of contested units.

        Contested ones come last of all, or just after those that are like them.
        """
        heaps, apart = self._heaps, self._apart
        if self.is_contested is None:
            return (key for key in order if heaps.get(key))
        if is_strict:
            both = chain(order, (key + apart for key in order))
            return (key for key in both if heaps.get(key))
        return (at for key in order for at in (key, key + apart) if heaps.get(at))

    def _count_all(self, whole: Sequence[Served] | None) -> None:
        free, busy, counts = self.view.free, self.view.busy, self.counts
        for unit, (mask, available) in enumerate(zip(self.masks, free[:-1], strict=False)):
            if not mask & available or (self.job_free_only and busy[unit]):
                continue
            if whole is None or available & ~mask:
                counts[unit] = self._count(unit)
                continue
            counts[unit], is_limited = whole[unit]
            if is_limited:
                self._limited.add(unit)

    def _bucketed(self) -> dict[int, list[int]]:
        counts, keys = self.counts, self._keys
        busy, is_contested, apart = self.view.busy, self.is_contested, self._apart
        heaps: dict[int, list[int]] = defaultdict(list)
        for position, unit in enumerate(self._unit_at):
            if count := counts[unit]:
                key = 2 * count + (not busy[unit])
                if is_contested is not None and is_contested[unit]:
                    key += apart
                keys[unit] = key
                # Positions come in ascending order, which makes every list a heap.
                heaps[key].append(position)
        return dict(heaps)

    def reset(self) -> None:
        """Return to the counts the index was built with; `View.reset` must have come before."""
        counts, keys, self.total = self._start
        if counts != self.counts:
            pairs = zip(counts, self.counts, strict=True)
            self.changed += [
                (unit, start - now) for unit, (start, now) in enumerate(pairs) if start != now
            ]
        self.counts, self._keys = counts.copy(), keys.copy()
        self._heaps = {key: heap.copy() for key, heap in self._start_heaps.items()}
        self._limited = self._start_limited.copy()
        self._seen = 0

    def _count(self, unit: int) -> int:
        if self.job_free_only and self.view.busy[unit]:
            return 0
        mask = self.view.free[unit] & self.masks[unit]
        if self._meter is None or not mask:
            return mask.bit_count()
        count, is_limited = self._meter(unit, mask)
        if is_limited:
            self._limited.add(unit)
        return count

    def refresh(self, gives: int) -> None:
        """Catch up with every change since the last call.

        Parameters
        ----------
        gives
            How often resources have been given back so far.
        """
        log = self.view.log
        if self._seen < len(log):
            masks, keys, busy = self.masks, self._keys, self.view.busy
            for unit in dict.fromkeys(log[self._seen :]):
                if not masks[unit] or unit == self.view.outside:
                    continue
                # Where jobs close a unit, more of them change nothing: key 0 says so already.
                if keys[unit] or not (self.job_free_only and busy[unit]):
                    self._update(unit, self._count(unit))
            self._seen = len(log)
        if self._gives != gives:
            limited, self._limited = self._limited, set()
            for unit in sorted(limited):
                self._update(unit, self._count(unit))
            self._gives = gives

    def downgrade(self, unit: int, count: int) -> None:
        """Set the count of a unit whose shared layers serve less than was counted."""
        self._update(unit, count)
        self._limited.add(unit)

    def _update(self, unit: int, count: int) -> None:
        key = 2 * count + (not self.view.busy[unit]) if count else 0
        if count and self.is_contested is not None and self.is_contested[unit]:
            key += self._apart
        if key != self._keys[unit]:
            self._keys[unit] = key
            if key:
                heappush(self._heaps.setdefault(key, []), self._rank[unit])
            change = count - self.counts[unit]
            if change:
                self.total += change
                self.counts[unit] = count
                self.changed.append((unit, change))

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
                position = heappop(heap)
                unit = self._unit_at[position]
                if self._keys[unit] == key and (not passed or passed[-1] != position):
                    passed.append(position)
                    yield unit
        finally:
            for position in passed:
                heappush(heap, position)


class RegionIndex:
    """Free nodes per aligned region of `span` units, over a `CountIndex`; regions in buckets.

    Regions without a free node are in none; a bucket may list regions that have left it.
    """

    def __init__(self, counts: CountIndex, span: int) -> None:
        self.counts = counts
        self.span = span
        per_unit = counts.counts
        regions = zip_longest(*[iter(per_unit)] * span, fillvalue=0)
        self.totals = per_unit.copy() if span == 1 else list(map(sum, regions))
        self._seen = len(counts.changed)
        self._buckets: dict[int, list[int]] = defaultdict(list)
        for region, total in enumerate(self.totals):
            if total:
                self._buckets[total].append(region)
        contested = counts.is_contested
        self._contested = (
            {unit // span for unit, is_so in enumerate(contested) if is_so}
            if contested is not None
            else set[int]()
        )

    def refresh(self) -> None:
        """Catch up with the counts, which must be up to date."""
        changed = self.counts.changed
        if self._seen == len(changed):
            return
        totals, span = self.totals, self.span
        pending = changed[self._seen :]
        for unit, change in pending:
            totals[unit // span] += change
        self._seen = len(changed)
        for region in {unit // span for unit, _ in pending}:
            if totals[region]:
                self._buckets[totals[region]].append(region)

    def at_least(self, size: int, is_strict: bool) -> Iterator[int]:
        """Regions with `size` or more free nodes, fewest first, then in order; contested last.

        Yields from a snapshot: callers may take and give back nodes meanwhile.
        """
        contested: list[int] = []
        for total in sorted(key for key in self._buckets if key >= size):
            bucket = self._buckets[total]
            regions = sorted({region for region in bucket if self.totals[region] == total})
            if len(regions) < len(bucket):
                self._buckets[total] = list(regions)
            for region in regions:
                if is_strict and region in self._contested:
                    contested.append(region)
                else:
                    yield region
        yield from contested
