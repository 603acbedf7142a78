"""``squeue --json`` and ``scontrol show jobs --json``: who holds nodes, waits, or cannot start.

``--exclusive=topo`` of a job shows in its ``submit_line`` only (data/README.md, finding 21): given
by an #SBATCH line it is invisible, except by the state BLOCKED of the nodes around a running job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..errors import ProblemLog
from ..features import check_features
from ..job import Job, Switches
from ..legality import Exclusive
from .jobs_arrays import expand_array, parse_array
from .jobs_build import JobContext, JobEntry, JobState
from .jobs_keys import expand_cached, shown
from .jobs_licenses import parse_licenses
from .sbatch import count_requested_gpus, parse_submit_line
from .slurm_json import BadField, field_of, iterate_json, number, text_of, words
from .slurm_output_waiting import holds_nodes, is_finished, why_ineligible

_NUMBER = "a whole number"
_TEXT = "a text"
_PRINTED = re.compile(r"\s*(JobId=|JOBID\b)")
_TRUNCATED = "..."
DEFAULT_SWITCH_WAIT_S = 300  # man slurm.conf, max_switch_wait


@dataclass(slots=True)
class Queue:
    """What a queue file says.

    Attributes
    ----------
    entries
        Running, pending and ineligible jobs; finished ones are left out.
    now_s
        When it was written.
    num_finished
        Jobs left out.
    """

    entries: list[JobEntry] = field(default_factory=list)
    now_s: int | None = None
    num_finished: int = 0


def read_queue(text: str, log: ProblemLog, context: JobContext) -> Queue:
    """Jobs of either command.

    Parameters
    ----------
    text
        The command's output, of any data_parser version.
    log
        Where problems go. A pending job that asks for what we cannot express is listed as
        ineligible instead: one such job must not keep the others from being planned.
    context
        What there is to know about the cluster.

    Raises
    ------
    InputError
        When it is not JSON.
    """
    queue = Queue()
    if _PRINTED.match(text):
        found = "the text that scontrol or squeue print for people"
        log.error("", found, "squeue --json or scontrol show jobs --json")
        return queue
    records: list[tuple[str, Mapping[str, object]]] = []
    is_known = False
    for place, key, value in iterate_json(text, log, ("jobs",)):
        if key == "jobs":
            is_known = True
            if isinstance(value, dict):
                value.pop("job_resources", None)  # one entry per core: most of a dump's size
                records.append((place, value))
            elif value != []:
                log.error(place, shown(value), "an object")
        elif key == "last_update":
            queue.now_s = _now(value)
    if not is_known:
        log.error("", "no jobs", "the output of squeue --json or scontrol show jobs --json")
        return queue
    now_s = queue.now_s if context.now_s is None else context.now_s
    arrays: list[tuple[JobEntry, str, int | None]] = []
    for place, record in records:
        try:
            _read_job(place, record, queue, arrays, log, context, now_s)
        except BadField as error:
            log.error(f"{place}.{error.name}", error.found, error.wanted)
    queue.entries += _expand_arrays(arrays, queue.entries, log)
    return queue


def _now(value: object) -> int | None:
    try:
        return number(value) or None
    except ValueError:
        return None


def _read_job(
    place: str,
    record: Mapping[str, object],
    queue: Queue,
    arrays: list[tuple[JobEntry, str, int | None]],
    log: ProblemLog,
    context: JobContext,
    now_s: int | None,
) -> None:
    """One element of ``jobs``."""
    states = frozenset(
        word.upper() for word in field_of(record, "job_state", words, "state words")
    )
    if not states:
        raise BadField("job_state", "no state", "state words of squeue (sacct is for audits)")
    if is_finished(states):
        queue.num_finished += 1
        return
    job_id, tasks = _identity(record)
    place = f"{place} (job {job_id})"
    if holds_nodes(states):
        entry = _running(record, job_id, place, log, context)
        if entry is not None:
            queue.entries.append(entry)
        return
    entry = _pending(record, job_id, place, states, log, context, now_s)
    if tasks:
        throttle = field_of(record, "array_max_tasks", number, _NUMBER) or None
        arrays.append((entry, tasks, throttle))
    else:
        queue.entries.append(entry)


def _identity(record: Mapping[str, object]) -> tuple[str, str]:
    """Job id as Slurm prints it, and the pending tasks of an array that is one record."""
    job_id = field_of(record, "job_id", number, _NUMBER)
    if job_id is None:
        raise BadField("job_id", "no job id", _NUMBER)
    het_id = field_of(record, "het_job_id", number, _NUMBER)
    if het_id:
        return f"{het_id}+{field_of(record, 'het_job_offset', number, _NUMBER) or 0}", ""
    array_id = field_of(record, "array_job_id", number, _NUMBER)
    if not array_id:
        return str(job_id), ""
    task = field_of(record, "array_task_id", number, _NUMBER)
    tasks = field_of(record, "array_task_string", text_of, _TEXT)
    if tasks:
        return str(array_id), tasks
    return (str(job_id) if task is None else f"{array_id}_{task}"), ""


def _running(
    record: Mapping[str, object], job_id: str, place: str, log: ProblemLog, context: JobContext
) -> JobEntry | None:
    nodes = _hostlist(record, "nodes")
    if not nodes:
        return None  # a job that completes may have given back all its nodes
    problems: list[str] = []
    job = _job(record, job_id, len(nodes), len(nodes), context, problems)
    job = replace(job, nodelist=None, exclude=(), features=None)
    for problem in problems:
        log.warn(place, problem)
    return JobEntry(job, JobState.RUNNING, log.source, place, nodes=nodes, is_live=True)


def _pending(
    record: Mapping[str, object],
    job_id: str,
    place: str,
    states: frozenset[str],
    log: ProblemLog,
    context: JobContext,
    now_s: int | None,
) -> JobEntry:
    problems: list[str] = []
    low, high = _node_range(record, context, problems)
    job = _job(record, job_id, low, high, context, problems)
    job = replace(job, start_s=None)  # what Slurm prints for a waiting job is backfill's guess
    if field_of(record, "het_job_id", number, _NUMBER):
        problems.append("heterogeneous job: its components start together, which is not planned")
    if not job.is_divisible:
        problems.append(f"segment {job.segment} does not divide {job.num_nodes} nodes")
    reason = why_ineligible(
        record,
        states,
        reason=field_of(record, "state_reason", text_of, _TEXT),
        priority=job.priority,
        begin_s=field_of(record, "eligible_time", number, _NUMBER),
        now_s=now_s,
        has_resources=bool(job.licenses),
    ) or "; ".join(problems)
    return JobEntry(
        job,
        JobState.INELIGIBLE if reason else JobState.PENDING,
        log.source,
        place,
        reason=reason,
        is_expedited="EXPEDITING" in states,
        is_live=True,
    )


def _job(
    record: Mapping[str, object],
    job_id: str,
    num_nodes: int,
    max_nodes: int,
    context: JobContext,
    problems: list[str],
) -> Job:
    flags = frozenset(flag.upper() for flag in field_of(record, "flags", words, "flags"))
    limit = field_of(record, "time_limit", number, _NUMBER)
    return Job(
        job_id=job_id,
        num_nodes=num_nodes,
        max_nodes=max_nodes,
        segment=field_of(record, "segment_size", number, _NUMBER) or None,
        spread_segments="SPREAD_SEGMENTS" in flags,
        consolidate_segments="CONSOLIDATE_SEGMENTS" in flags,
        exclusive=_exclusive(record),
        switches=_switches(record),
        contiguous=record.get("contiguous") is True,
        partitions=tuple(dict.fromkeys(field_of(record, "partition", words, "partition names"))),
        nodelist=_hostlist(record, "required_nodes") or None,
        exclude=_hostlist(record, "excluded_nodes"),
        features=_features(record, problems),
        licenses=_licenses(record, context, problems),
        time_limit_s=limit * 60 if limit else None,
        submit_s=field_of(record, "submit_time", number, _NUMBER) or None,
        start_s=field_of(record, "start_time", number, _NUMBER) or None,
        priority=field_of(record, "priority", number, _NUMBER),
        user=field_of(record, "user_name", text_of, _TEXT),
        account=field_of(record, "account", text_of, _TEXT),
        name=field_of(record, "name", text_of, _TEXT),
        comment=field_of(record, "comment", text_of, _TEXT),
    )


def _node_range(
    record: Mapping[str, object], context: JobContext, problems: list[str]
) -> tuple[int, int]:
    """Minimum and maximum node count of a pending job; GPUs of the whole job need whole nodes."""
    low = field_of(record, "node_count", number, _NUMBER)
    if low is None:
        raise BadField("node_count", "no node count", _NUMBER)
    low = max(low, 1)
    high = max(field_of(record, "max_nodes", number, _NUMBER) or low, low)
    if record.get("job_size_str") not in (None, "", []):
        problems.append("a list of node counts (--nodes=a,b,...) is not planned")
    gpus = count_requested_gpus(field_of(record, "tres_per_job", text_of, _TEXT))
    if gpus and context.gpus_per_node:
        needed = -(-gpus // context.gpus_per_node)
        if needed > low:
            context.gpus_only.append(str(record.get("job_id")))
            return needed, max(high, needed)
    return low, high


def _hostlist(record: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = record.get(name)
    text = ",".join(value) if isinstance(value, list) and all(map(_is_text, value)) else value
    if text is None or text in ("(null)", "None"):
        return ()
    if not isinstance(text, str):
        raise BadField(name, shown(value), "a hostlist")
    try:
        return expand_cached(text)
    except ValueError as error:
        raise BadField(name, str(error), "a hostlist") from None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _exclusive(record: Mapping[str, object]) -> Exclusive | None:
    for name in ("exclusive", "shared"):
        stated = {word.lower() for word in field_of(record, name, words, "words")}
        if "topo" in stated:
            return Exclusive.TOPO
    line = field_of(record, "submit_line", text_of, _TEXT)
    if "exclusive" in line:
        exclusive = parse_submit_line(line).values.get("exclusive")
        return exclusive if isinstance(exclusive, Exclusive) else None
    return None


def _switches(record: Mapping[str, object]) -> Switches | None:
    count = field_of(record, "required_switches", number, _NUMBER)
    if not count:
        return None
    wait = field_of(record, "maximum_switch_wait_time", number, _NUMBER)
    return Switches(count, wait or DEFAULT_SWITCH_WAIT_S)


def _features(record: Mapping[str, object], problems: list[str]) -> str | None:
    expression = field_of(record, "features", text_of, _TEXT).strip()
    if not expression:
        return None
    try:
        check_features(expression)
    except ValueError as error:
        problems.append(str(error))
        return None
    return expression


def _licenses(
    record: Mapping[str, object], context: JobContext, problems: list[str]
) -> tuple[tuple[str, int], ...]:
    text = field_of(record, "licenses", text_of, _TEXT)
    if not text:
        return ()
    try:
        return context.licenses.resolve(parse_licenses(text))
    except ValueError as error:
        problems.append(f"licenses: {error}")
        return ()


def _expand_arrays(
    arrays: list[tuple[JobEntry, str, int | None]], entries: list[JobEntry], log: ProblemLog
) -> Iterator[JobEntry]:
    """Every pending task as a job of its own, as far as the throttle lets them start."""
    num_running: dict[str, int] = {}
    for entry in entries:
        if entry.state is JobState.RUNNING and "_" in entry.job.job_id:
            array_id = entry.job.job_id.split("_")[0]
            num_running[array_id] = num_running.get(array_id, 0) + 1
    for entry, text, throttle in arrays:
        if _TRUNCATED in text:
            log.warn(
                entry.place, f"Slurm cut the list of tasks short: {text!r}", "all tasks listed"
            )
            text = text.split(_TRUNCATED)[0].rstrip(",-")
        try:
            tasks, own_throttle = parse_array(text)
        except ValueError as error:
            log.error(f"{entry.place}, array_task_string", str(error), "task numbers such as 0-15")
            continue
        limit = own_throttle or throttle
        running = num_running.get(entry.job.job_id, 0)
        yield from expand_array(entry, tasks, limit, num_running=running)
