"""Plans as JSON files (interfaces.md, ``plan --output plan.json``): written and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, ProblemLog
from ..hostlist import expand, fold
from ..instance import Instance
from ..job import Job
from ..legality import Legality
from ..plan import Placement, Plan, PlanResult, TermValue
from ..topology import (
    Block,
    BlockTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusTopology,
    TreeTopology,
    unit_owner,
)

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says.

    Attributes
    ----------
    plan
        Its placements, as node indices of the instance it was read for.
    fingerprint
        Of the state that the plan was made for.
    legality
        The rules it obeys.
    document
        The whole file.
    """

    plan: Plan
    fingerprint: str
    legality: Legality
    document: dict[str, Any]


def units_touched(topology: Topology, nodes: tuple[int, ...] | frozenset[int]) -> tuple[str, ...]:
    """Names of the base blocks (leaf switches, rings, toruses) that hold `nodes`, in order."""
    units: Sequence[Block | Ring | Torus | Switch]
    match topology:
        case BlockTopology():
            units = topology.blocks
        case RingTopology():
            units = topology.rings
        case TorusTopology():
            units = topology.toruses
        case TreeTopology():
            units = topology.switches
        case _:
            return ()
    owner = unit_owner(topology)
    touched = sorted({owner[node] for node in nodes if node in owner})
    return tuple(units[index].name for index in touched)


def plan_document(
    instance: Instance, result: PlanResult, fingerprint: str, *, seconds: float | None = None
) -> dict[str, Any]:
    """The JSON document of `result`.

    Parameters
    ----------
    fingerprint
        Of the state that was read.
    seconds
        Wall time to report; the engine's own when None.
    """
    options = result.options
    return {
        "version": PLAN_VERSION,
        "status": result.status,
        "engine": result.engine,
        "legality": options.legality.value,
        "seed": options.seed,
        "limits": {
            "work": options.work,
            "budget_s": options.budget_s,
            "workers": options.workers,
        },
        "wall_s": round(result.wall_s if seconds is None else seconds, 3),
        "versions": {name: installed_version(name) for name in ("rackwright", "ortools")},
        "fingerprint": fingerprint,
        "objective": [_term(term) for term in result.objective],
        "placements": [_placement(instance, placement) for placement in result.plan.placements],
        "unplaced": [
            {
                "job_id": item.job_id,
                "reason": item.reason.value,
                "rule": item.rule,
                "message": item.message,
            }
            for item in result.unplaced
        ],
    }


def installed_version(distribution: str) -> str:
    """Version of an installed distribution; ``unknown`` in a checkout that was never installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def _term(term: TermValue) -> dict[str, Any]:
    row: dict[str, Any] = {
        "term": term.term,
        "value": term.value,
        "bound": term.bound,
        "proven": term.proven,
    }
    if term.term == "priority":
        row["proven_through"] = term.proven_through
    return row


def _placement(instance: Instance, placement: Placement) -> dict[str, Any]:
    cluster = instance.cluster
    topology = cluster.topology_of(cluster.partition_named[placement.partition])
    nodelist = fold(cluster.names(placement.nodes))
    is_one = len(placement.segments) == 1
    return {
        "job_id": placement.job_id,
        "nodelist": nodelist,
        "segments": [nodelist]
        if is_one
        else [fold(cluster.names(segment)) for segment in placement.segments],
        "blocks": list(units_touched(topology, placement.nodes)),
    }


def read_plan(path: Path, instance: Instance) -> PlanFile:
    """Read a plan file back for the instance it was made for.

    Raises
    ------
    InputError
        With everything that is missing or unknown: keys, jobs, nodes, another version.
    """
    source = str(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError([Problem(source, "", f"not JSON: {error}", "a plan file")]) from error
    log = ProblemLog(source)
    if not isinstance(document, dict) or document.get("version") != PLAN_VERSION:
        found = document.get("version") if isinstance(document, dict) else type(document).__name__
        log.error("version", repr(found), f"{PLAN_VERSION}")
        log.raise_errors()
    legality = _legality(document.get("legality"), log)
    rows = document.get("placements")
    if not isinstance(rows, list):
        log.error("placements", repr(rows), "a list")
        rows = []
    placements = [
        placement
        for index, row in enumerate(rows)
        if (placement := _read_placement(row, f"placements[{index}]", instance, log))
    ]
    log.raise_errors()
    return PlanFile(
        Plan(tuple(placements)), str(document.get("fingerprint", "")), legality, document
    )


def _legality(value: object, log: ProblemLog) -> Legality:
    names = [legality.value for legality in Legality]
    if value not in names:
        log.error("legality", repr(value), " or ".join(names))
        return Legality.DOCUMENTED
    return Legality(value)


def _read_placement(row: Any, place: str, instance: Instance, log: ProblemLog) -> Placement | None:
    if not isinstance(row, dict):
        log.error(place, repr(row), "a mapping")
        return None
    job = instance.job_with_id.get(str(row.get("job_id")))
    if job is None:
        log.error(f"{place}.job_id", f"no pending job {row.get('job_id')!r}", "a job of the queue")
        return None
    folded = row.get("segments")
    if not isinstance(folded, list) or not folded:
        log.error(f"{place}.segments", repr(folded), "a list of hostlists")
        return None
    segments = []
    for text in folded:
        try:
            names = expand(str(text))
        except (ValueError, InputError) as error:
            log.error(f"{place}.segments", str(error))
            return None
        unknown = [name for name in names if name not in instance.cluster.index_of]
        if unknown:
            log.error(f"{place}.segments", f"unknown node {unknown[0]!r}", "a node of the cluster")
            return None
        segments.append(tuple(sorted(instance.cluster.index_of[name] for name in names)))
    return Placement(job.job_id, tuple(segments), _partition(instance, job, segments))


def _partition(instance: Instance, job: Job, segments: list[tuple[int, ...]]) -> str:
    """The first of the job's partitions that contains all nodes, else its first."""
    nodes = frozenset(node for segment in segments for node in segment)
    partitions = instance.partitions_of(job)
    holding = (partition for partition in partitions if nodes <= partition.nodes)
    return next(holding, partitions[0]).name
