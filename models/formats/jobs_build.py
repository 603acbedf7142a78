"""From typed keys to a `Job`: gpus to whole nodes, licences to counts, what must fit together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import ProblemLog
from ..job import Job
from .jobs_keys import named, parse_values
from .jobs_licenses import LicenseResolver


class JobState(Enum):
    """What a source says about a job."""

    PENDING = "pending"
    RUNNING = "running"
    INELIGIBLE = "ineligible"


@dataclass(frozen=True, slots=True)
class JobEntry:
    """One job of a file, with what `load_state` needs besides the job itself.

    Attributes
    ----------
    job
        As its user asked for it.
    state
        Whether it is planned, holds nodes, or is only listed.
    source, place
        Where it was read.
    nodes
        Names of the nodes that a running job holds.
    reason
        Why it is ineligible.
    is_expedited
        Requeued with ``--requeue=expedite``: goes before every other job (slurm_semantics 6).
    is_live
        Whether it comes from a running controller: names that are unknown here are then a sign of
        stale files, not of a typing error, and are warned of instead of refused.
    """

    job: Job
    state: JobState
    source: str
    place: str
    nodes: tuple[str, ...] = ()
    reason: str = ""
    is_expedited: bool = False
    is_live: bool = False


@dataclass(slots=True)
class JobContext:
    """What the readers of jobs need to know about the cluster.

    Attributes
    ----------
    licenses
        Resolver over the cluster's resources.
    gpus_per_node
        GPUs of a node by the node file or the profile; None if neither says.
    now_s
        The instant of the state, if known.
    gpus_only
        Ids of jobs that gave gpus without nodes; told in one warning for all of them.
    """

    licenses: LicenseResolver = field(default_factory=lambda: LicenseResolver({}))
    gpus_per_node: int | None = None
    now_s: int | None = None
    gpus_only: list[str] = field(default_factory=list)


def build_entry(
    raw: Mapping[str, object],
    log: ProblemLog,
    place: str,
    context: JobContext,
    *,
    reason: str = "",
    places: Mapping[str, str] | None = None,
) -> JobEntry | None:
    """One job of a YAML, CSV or sbatch file; None when anything about it is wrong.

    Parameters
    ----------
    raw
        Key to YAML scalar or text.
    log
        Where problems go.
    place
        The job's place in its source.
    context
        What there is to know about the cluster.
    reason
        Why the job is ineligible, for sbatch options that say so (``--hold`` ...).
    places
        Places of single keys, where they are known.
    """
    num_errors = len(log.errors)
    values: dict[str, Any] | None = parse_values(raw, log, place, places)
    if values is None:
        return None
    if "job_id" not in values:
        log.error(place, "no job_id", "an identifier of its own for every job")
    is_running = values.get("state") == "running"
    nodelist: tuple[str, ...] | None = values.get("nodelist")
    if is_running and nodelist is None:
        log.error(f"{place}, state", "running without nodelist", "the nodes that the job holds")
    size = _node_range(values, log, place, context, is_running=is_running)
    licenses = _licenses(values, log, place, context)
    if size is None or len(log.errors) > num_errors:
        return None
    _check_segments(values, size[0], log, place)
    _check_lists(values, log, place)
    if len(log.errors) > num_errors:
        return None
    job = Job(
        job_id=values["job_id"],
        num_nodes=size[0],
        max_nodes=size[1],
        segment=values.get("segment") or None,
        spread_segments=values.get("spread_segments", False),
        consolidate_segments=values.get("consolidate_segments", False),
        exclusive=values.get("exclusive"),
        switches=values.get("switches"),
        contiguous=values.get("contiguous", False),
        partitions=values.get("partition", ()),
        nodelist=None if is_running else nodelist,
        exclude=values.get("exclude", ()),
        features=values.get("features"),
        licenses=licenses,
        power_w=values.get("power_w"),
        time_limit_s=values.get("time_limit"),
        submit_s=values.get("submit"),
        start_s=values.get("start"),
        priority=values.get("priority"),
        weight=values.get("weight"),
        user=values.get("user", ""),
        account=values.get("account", ""),
        name=values.get("name", ""),
        comment=values.get("comment", ""),
    )
    if is_running:
        assert nodelist is not None
        return JobEntry(job, JobState.RUNNING, log.source, place, nodes=nodelist)
    now_s = time.time() if context.now_s is None else context.now_s
    if not reason and job.start_s is not None and job.start_s > now_s:
        reason = "BeginTime"
    state = JobState.INELIGIBLE if reason else JobState.PENDING
    return JobEntry(job, state, log.source, place, reason=reason)


def _node_range(
    values: Mapping[str, Any],
    log: ProblemLog,
    place: str,
    context: JobContext,
    *,
    is_running: bool,
) -> tuple[int, int] | None:
    """Minimum and maximum node count of a job, from nodes, gpus or a running job's nodelist."""
    nodes: tuple[int, int] | None = values.get("nodes")
    held = len(values["nodelist"]) if is_running and "nodelist" in values else None
    from_gpus = _nodes_for_gpus(values, log, place, context)
    if nodes is None and "gpus" in values:
        if from_gpus is not None:
            context.gpus_only.append(values.get("job_id", place))
            nodes = (from_gpus, from_gpus)
    elif nodes is None and held is None:
        log.error(place, "neither nodes nor gpus", "one of them")
    elif nodes is not None and from_gpus is not None and from_gpus > nodes[1]:
        log.error(
            f"{place}, gpus",
            f"{values['gpus']} GPUs need {from_gpus} nodes, nodes says {nodes[1]}",
            "gpus that fit on the nodes",
        )
        return None
    if held is not None:
        if nodes is not None and not nodes[0] <= held <= nodes[1]:
            log.warn(f"{place}, nodes", f"a running job of {nodes[0]} nodes holds {held}")
        return held, held
    return nodes


