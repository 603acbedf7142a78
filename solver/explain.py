"""Why a job does not start: exact answers, one job at a time, by dropping rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from ..models.instance import Instance
from ..models.job import Job
from ..models.never import NeverExplainer
from ..models.plan import Plan, Reason, Stop, TermValue, Unplaced
from ..models.resources import Mode
from ..models.rules.usage import requested
from .model import PlacementModel
from .options import OptionBuilder
from .possible import fits_by_counting, possible

# Questions asked of the solver per plan; a queue has few distinct shapes of jobs.
MOST_QUESTIONS = 60
# Nodes of the cluster times questions: nobody asked for these explanations, so they should cost
# little beside the search (measured: up to 1 s a question on 9,216 nodes).
MOST_ASKED = 60_000

FITS_ALONE = "would fit alone; the score prefers others on the nodes it could use"

# What a user would give up, in the user's words.
WISHES = {
    "leaf_switches": "--switches",
    "contiguous": "--contiguous",
    "spread_segments": "--spread-segments",
    "consolidate_segments": "--consolidate-segments",
    "exclusive_wanted": "--exclusive=topo",
    "required_nodes": "its --nodelist",
    "exclude": "its --exclude",
    "power": "its power draw: a cap binds",
    "mode_1": "its request of the resource",
    "mode_2": "its request of the resource",
    "mode_3": "its request of the resource",
}

Answer = tuple[Reason, str, str]


def unplaced_jobs(
    model: PlacementModel, plan: Plan, first: TermValue, *, stop: Stop | None = None
) -> tuple[Unplaced, ...]:
    """Every job of the instance that does not start, with its reason.

    Parameters
    ----------
    model
        The model that made the plan: it knows the jobs that fit alone by counting.
    first
        First term of the result: where it is unproven, a job that could start stays undecided.
    stop
        Once it is true no further reason is sought.
    """
    instance = model.instance
    explainer = _Explainer(model, stop)
    undecided_from = _undecided_from(instance, first)
    found = []
    for position, job in enumerate(instance.jobs):
        if job.job_id in plan.placement_of:
            continue
        reason, rule, message = explainer.answer(position, job)
        if reason is Reason.WAITS and rule == "one_use" and position >= undecided_from:
            reason = Reason.UNDECIDED
            fits = "would fit alone; " if message == FITS_ALONE else ""
            message = f"{fits}the search ended before it was decided"
        found.append(Unplaced(job.job_id, reason, rule, message))
    return tuple(found)


def _undecided_from(instance: Instance, first: TermValue) -> int:
    """Position of the first job whose start is not proven either way."""
    if first.proven:
        return len(instance.jobs)
    ids = [job.job_id for job in instance.jobs]
    return ids.index(first.proven_through) + 1 if first.proven_through in ids else 0


class _Explainer:
    """Answers once per shape of job."""

    def __init__(self, model: PlacementModel, stop: Stop | None) -> None:
        self._instance = model.instance
        self._stop = stop
        self._options = model.plan_options
        self._builder = OptionBuilder(model.instance, self._options.legality)
        self._never = NeverExplainer(model.instance, self._options.legality)
        # A relaxation has left layers out, so that counting nodes proves nothing there.
        has_layers = bool(model.layout.binding) or (
            model.is_relaxed and bool(model.instance.cluster.resources)
        )
        self._fitting = {
            job
            for kind in model.kinds
            if not has_layers and fits_by_counting(model, kind)
            for job in kind.shape.jobs
        }
        self._known: dict[Hashable, Answer] = {}
        self._questions = 0

    def answer(self, position: int, job: Job) -> Answer:
        if position in self._fitting:
            return Reason.WAITS, "one_use", FITS_ALONE
        key: Hashable = tuple(option.key for option in self._builder.options(job)) or job
        if key not in self._known:
            if self._stop is not None and self._stop():
                return Reason.UNDECIDED, "one_use", "the search ended before a reason was sought"
            self._known[key] = self._explain(job)
        return self._known[key]

    def _explain(self, job: Job) -> Answer:
        instance = self._instance
        never = self._never.explain(job)
        if never is not None:
            return Reason.NEVER, *never
        now = self._ask(instance, job)
        if now is None:
            return Reason.WAITS, "one_use", "its nodes go to jobs that the score prefers"
        if now:
            return Reason.WAITS, "one_use", FITS_ALONE
        if self._ask(instance.idle, job) is False:
            rule, message = self._binding(instance.idle, job)
            return Reason.NEVER, rule, f"{message}, even with every node up and idle"
        return Reason.WAITS, *self._binding(instance, job)

    def _ask(self, instance: Instance, job: Job) -> bool | None:
        asked = (self._questions + 1) * len(instance.cluster.nodes)
        if self._questions >= MOST_QUESTIONS or asked > MOST_ASKED:
            return None
        self._questions += 1
        return possible(instance, job, self._options, stop=self._stop)

    def _binding(self, instance: Instance, job: Job) -> tuple[str, str]:
        """The one rule without which the job could start, else the shape of its units."""
        free = max(
            len(instance.eligible(job, partition) & instance.free)
            for partition in instance.partitions_of(job)
        )
        if free < job.num_nodes:
            return "available", f"asks for {job.num_nodes} nodes, {free} it may use are free"
        taken = self._required_but_taken(instance, job)
        if taken:
            return "required_nodes", f"requires {taken}, not free now"
        for rule, relaxed in _relaxations(instance, job):
            if self._ask(instance, relaxed):
                return rule, f"could start now without {WISHES.get(rule, rule)}"
        partition = instance.partitions_of(job)[0]
        units = instance.units(job, partition)
        kind = instance.cluster.topology_of(partition).kind
        rule = {
            "block": "block_region",
            "ring": "ring_arc",
            "torus3d": "torus_anchor",
            "tree": "common_switch",
        }.get(kind, "available")
        what = (
            f"{units.count} units of {units.size} nodes"
            if units.count > 1
            else (f"{units.size} nodes together")
        )
        return rule, f"{free} nodes are free, but nowhere {what}"

    def _required_but_taken(self, instance: Instance, job: Job) -> str:
        """Names of a few required nodes that are not free; empty if all are in some partition."""
        missing = [
            instance.required(job, partition) - instance.free
            for partition in instance.partitions_of(job)
        ]
        if not all(missing):
            return ""
        names = instance.cluster.names(missing[0])
        return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def _relaxations(instance: Instance, job: Job) -> Iterator[tuple[str, Job]]:
    """The job without one of its wishes, most easily given up first."""
    for resource in instance.cluster.resources:
        if resource.is_power:
            yield "power", replace(job, power_w=0)
        elif requested(job, resource):
            kept = tuple(pair for pair in job.licenses if pair[0] != resource.name)
            yield Mode(resource.mode).name.lower(), replace(job, licenses=kept)
    if job.switches is not None:
        yield "leaf_switches", replace(job, switches=None)
    if job.contiguous:
        yield "contiguous", replace(job, contiguous=False)
    if job.spreads:
        yield "spread_segments", replace(job, spread_segments=False)
    if job.consolidates:
        yield "consolidate_segments", replace(job, consolidate_segments=False)
    if job.is_exclusive_topo:
        yield "exclusive_wanted", replace(job, exclusive=None)
    if job.nodelist is not None:
        yield "required_nodes", replace(job, nodelist=None)
    if job.exclude:
        yield "exclude", replace(job, exclude=())
