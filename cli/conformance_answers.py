"""What an engine answers to each recording, and whether the recorded allocation was legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..models.errors import UnsupportedError
from ..models.formats.recordings import Outcome, QueueOutcome, Recording, read_recordings
from ..models.hostlist import fold
from ..models.instance import Instance
from ..models.legality import Legality
from ..models.plan import Placement, Plan, PlanOptions, Reason
from ..models.rules import Undecided, find_segments, verify
from .engines import checked, run_engine

if TYPE_CHECKING:
    from ..heuristics.slurm import Decision

START, PENDING, REJECTED, NOT_STARTED = "start_now", "pending", "rejected", "not_started"
CRASH, UNSUPPORTED = "controller_crash", "unsupported"
SLURM = "slurm"
# Rules whose breach the bare plugin refuses for ever, with code 2178 (slurm_semantics 11.1).
PERMANENT = frozenset({"segment", "torus_anchor"})

Legal = bool | Literal["undecided"] | None
Starts = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class JobRow:
    """A decision or vector beside the engine's answer.

    Attributes
    ----------
    name
        Kind that it is counted under.
    file, id
        Where it was recorded.
    recorded, decision
        Slurm's decision and the engine's.
    nodelist
        Nodes of the engine, None unless it starts the job.
    is_same_start
        Whether both start it on the same nodes.
    is_legal
        Whether the recorded allocation obeys our rules.
    cause
        The step at which Slurm's algorithm gave up, for an extra start.
    """

    name: str
    file: str
    id: str
    recorded: str
    decision: str
    nodelist: str | None
    is_same_start: bool
    is_legal: Legal
    cause: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether the decisions agree."""
        return self.recorded == self.decision

    @property
    def is_same(self) -> bool:
        """Whether decision and nodes agree."""
        return self.is_equal and (self.decision != START or self.is_same_start)

    @property
    def is_missed(self) -> bool:
        """Whether only Slurm starts it."""
        return self.recorded == START != self.decision

    @property
    def is_extra(self) -> bool:
        """Whether only the engine starts it."""
        return self.decision == START != self.recorded

    @property
    def document(self) -> dict[str, Any]:
        """The row of interfaces.md."""
        return {
            "file": self.file,
            "id": self.id,
            "decision": self.decision,
            "nodelist": self.nodelist,
            "recorded_is_legal": self.is_legal,
        }


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A whole queue beside the engine's plan.

    Attributes
    ----------
    recorded, planned
        Start vectors in queue order, a bit per job.
    extra_nodes
        Nodes started by the engine minus those started by Slurm.
    """

    name: str
    file: str
    id: str
    scheduler: str
    starts: Mapping[str, str]
    recorded: str
    planned: str
    is_same_start: bool
    extra_nodes: int
    is_legal: Legal

    @property
    def is_equal(self) -> bool:
        """Whether the same jobs start."""
        return self.recorded == self.planned

    @property
    def is_same(self) -> bool:
        """Whether all starts agree to the node."""
        return self.is_same_start

    @property
    def document(self) -> dict[str, Any]:
        """The row of interfaces.md."""
        return {
            "file": self.file,
            "id": self.id,
            "scheduler": self.scheduler,
            "starts": dict(self.starts),
        }


Row = JobRow | QueueRow


def answers(path: Path, engine: str, options: PlanOptions) -> Iterator[Row]:
    """A row for every record of a file; controller crashes included, with no answer."""
    for recording in read_recordings(path):
        if isinstance(recording.outcome, QueueOutcome):
            yield _queue_row(recording, recording.outcome, engine, options)
        else:
            yield _job_row(recording, recording.outcome, engine, options)


def _job_row(recording: Recording, outcome: Outcome, engine: str, options: PlanOptions) -> JobRow:
    name = f"{recording.source} {recording.kind}"
    where = name, recording.file, recording.id, outcome.decision
    if outcome.decision == CRASH:
        return JobRow(*where, CRASH, None, False, None)
    instance = recording.instance
    decision, nodes = _decide(recording, engine, options)
    is_legal: Legal = None
    if outcome.nodes is not None:
        is_legal = _is_legal(instance, {0: outcome.nodes}, options.legality)
    cause = ""
    if decision == START != outcome.decision and engine != SLURM:
        cause = _failing_step(recording)
    return JobRow(
        *where,
        decision,
        None if nodes is None else fold(instance.cluster.names(nodes)),
        nodes is not None and nodes == outcome.nodes,
        is_legal,
        cause,
    )


def _decide(
    recording: Recording, engine: str, options: PlanOptions
) -> tuple[str, frozenset[int] | None]:
    is_vector = recording.source == "vectors"
    if engine == SLURM:
        answer = _ask_slurm(recording)
        return answer.decision, frozenset(answer.nodes) if answer.starts else None
    try:
        result = run_engine(engine, recording.instance, options)
    except UnsupportedError:
        return UNSUPPORTED, None
    if result.plan.placements:
        return START, frozenset(result.plan.placements[0].nodes)
    why = result.unplaced[0]
    is_never = why.reason is Reason.NEVER
    if is_vector:
        return (REJECTED if is_never and why.rule in PERMANENT else NOT_STARTED), None
    return (REJECTED if is_never else PENDING), None


def _ask_slurm(recording: Recording) -> Decision:
    """The emulator's answer: of the bare plugin to a vector, of the controller to a decision."""
    from ..heuristics.slurm import choose, select_only

    ask = select_only if recording.source == "vectors" else choose
    return ask(recording.instance, recording.job)


