"""Recordings of a real Slurm 26.11: live decisions, golden vectors of its plugins, whole queues.

The formats are those of the shared data (README.md there; vectors: slurm_semantics 11.2). Every
line becomes an `Instance` and a `Job` or a queue, beside what Slurm did with them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ..errors import InputError, Problem
from ..instance import Instance
from ..job import Job
from .recordings_decision import decision_recording
from .recordings_queue import queue_recording
from .recordings_vector import vector_recording

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Slurm did with one job.

    Attributes
    ----------
    decision
        ``start_now``, ``pending``, ``rejected``, ``not_started`` (vectors), ``controller_crash``.
    nodes
        Node indices that it was given; None unless it started.
    reason
        State reason of a pending job.
    error, code
        Slurm's error text and number, if any.
    """

    decision: str
    nodes: frozenset[int] | None = None
    reason: str | None = None
    error: str | None = None
    code: int | None = None


@dataclass(frozen=True)
class QueueOutcome:
    """What Slurm did with a queue.

    Attributes
    ----------
    scheduler
        ``builtin`` (the main scheduler alone) or ``backfill``.
    starts
        Node indices of every started job, by its index in the queue.
    """

    scheduler: str
    starts: Mapping[int, frozenset[int]]


@dataclass(frozen=True)
class Recording:
    """One line of a recording.

    Attributes
    ----------
    source
        ``decisions``, ``vectors`` or ``batches``.
    kind
        Kind of topology, or ``hres`` for a decision with hierarchical resources.
    file, id
        File name and identifier within it; a vector's id is its line number from 0.
    instance
        The state; its `jobs` hold the job or the queue.
    outcome
        What Slurm did.
    """

    source: str
    kind: str
    file: str
    id: str
    instance: Instance
    outcome: Outcome | QueueOutcome

    @property
    def job(self) -> Job:
        """The job of a decision or vector."""
        return self.instance.jobs[0]

    @property
    def queue(self) -> tuple[Job, ...]:
        """The jobs of a queue in priority order."""
        return self.instance.jobs


def read_recordings(path: Path) -> Iterator[Recording]:
    """Every record of a ``.jsonl`` or ``.jsonl.gz`` file, one at a time.

    Raises
    ------
    InputError
        When a line is not a record of a known form.
    """
    with _open(path) as lines:
        for number, line in enumerate(lines):
            if line.strip():
                yield _read(path.name, number, line)


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _read(file: str, number: int, line: str) -> Recording:
    place = f"line {number + 1}"
    try:
        record = json.loads(line)
        if "queue" in record:
            identifier, kind, instance, queue = queue_recording(record)
            return Recording("batches", kind, file, identifier, instance, QueueOutcome(**queue))
        if "expect" in record:
            kind, instance, fields = vector_recording(record)
            return Recording("vectors", kind, file, str(number), instance, Outcome(**fields))
        if "outcome" in record:
            identifier, kind, instance, fields = decision_recording(record)
            return Recording("decisions", kind, file, identifier, instance, Outcome(**fields))
    except KeyError as error:
        raise InputError([Problem(file, place, f"no {error} in the record", "")]) from error
    except (TypeError, ValueError) as error:
        raise InputError([Problem(file, place, str(error), "a recorded decision")]) from error
    wanted = "a decision (outcome), a vector (expect) or a queue (queue)"
    raise InputError([Problem(file, place, "none of the known forms", wanted)])
