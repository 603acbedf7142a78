"""``sacct --json`` and ``squeue --json``: jobs of any data_parser version, snapshots included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .records import FileCount
from .records_clock import instant_of
from .records_raw import RawEntry

_NO_NODES = frozenset({"none assigned", "none", "(null)"})
_ENDED = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"}
    | {"PREEMPTED", "REQUEUED", "RESIZING", "REVOKED", "TIMEOUT"}
)


def snapshot_instant(document: Mapping[str, Any], jobs: list[Any]) -> int | None:
    """When ``squeue --json`` was taken; None for the jobs of ``sacct --json``."""
    if not jobs or not isinstance(jobs[0], dict) or "job_state" not in jobs[0]:
        return None
    taken = _number(document.get("last_update"))
    if taken:
        return taken
    seen = (
        _number(job.get(key)) or 0
        for job in jobs
        if isinstance(job, dict)
        for key in ("submit_time", "last_sched_evaluation")
    )
    return max(seen, default=0) or None


def read_json_jobs(
    jobs: list[Any], count: FileCount, facts: Counter[str], *, snapshot_s: int | None
) -> Iterator[RawEntry]:
    """Entries of the ``jobs`` of a document; one that cannot be understood is counted as failed.

    Parameters
    ----------
    jobs
        The list as parsed.
    count, facts
        Receive what becomes of every job, and what was noticed.
    snapshot_s
        Instant of an ``squeue`` snapshot; None for accounting.
    """
    for position, job in enumerate(jobs):
        count.lines += 1
        place = f"jobs[{position}]"
        if not isinstance(job, dict):
            count.fail(place, f"a {type(job).__name__}", "a mapping")
            continue
        try:
            entry = _snapshot_entry(job) if snapshot_s is not None else _accounting_entry(job)
        except (ValueError, TypeError) as error:
            count.fail(place, str(error))
            continue
        facts["steps"] += len(job["steps"]) if isinstance(job.get("steps"), list) else 0
        entry.source, entry.line = count.source, position
        count.read += 1
        yield entry


def _accounting_entry(job: Mapping[str, Any]) -> RawEntry:
    time = _mapping(job, "time")
    raw_id = _required_id(job)
    state, reason = _state(job)
    entry = _common(job, raw_id, state)
    entry.reason = reason
    entry.submits = _instants(time.get("submission"))
    entry.eligibles = _instants(time.get("eligible"))
    entry.tells_eligible = "eligible" in time
    entry.starts = _instants(time.get("start"))
    entry.ends = _instants(time.get("end"))
    entry.elapsed_s = _number(time.get("elapsed")) if entry.starts and entry.ends else None
    entry.suspended_s = _number(time.get("suspended")) or 0
    entry.limit_s = _minutes(time.get("limit"))
    entry.nodelist = _nodelist(job)
    entry.num_nodes = _number(job.get("allocation_nodes"))
    required = _mapping(job, "tres").get("requested")
    entry.req_nodes = _tres_nodes(required)
    exclusive = job.get("exclusive")
    entry.exclusive = _words(exclusive) if exclusive is not None else None
    entry.constraints = _text(job.get("constraints"))
    entry.reservation = _text(_mapping(job, "reservation").get("name"))
    entry.restarts = _number(job.get("restart_cnt")) or 0
    array = _mapping(job, "array")
    task = _number(array.get("task_id"))
    parent = _number(array.get("job_id"))
    if parent and task is not None:
        entry.job_id = f"{parent}_{task}"
    elif parent and array.get("task"):
        entry.job_id = f"{parent}_[{array['task']}]"
    het = _mapping(job, "het")
    leader, offset = _number(het.get("job_id")), _number(het.get("job_offset"))
    if leader and offset is not None:
        entry.job_id, entry.het_job = f"{leader}+{offset}", True
    return entry


def _snapshot_entry(job: Mapping[str, Any]) -> RawEntry:
    """A job of ``squeue --json``; `end_time` of a running job is its limit and not taken."""
    raw_id = _required_id(job)
    state = _words(job.get("job_state"), first=True)
    entry = _common(job, raw_id, state)
    entry.reason = _text(job.get("state_reason"))
    entry.submits = _instants(job.get("submit_time"))
    entry.eligibles = _instants(job.get("eligible_time"))
    entry.tells_eligible = "eligible_time" in job
    entry.limit_s = _minutes(job.get("time_limit"))
    if state != "PENDING":
        entry.starts = _instants(job.get("start_time"))
        entry.nodelist = _nodelist(job)
        if state in _ENDED:
            entry.ends = _instants(job.get("end_time"))
    entry.req_nodes = _number(job.get("node_count"))
    entry.num_nodes = entry.req_nodes if entry.nodelist else None
    entry.exclusive = _words(job.get("exclusive") or job.get("shared")) or None
    entry.constraints = _text(job.get("features"))
    entry.reservation = _text(job.get("resv_name"))
    entry.restarts = _number(job.get("restart_cnt")) or 0
    flags = job.get("flags")
    if isinstance(flags, list):
        entry.spread_segments = "SPREAD_SEGMENTS" in flags
        entry.consolidate_segments = "CONSOLIDATE_SEGMENTS" in flags
    task, parent = _number(job.get("array_task_id")), _number(job.get("array_job_id"))
    if parent and task is not None:
        entry.job_id = f"{parent}_{task}"
    elif parent and job.get("array_task_string"):
        entry.job_id = f"{parent}_[{job['array_task_string']}]"
    if _number(job.get("het_job_id")):
        entry.job_id = f"{_number(job['het_job_id'])}+{_number(job.get('het_job_offset')) or 0}"
        entry.het_job = True
    step = _mapping(job, "step_id")
    entry.sluid = entry.sluid or _text(step.get("sluid"))
    return entry


def _common(job: Mapping[str, Any], raw_id: str, state: str) -> RawEntry:
    return RawEntry(
        job_id=raw_id,
        raw_id=raw_id,
        sluid=_text(job.get("sluid")),
        cluster=_text(job.get("cluster")),
        user=_text(job.get("user") or job.get("user_name")),
        account=_text(job.get("account")),
        name=_text(job.get("name")),
        partition=_text(job.get("partition")),
        state=state,
        segment=_number(job["segment_size"]) if "segment_size" in job else None,
        submit_line=_text(job["submit_line"]) if "submit_line" in job else None,
        priority=_number(job.get("priority")),
        licenses=_text(job.get("licenses")),
    )


def _required_id(job: Mapping[str, Any]) -> str:
    number = _number(job.get("job_id"))
    if not number:
        raise ValueError("no job_id")
    return str(number)


def _state(job: Mapping[str, Any]) -> tuple[str, str]:
    state = job.get("state")
    if isinstance(state, dict):
        return _words(state.get("current"), first=True), _text(state.get("reason"))
    return _words(state, first=True), ""


def _nodelist(job: Mapping[str, Any]) -> str:
    text = _text(job.get("nodes"))
    return "" if text.lower() in _NO_NODES else text


def _tres_nodes(tres: object) -> int | None:
    if isinstance(tres, list):
        for item in tres:
            if isinstance(item, dict) and item.get("type") == "node":
                return _number(item.get("count"))
    return None


def _number(value: object) -> int | None:
    """A number, plain or as ``{"set":, "infinite":, "number":}``; None if unset or infinite."""
    if isinstance(value, dict):
        if value.get("set") is False or value.get("infinite") is True:
            return None
        value = value.get("number")
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value)
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    raise ValueError(f"{value!r} is no number")


def _instants(value: object) -> tuple[int, ...]:
    number = _number(value)
    return () if number is None else instant_of(number)


def _minutes(value: object) -> int | None:
    number = _number(value)
    return None if not number or number >= 2**32 - 2 else number * 60


def _mapping(job: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = job.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int):
        return str(value).strip()
    raise ValueError(f"a {type(value).__name__} where a text belongs")


def _words(value: object, *, first: bool = False) -> str:
    """Upper-case words of a list or a text; the first one alone on request."""
    if value is None:
        return ""
    words = [str(word) for word in value] if isinstance(value, list) else [_text(value)]
    if first:
        words = words[:1]
    return ",".join(words).upper()
