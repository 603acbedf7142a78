"""Records of what ran: waits and allocations of jobs, and what became of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import Problem
from ..job import Job

MAX_KEPT_PROBLEMS = 200  # of one file; all are counted


@dataclass(frozen=True, slots=True)
class Record:
    """One accounting entry: a job's wait and, if it started, its allocation.

    Attributes
    ----------
    job
        The request; `submit_s`, `start_s` and `time_limit_s` are the recorded ones.
    nodelist
        Hostlist of the allocation; empty if the job never started.
    slots
        ``(node, slots)`` of an allocation that holds parts of shared nodes (``name:k``).
    eligible_s
        When it could start for all that concerns the job itself; None if unknown or never.
    end_s
        End of the allocation, or of the wait; None while it runs or waits.
    state
        First word of the state, upper case.
    reason
        Last reason of waiting that Slurm noted; empty if none.
    whole_nodes
        Whether it held its nodes alone; None if the record does not tell.
    knows_request
        Whether segment options could be read; without them placement rules are not judged.
    is_continuation
        Whether it is a later piece of a resized job: it did not start here, it changed size.
    is_clock_uncertain
        Whether an instant falls in the repeated hour of a daylight-saving change, undecidably.
    reservation
        Name of the reservation it ran in, if any.
    was_eligible
        Whether it ever could have started; a held job never could.
    suspended_s
        Seconds for which it was suspended; they do not count against the limit.
    source, line
        Where it was read.
    """

    job: Job
    nodelist: str = ""
    slots: tuple[tuple[str, int], ...] = ()
    eligible_s: int | None = None
    end_s: int | None = None
    state: str = ""
    reason: str = ""
    whole_nodes: bool | None = None
    knows_request: bool = True
    is_continuation: bool = False
    is_clock_uncertain: bool = False
    reservation: str = ""
    was_eligible: bool = True
    suspended_s: int = 0
    source: str = ""
    line: int = 0

    @property
    def start_s(self) -> int | None:
        """Start of the allocation; None if it never started."""
        return self.job.start_s

    @property
    def waits_from_s(self) -> int | None:
        """From when on it waited: eligible, else submitted; None if it never could start."""
        if not self.was_eligible:
            return None
        return self.eligible_s if self.eligible_s is not None else self.job.submit_s


@dataclass(slots=True)
class FileCount:
    """What became of the lines (JSON: jobs) of one file: ``read + skipped + failed == lines``.

    Attributes
    ----------
    source, format
        The file and what it was recognised as.
    lines
        Lines of text, or jobs of a JSON document.
    read
        Lines that became a record.
    skipped
        Lines left out on purpose, by reason.
    failed
        Lines that could not be understood.
    problems
        The first of the failures, and warnings about single lines.
    """

    source: str
    format: str
    lines: int = 0
    read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)

    def fail(self, place: str, found: str, wanted: str = "") -> None:
        """Count a line that could not be understood."""
        self.failed += 1
        self.note(place, found, wanted)

    def note(self, place: str, found: str, wanted: str = "") -> None:
        """Keep a problem of one line, up to a limit."""
        if len(self.problems) < MAX_KEPT_PROBLEMS:
            self.problems.append(Problem(self.source, place, found, wanted))

    @property
    def is_balanced(self) -> bool:
        """Whether every line is accounted for."""
        return self.read + sum(self.skipped.values()) + self.failed == self.lines


@dataclass(frozen=True)
class RecordSet:
    """Everything read from all files.

    Attributes
    ----------
    records
        Unique ones, ordered by start (waiting ones by submission), then job id.
    files
        One count per file.
    facts
        Things noticed and handled, by name: steps, requeued, resized, array tasks ...
    missing
        Analyses that the columns do not allow, each in one line for people.
    """

    records: tuple[Record, ...]
    files: tuple[FileCount, ...] = ()
    facts: Counter[str] = field(default_factory=Counter)
    missing: tuple[str, ...] = ()

    @property
    def last_s(self) -> int | None:
        """The latest instant in any record: what "now" means for jobs without an end."""
        return max(_instants(self.records), default=None)

    @property
    def first_s(self) -> int | None:
        """The earliest instant in any record."""
        return min(_instants(self.records), default=None)


def _instants(records: Iterable[Record]) -> Iterable[int]:
    for record in records:
        for instant in (record.job.submit_s, record.start_s, record.end_s):
            if instant is not None:
                yield instant