def _nodes_for_gpus(
    values: Mapping[str, Any], log: ProblemLog, place: str, context: JobContext
) -> int | None:
    """Whole nodes for the job's gpus; GPUs of a node come from the job, else from the cluster."""
    asked: int | None = values.get("gpus_per_node")
    installed = context.gpus_per_node
    if asked is not None and installed is not None and asked > installed:
        log.error(
            f"{place}, gpus_per_node", f"{asked}", f"at most {installed}, the GPUs of a node"
        )
        return None
    gpus: int | None = values.get("gpus")
    if gpus is None:
        return None
    per_node = asked or installed
    if per_node is None and "nodes" in values:
        return None
    if per_node is None:
        log.error(
            f"{place}, gpus",
            f"{gpus} GPUs, but no file says one number of GPUs for all nodes",
            "gpus_per_node, nodes, a node file with gpus, or --profile",
        )
        return None
    num_nodes = -(-gpus // per_node)
    if gpus % per_node:
        log.warn(
            f"{place}, gpus",
            f"{gpus} GPUs are no whole number of nodes with {per_node}: rounded up to "
            f"{num_nodes} nodes",
        )
    return num_nodes


def _licenses(
    values: Mapping[str, Any], log: ProblemLog, place: str, context: JobContext
) -> tuple[tuple[str, int], ...]:
    """Counts of the cluster's resources that the job requests."""
    try:
        return context.licenses.resolve(values.get("licenses", ()))
    except ValueError as error:
        wanted = "counts or variables of resources.yaml, and at most one MODE_3 resource"
        log.error(f"{place}, licenses", str(error), wanted)
        return ()


def _check_segments(
    values: Mapping[str, Any], num_nodes: int, log: ProblemLog, place: str
) -> None:
    """Segment against node count (slurm_semantics 3.1.5; sbatch refuses the first case itself)."""
    segment: int = values.get("segment", 0)
    if segment > num_nodes:
        log.warn(
            f"{place}, segment",
            f"{segment} is larger than the job's {num_nodes} nodes: ignored, as Slurm does",
        )
    elif segment and num_nodes % segment:
        log.error(
            f"{place}, segment",
            f"{segment} does not divide the job's {num_nodes} nodes",
            "a segment size that divides nodes",
        )
    if not segment:
        for key in ("spread_segments", "consolidate_segments"):
            if values.get(key):
                log.warn(f"{place}, {key}", "has no effect without a segment")


def _check_lists(values: Mapping[str, Any], log: ProblemLog, place: str) -> None:
    """``--nodelist`` overlapping ``--exclude`` is refused by Slurm (data/README.md, finding 7)."""
    excluded = set(values.get("exclude", ()))
    both = [name for name in values.get("nodelist", ()) if name in excluded]
    if both and values.get("state") != "running":
        log.error(f"{place}, exclude", f"{named(both)} is in nodelist too", "disjoint lists")
