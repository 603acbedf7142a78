"""What a replay is given: jobs with their true runtimes, and how they are admitted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...models.job import Job
from ...models.legality import Legality
from ...models.plan import Objective

UNLIMITED_S = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """A job and how long it really runs.

    Attributes
    ----------
    job
        Its `submit_s` is when it enters the queue; `time_limit_s` is all that the policy knows of
        its length.
    runtime_s
        Seconds of undisturbed work; it runs to its end even beyond its limit, as recorded.
    """

    job: Job
    runtime_s: int

    @property
    def limit_s(self) -> int:
        """Seconds that a scheduler has to reckon with."""
        return UNLIMITED_S if self.job.time_limit_s is None else self.job.time_limit_s


class Admission(Enum):
    """Which jobs may start before a higher one that has to wait.

    ``JOINT``: the engine plans the whole queue, and what it starts is started. ``STRICT``: none.
    ``EASY``: those that cannot delay the first waiting job. ``CONSERVATIVE``: those that cannot
    delay any waiting job before them.
    """

    JOINT = "joint"
    STRICT = "strict"
    EASY = "easy"
    CONSERVATIVE = "conservative"


class Requeue(Enum):
    """What happens to a job whose node fails (slurm_semantics 6).

    ``EXPEDITE``: back to the very front of the queue. ``NORMAL``: back to its old place in it.
    ``FAIL``: it is lost.
    """

    EXPEDITE = "expedite"
    NORMAL = "normal"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a replay runs.

    Attributes
    ----------
    admission
        Who may overtake.
    depth
        Waiting jobs looked at in one pass, as with Slurm's ``bf_max_job_test``.
    requeue
        What becomes of jobs on failed nodes.
    checkpoint_s
        Work is saved every so many seconds; None: a failed job starts from its beginning.
    objective, legality, seed
        For the engine.
    capacity_sizes
        Segment sizes whose usable capacity is sampled.
    samples
        Points of the time series.
    shows_running
        Whether the engine needs to know the running jobs and their limits, because it plans in
        time itself (``slurm-backfill``). Under ``JOINT`` it sees all waiting jobs, too, even those
        that cannot start now.
    """

    admission: Admission = Admission.EASY
    depth: int = 100
    requeue: Requeue = Requeue.EXPEDITE
    checkpoint_s: int | None = None
    objective: Objective = Objective.PRIORITY
    legality: Legality = Legality.DOCUMENTED
    seed: int = 0
    capacity_sizes: tuple[int, ...] = (4, 16, 18)
    samples: int = 200
    shows_running: bool = False
