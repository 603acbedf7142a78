"""Plans, what they are worth, and the protocol that every engine follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import chain
from typing import Protocol

from .instance import Instance
from .legality import Legality


class Objective(Enum):
    """The first term of the score (design.md section 6)."""

    PRIORITY = "priority"
    WEIGHTED = "weighted"
    THROUGHPUT = "throughput"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class Placement:
    """One started job.

    Attributes
    ----------
    job_id
        The job.
    segments
        Node indices of each placement unit, ascending; one unit for a job without segments.
    partition
        Name of the partition it starts in.
    """

    job_id: str
    segments: tuple[tuple[int, ...], ...]
    partition: str

    @property
    def nodes(self) -> tuple[int, ...]:
        """All its node indices, ascending."""
        return tuple(sorted(chain.from_iterable(self.segments)))


@dataclass(frozen=True)
class Plan:
    """The jobs that start now, and where."""

    placements: tuple[Placement, ...] = ()

    @cached_property
    def placement_of(self) -> dict[str, Placement]:
        """Placement by job id."""
        return {placement.job_id: placement for placement in self.placements}


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What to optimise, under which rules, and for how long.

    Attributes
    ----------
    objective
        First term of the score.
    legality
        Which rules bind.
    mix
        ``(segment size, weight)`` pairs of the usable-capacity term; None takes the queue's own.
    locality
        Whether the number of aggregated blocks touched is a term.
    balance_power
        Whether the smallest relative headroom of a layer is a term, right after the first.
    seed
        Seed of everything random.
    work
        Deterministic work limit (CP-SAT deterministic seconds, iterations scale with it).
    budget_s
        Wall-clock limit in seconds; makes the result depend on the machine.
    workers
        Solver threads; more than one makes the result depend on timing.
    """

    objective: Objective = Objective.PRIORITY
    legality: Legality = Legality.DOCUMENTED
    mix: tuple[tuple[int, int], ...] | None = None
    locality: bool = False
    balance_power: bool = False
    seed: int = 0
    work: float | None = None
    budget_s: float | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class TermValue:
    """One term of the score: what the plan attains and what no plan can exceed.

    Attributes
    ----------
    term
        Its name.
    value
        Integer, or the bit string of the start vector.
    bound
        Best that is still possible given the earlier terms; None when nothing is known.
    is_minimised
        Whether lower is better.
    proven_through
        `priority` only: id of the last job up to which the vector is proven optimal.
    """

    term: str
    value: int | str
    bound: int | str | None = None
    is_minimised: bool = False
    proven_through: str | None = None

    @property
    def proven(self) -> bool:
        """Whether the value is optimal: it equals its bound."""
        return self.bound is not None and self.value == self.bound


class Reason(Enum):
    """Why a job is not placed (interfaces.md)."""

    WAITS = "waits"
    NEVER = "never"
    INELIGIBLE = "ineligible"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A job that does not start: why, by which rule, in one line for people."""

    job_id: str
    reason: Reason
    rule: str
    message: str


@dataclass(frozen=True)
class PlanResult:
    """What an engine returns.

    Attributes
    ----------
    plan
        The started jobs.
    engine
        Its name in the registry.
    options
        What it was asked for.
    objective
        Every term in order, as recomputed by `score`.
    unplaced
        Every job of the instance that does not start.
    wall_s
        Seconds it took.
    statistics
        Anything else worth recording: work done, model size, iterations.
    """

    plan: Plan
    engine: str
    options: PlanOptions
    objective: tuple[TermValue, ...]
    unplaced: tuple[Unplaced, ...] = ()
    wall_s: float = 0.0
    statistics: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """``optimal`` only when every term is proven."""
        proven = bool(self.objective) and all(term.proven for term in self.objective)
        return "optimal" if proven else "feasible"


Progress = Callable[[str], None]

# Asked again and again by an engine; once it is true, the engine ends with its best plan.
Stop = Callable[[], bool]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while planning; carries the best result so far."""

    def __init__(self, best: PlanResult) -> None:
        super().__init__()
        self.best = best


class Placer(Protocol):
    """An engine: maps an instance to a plan. Never modifies the instance."""

    def __call__(
        self, instance: Instance, options: PlanOptions, *, progress: Progress | None = None
    ) -> PlanResult:
        """Plan the pending jobs of `instance`."""
        ...
