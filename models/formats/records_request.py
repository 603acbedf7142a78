"""From a raw entry to a record: what the user asked for, from the fields and the submit line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..features import check_features
from ..hostlist import HostlistError
from ..job import Job
from ..legality import Exclusive
from .jobs_keys import expand_cached
from .jobs_licenses import LicenseResolver, parse_licenses
from .records import Record
from .records_clock import resolve_span
from .records_raw import RawEntry
from .sbatch import parse_submit_line


@dataclass(slots=True)
class RequestReader:
    """Builds records.

    Attributes
    ----------
    licenses
        Resolver over the cluster's resources.
    facts
        Receives what was noticed and handled.
    """

    licenses: LicenseResolver
    facts: Counter[str]

    def record(self, entry: RawEntry, *, is_continuation: bool) -> Record:
        """The record of one entry.

        Raises
        ------
        ValueError
            If its node list or its instants make no sense.
        """
        options = self._options(entry)
        names = self._names(entry)
        length = None if entry.elapsed_s is None else entry.elapsed_s + entry.suspended_s
        span = resolve_span(entry.starts, entry.ends, length)
        start_s, end_s = span.start_s, span.end_s
        if start_s is not None and end_s is None and entry.elapsed_s and not _is_running(entry):
            end_s = start_s + (length or 0)
        if start_s is not None and end_s is not None and end_s < start_s:
            raise ValueError(f"job {entry.job_id} ends {start_s - end_s} s before it starts")
        if start_s is not None and not names:
            if entry.num_nodes and end_s != start_s:
                self.facts["allocations without node names"] += 1
            else:
                # Accounting gives some jobs that were cancelled while waiting a start.
                self.facts["started without nodes"] += 1
                start_s = None
        self.facts["clock changes repaired"] += span.was_corrected
        self.facts["undecidable clock hours"] += span.is_uncertain
        if entry.restarts and not is_continuation:
            self.facts["restarted jobs"] += 1
        allocated = (len(names) or entry.num_nodes) if start_s is not None else None
        size = _size(entry, options, allocated)
        if is_continuation and allocated:
            size = (allocated, allocated)
        return Record(
            job=self._job(entry, options, size, start_s, is_continuation),
            nodelist=entry.nodelist if start_s is not None else "",
            slots=entry.slots,
            eligible_s=entry.eligibles[0] if entry.eligibles else None,
            end_s=end_s,
            state=entry.state,
            reason="" if entry.reason in ("None", "none") else entry.reason,
            whole_nodes=_whole_nodes(entry, options),
            knows_request=_knows_request(entry),
            is_continuation=is_continuation,
            is_clock_uncertain=span.is_uncertain,
            reservation=entry.reservation,
            was_eligible=bool(entry.eligibles) or start_s is not None or not entry.tells_eligible,
            suspended_s=entry.suspended_s,
            source=entry.source,
            line=entry.line,
        )

    def _names(self, entry: RawEntry) -> tuple[str, ...]:
        try:
            return expand_cached(entry.nodelist) if entry.nodelist else ()
        except HostlistError as error:
            raise ValueError(f"job {entry.job_id}: {error}") from None

    def _options(self, entry: RawEntry) -> Mapping[str, Any]:
        """Typed job keys of the submit line; unreadable ones are left out and counted."""
        if not entry.submit_line:
            return {}
        options = parse_submit_line(entry.submit_line)
        self.facts["unreadable submit options"] += sum(
            text.endswith("cannot be read") for _, text in options.warnings
        )
        if "ntasks" in options.sizes and options.values.get("nodes") == (1, 1):
            # The node count follows from CPUs, which accounting does not tell.
            del options.values["nodes"]
        return options.values

    def _job(
        self,
        entry: RawEntry,
        options: Mapping[str, Any],
        size: tuple[int, int],
        start_s: int | None,
        is_continuation: bool,
    ) -> Job:
        nodelist: tuple[str, ...] | None = options.get("nodelist")
        partitions = tuple(filter(None, entry.partition.split(",")))
        limit_s = entry.limit_s if entry.limit_s is not None else options.get("time_limit")
        return Job(
            job_id=entry.job_id,
            num_nodes=size[0],
            max_nodes=size[1],
            segment=None if is_continuation else (entry.segment or options.get("segment") or None),
            spread_segments=_either(entry.spread_segments, options.get("spread_segments")),
            consolidate_segments=_either(
                entry.consolidate_segments, options.get("consolidate_segments")
            ),
            exclusive=_exclusive(entry, options),
            switches=options.get("switches"),
            contiguous=bool(options.get("contiguous")),
            partitions=partitions or options.get("partition", ()),
            nodelist=nodelist,
            exclude=options.get("exclude", ()),
            features=self._features(entry, options),
            licenses=self._licenses(entry, options),
            power_w=entry.power_w,
            time_limit_s=limit_s,
            submit_s=entry.submits[0] if entry.submits else None,
            start_s=start_s,
            priority=entry.priority,
            user=entry.user,
            account=entry.account,
            name=entry.name,
        )

    def _licenses(
        self, entry: RawEntry, options: Mapping[str, Any]
    ) -> tuple[tuple[str, int], ...]:
        request = options.get("licenses", ())
        try:
            if entry.licenses:
                request = parse_licenses(entry.licenses)
            return self.licenses.resolve(request)
        except ValueError:
            self.facts["unreadable licence requests"] += 1
            return ()

    def _features(self, entry: RawEntry, options: Mapping[str, Any]) -> str | None:
        if not entry.constraints:
            features: str | None = options.get("features")
            return features
        try:
            check_features(entry.constraints)
        except ValueError:
            self.facts["constraints not judged"] += 1
            return None
        return entry.constraints


def _size(entry: RawEntry, options: Mapping[str, Any], allocated: int | None) -> tuple[int, int]:
    """Minimum and maximum node count asked for; what was given, where nothing contradicts it.

    A range gives more than its minimum only for CPUs that accounting does not tell (B3), so that
    any count within it is taken as asked for. ``ReqNodes`` knows of later ``scontrol update``.
    """
    low, high = options.get("nodes", (None, None))
    if entry.req_nodes and (low is None or entry.req_nodes != low):
        low, high = entry.req_nodes, max(entry.req_nodes, high or allocated or 0)
    if allocated is None:
        lowest = low or entry.num_nodes or 1
        return lowest, max(lowest, high or 0)
    if low is None or high is None or low <= allocated <= high:
        return allocated, allocated
    return low, high


def _is_running(entry: RawEntry) -> bool:
    return entry.state in ("RUNNING", "SUSPENDED", "COMPLETING", "STOPPED")


def _knows_request(entry: RawEntry) -> bool:
    """Whether the absence of a segment size means that there is none."""
    return entry.segment is not None or entry.submit_line is not None or not entry.raw_id


def _whole_nodes(entry: RawEntry, options: Mapping[str, Any]) -> bool | None:
    if entry.slots:
        return False
    if entry.exclusive is not None:
        return "NODE" in entry.exclusive or "TOPO" in entry.exclusive or "NONE" in entry.exclusive
    return True if options.get("exclusive") is not None else None


def _exclusive(entry: RawEntry, options: Mapping[str, Any]) -> Exclusive | None:
    if entry.exclusive:
        if "TOPO" in entry.exclusive:
            return Exclusive.TOPO
        # squeue --json leaves `shared` empty for topo, so that the submit line still decides.
        if "NODE" in entry.exclusive and options.get("exclusive") is not Exclusive.TOPO:
            return Exclusive.NODE
    chosen: Exclusive | None = options.get("exclusive")
    return chosen


def _either(field: bool | None, option: object) -> bool:
    return bool(field) or bool(option)