def _failing_step(recording: Recording) -> str:
    """Where the emulator of Slurm 26.11 gives up on the same job."""
    return _ask_slurm(recording).step or "no step: the emulator starts it as well"


def _is_legal(instance: Instance, starts: Starts, legality: Legality) -> Legal:
    """Whether recorded starts obey the rules under some cut into segments."""
    placements = []
    try:
        for index, nodes in starts.items():
            job = instance.jobs[index]
            partition = instance.partitions_of(job)[0]
            segments = find_segments(instance, job, partition, nodes, legality)
            if segments is None:
                return False
            placements.append(Placement(job.job_id, segments, partition.name))
        return not verify(instance, Plan(tuple(placements)), legality)
    except Undecided:
        return "undecided"


def _queue_row(
    recording: Recording, outcome: QueueOutcome, engine: str, options: PlanOptions
) -> QueueRow:
    instance = recording.instance
    starts = _plan_queue(recording, outcome, engine, options)
    names = instance.cluster.names
    indices = range(len(instance.jobs))
    return QueueRow(
        name=f"{recording.source} {recording.kind} {outcome.scheduler}",
        file=recording.file,
        id=recording.id,
        scheduler=outcome.scheduler,
        starts={str(index): fold(names(starts[index])) for index in sorted(starts)},
        recorded="".join("1" if index in outcome.starts else "0" for index in indices),
        planned="".join("1" if index in starts else "0" for index in indices),
        is_same_start=starts == outcome.starts,
        extra_nodes=_num_nodes(starts) - _num_nodes(outcome.starts),
        is_legal=_is_legal(instance, outcome.starts, options.legality),
    )


def _num_nodes(starts: Starts) -> int:
    return sum(map(len, starts.values()))


def _plan_queue(
    recording: Recording, outcome: QueueOutcome, engine: str, options: PlanOptions
) -> Starts:
    if engine == SLURM:
        from ..heuristics.slurm import slurm, slurm_backfill

        schedule = slurm_backfill if outcome.scheduler == "backfill" else slurm
        result = checked(recording.instance, schedule(recording.instance, options))
    else:
        result = run_engine(engine, recording.instance, options)
    return {
        int(placement.job_id): frozenset(placement.nodes) for placement in result.plan.placements
    }
