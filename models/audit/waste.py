"""The waste part of an audit: one walk through every stretch of an era."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..capacity import base_size, fits
from ..legality import Legality
from .crossing import DEFAULT_PENALTY, Spread, crossing_findings, spread_of, touched_blocks
from .findings import Finding, Kind, Severity
from .history import Era, History
from .occupancy import Occupancy, Stretch, replay
from .repack import DEFAULT_BUDGET_S, RepackJudge
from .waits import NEEDLESS, UNDECIDED, MostJobs, Pending, WaitJudge

Progress = Callable[[str], None]

DEFAULT_WAIT_TOLERANCE_S = 60
MAX_SAMPLES = 4000  # of usable capacity, per era


@dataclass(frozen=True, slots=True)
class Sample:
    """The state from `start_s` on: nodes busy, free, down, and usable of the free ones."""

    start_s: int
    end_s: int
    busy: int
    free: int
    absent: int
    usable: float

    @property
    def stranded(self) -> float:
        """Free nodes that the mix cannot use."""
        return self.free - self.usable


@dataclass(frozen=True, slots=True)
class WasteOptions:
    """What to look at, and how closely.

    Attributes
    ----------
    mix
        ``(size, weight)`` of the usable capacity; None takes the base size alone.
    penalty
        Throughput lost by a needless crossing: an assumption.
    wait_tolerance_s
        Needless waits up to this long are the scheduler's own pace and no findings.
    judges_waits
        Whether waits are judged at all.
    partition_limits
        Longest time limit of each partition that has one, in seconds.
    repack_budget_s
        Seconds for questions about repacking; zero asks none.
    """

    mix: tuple[tuple[int, int], ...] | None = None
    penalty: float = DEFAULT_PENALTY
    wait_tolerance_s: int = DEFAULT_WAIT_TOLERANCE_S
    judges_waits: bool = True
    partition_limits: Mapping[str, int] = field(default_factory=dict)
    repack_budget_s: float = DEFAULT_BUDGET_S


@dataclass
class Waste:
    """What the walk found.

    Attributes
    ----------
    findings
        Crossings and needless waits.
    spreads
        Of every multi-node start on blocks or leaves.
    waits
        Every judged wait.
    samples
        The curve of busy, free, down and usable nodes.
    node_s_by_cause
        Node-seconds of waiting by what caused it: a binding rule, or a name of `waits`.
    facts
        Counts of what was judged and what not.
    """

    findings: list[Finding] = field(default_factory=list)
    spreads: list[Spread] = field(default_factory=list)
    waits: list[Pending] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    node_s_by_cause: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)


def find_waste(
    history: History,
    legality: Legality,
    options: WasteOptions,
    *,
    most_jobs: MostJobs | None = None,
    progress: Progress | None = None,
) -> Waste:
    """Everything that cost capacity without breaking a rule.

    Parameters
    ----------
    history
        What happened.
    legality
        Which rules a better placement would have had to obey.
    options
        What to look at.
    most_jobs
        Exact engine for what bounds and greedy placing leave open.
    progress
        Told how far the walk is.
    """
    waste = Waste()
    for number, era in enumerate(history.eras, start=1):
        where = f"topology {number} of {len(history.eras)}"
        _walk(era, legality, options, waste, most_jobs, progress, where)
    waste.findings.extend(crossing_findings(waste.spreads, options.penalty))
    for pending in waste.waits:
        waste.findings.extend(_wait_findings(pending, options.wait_tolerance_s))
    waste.findings.sort(key=lambda finding: (finding.start_s, finding.kind.value, finding.jobs))
    return waste


def _walk(
    era: Era,
    legality: Legality,
    options: WasteOptions,
    waste: Waste,
    most_jobs: MostJobs | None,
    progress: Progress | None,
    where: str,
) -> None:
    occupancy = replay(era, legality)
    waits = WaitJudge(
        era,
        occupancy,
        facts=waste.facts,
        most_jobs=most_jobs,
        partition_limits=options.partition_limits,
    )
    repack = RepackJudge(
        occupancy, facts=waste.facts, most_jobs=most_jobs, budget_s=options.repack_budget_s
    )
    sampler = _Sampler(era, options)
    done = 0
    for stretch in occupancy.stretches():
        for spread in _spreads(occupancy, stretch):
            waste.spreads.append(spread)
            waste.facts["crossings not judged"] += not spread.is_judged
        if stretch.change.moves_nodes or not waste.samples:
            sampler.take(occupancy, stretch)
        if options.judges_waits:
            blocked = waits.step(stretch)
            if blocked and options.repack_budget_s > 0:
                repack.step(stretch, blocked)
        done += len(stretch.change.started)
        if progress is not None and stretch.change.started and done % 500 == 0:
            progress(f"{where}: waste, {done} of {len(era.allocations)} starts")
    waste.samples.extend(sampler.closed(era.end_s))
    waste.waits.extend(waits.finish())
    waste.node_s_by_cause.update(waits.node_s_by_cause)


def _spreads(occupancy: Occupancy, stretch: Stretch) -> Iterator[Spread]:
    for index in stretch.change.started:
        allocation = occupancy.era.allocations[index]
        if not allocation.is_start or index not in occupancy.running:
            continue
        if (
            not allocation.record.knows_request
            or allocation.num_unknown
            or allocation.record.slots
        ):
            continue
        request = occupancy.requests.of(allocation.record.job, allocation.partition)
        scene = occupancy.scene(stretch.start_s)
        if len(touched_blocks(allocation, request.topology)) > 1:
            scene = occupancy.scene_after([index], stretch.start_s)
        spread = spread_of(allocation, request, scene)
        if spread is not None:
            yield spread


class _Sampler:
    """Collects the curve; usable capacity no more often than `MAX_SAMPLES` allows."""

    def __init__(self, era: Era, options: WasteOptions) -> None:
        topology = era.cluster.topologies[0]
        self._topology = topology
        self._mix = options.mix or ((base_size(topology), 1),)
        self._weight = sum(weight for _, weight in self._mix)
        self._pace_s = max((era.end_s - era.start_s) // MAX_SAMPLES, 0)
        self._open: list[Sample] = []

    def take(self, occupancy: Occupancy, stretch: Stretch) -> None:
        """Record the state of a stretch."""
        if self._open and stretch.start_s - self._open[-1].start_s < self._pace_s:
            return
        scene = occupancy.scene(stretch.start_s)
        left = scene.free - scene.held
        instance = occupancy.requests.instance
        usable = sum(
            weight * size * fits(instance, left, self._topology, size)
            for size, weight in self._mix
        )
        free = len(scene.free)
        counts = (len(scene.occupied), free, occupancy.num_absent)
        sample = Sample(stretch.start_s, stretch.end_s, *counts, min(usable / self._weight, free))
        self._open.append(sample)

    def closed(self, end_s: int) -> list[Sample]:
        """All samples, each lasting until the next."""
        ends = [*(sample.start_s for sample in self._open[1:]), end_s]
        return [
            Sample(s.start_s, end, s.busy, s.free, s.absent, s.usable)
            for s, end in zip(self._open, ends, strict=True)
        ]


def _binding(pending: Pending) -> str:
    """The rule that kept the job waiting longest."""
    rules = (cause for cause, _ in pending.seconds_by_cause.most_common() if " " not in cause)
    return next((rule for rule in rules if rule not in (NEEDLESS, UNDECIDED)), "wait")


def _wait_findings(pending: Pending, tolerance_s: int) -> Iterator[Finding]:
    for kind, spans in (
        (Kind.NEEDLESS_WAIT, pending.spans),
        (Kind.REPACK_WAIT, pending.repack_spans),
    ):
        for start_s, end_s in spans:
            if end_s - start_s <= tolerance_s:
                continue
            job = pending.wait.record.job
            is_needless = kind is Kind.NEEDLESS_WAIT
            how = "could have started on free nodes" if is_needless else "fitted after repacking"
            yield Finding(
                kind=kind,
                rule="wait" if is_needless else _binding(pending),
                severity=Severity.WARNING if is_needless else Severity.INFO,
                jobs=(job.job_id,),
                nodes=(),
                start_s=start_s,
                end_s=end_s,
                message=f"{how} for {end_s - start_s} s of its wait",
                partition=pending.wait.partition,
                user=job.user,
                num_nodes=pending.request.num_nodes,
                lost_node_h=(end_s - start_s) * pending.request.num_nodes / 3600,
            )
