"""Counts of a conformance run, per kind of record."""

from __future__ import annotations

from dataclasses import dataclass, field

from .conformance_answers import CRASH, START, UNSUPPORTED, JobRow, QueueRow, Row


@dataclass(slots=True)
class Tally:
    """Counts of one kind.

    Attributes
    ----------
    name
        The kind.
    is_slurm_like
        Whether agreement means equal decisions; otherwise it means recorded starts found.
    records
        Compared records; `crashes` are left out.
    equal
        Records with the same decision; queues in which the same jobs start.
    same_starts
        Starts on the very same nodes; queues in which all starts are.
    missed, extra
        Starts of Slurm alone, and of the engine alone.
    better, worse
        Queues whose start vector is lexicographically better or worse than the recorded one.
    extra_nodes
        Nodes that the engine starts in queues beyond Slurm's.
    """

    name: str
    is_slurm_like: bool
    records: int = 0
    crashes: int = 0
    unsupported: int = 0
    recorded_starts: int = 0
    equal: int = 0
    same_starts: int = 0
    missed: int = 0
    extra: int = 0
    queues: int = 0
    better: int = 0
    worse: int = 0
    extra_nodes: int = 0
    undecided: int = 0
    illegal: list[str] = field(default_factory=list)

    @property
    def agreement(self) -> float:
        """Share of equal decisions; of recorded starts found unless the engine is slurm-like.

        A queue's starts are found when its start vector is not worse than the recorded one.
        """
        if self.is_slurm_like:
            return self.equal / self.records if self.records else 1.0
        if self.queues:
            return (self.queues - self.worse) / self.queues
        if not self.recorded_starts:
            return 1.0
        return (self.recorded_starts - self.missed) / self.recorded_starts

    def add(self, row: Row) -> None:
        """Count a row."""
        if isinstance(row, JobRow):
            self._add_job(row)
        else:
            self._add_queue(row)

    def _add_job(self, row: JobRow) -> None:
        if row.decision == CRASH:
            self.crashes += 1
            return
        self._add_common(row)
        self.unsupported += row.decision == UNSUPPORTED
        self.recorded_starts += row.recorded == START
        self.missed += row.is_missed
        self.extra += row.is_extra

    def _add_queue(self, row: QueueRow) -> None:
        self._add_common(row)
        self.queues += 1
        pairs = list(zip(row.recorded, row.planned, strict=True))
        self.recorded_starts += row.recorded.count("1")
        self.missed += pairs.count(("1", "0"))
        self.extra += pairs.count(("0", "1"))
        self.better += row.planned > row.recorded
        self.worse += row.planned < row.recorded
        self.extra_nodes += row.extra_nodes

    def _add_common(self, row: Row) -> None:
        self.records += 1
        self.equal += row.is_equal
        self.same_starts += row.is_same_start
        self.undecided += row.is_legal == "undecided"
        if row.is_legal is False:
            self.illegal.append(f"{row.file}:{row.id}")


class Tallies:
    """One tally per kind, in the order of their first record."""

    def __init__(self, *, is_slurm_like: bool) -> None:
        self._is_slurm_like = is_slurm_like
        self._by_name: dict[str, Tally] = {}

    def add(self, row: Row) -> None:
        """Count a row under its kind."""
        if row.name not in self._by_name:
            self._by_name[row.name] = Tally(row.name, self._is_slurm_like)
        self._by_name[row.name].add(row)

    @property
    def each(self) -> list[Tally]:
        """All tallies."""
        return list(self._by_name.values())
