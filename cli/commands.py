"""A plan as a shell script for the pending jobs of a live Slurm, with checks and an undo.

What a nodelist can pin is told by slurm_semantics 9.4: one unit of nodes is pinned exactly; for
two or more segments the list is only the pool that Slurm cuts on its own. So every pin is first
tried on the emulator of Slurm 26.11, and only what starts there on exactly those nodes is pinned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from ..models.formats.plan_file import installed_version
from ..models.hostlist import fold
from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Placement, PlanResult, Reason
from .slurm_steps import after_start, slurm_starts_on
from .text import escape_control

# 17, 17_4 (array task) and 17+1 (component of a heterogeneous job) name jobs of the controller.
_SLURM_JOB_ID = re.compile(r"[1-9][0-9]*(_[0-9]+|\+[0-9]+)?")
# Slurm's largest settable priority: the two numbers above mean "none" and "infinite".
MAX_PRIORITY = 0xFFFFFFFD

_HEADER = """\
#!/bin/sh
# Made by rackwright {version}: starts the planned jobs of a Slurm queue on the planned nodes.
# engine {engine}, objective {objective}, legality {legality}, status {status}
# fingerprint of the state it was made for: {fingerprint}
#
#   sh FILE check   changes nothing: is every job still pending, every node still idle?
#   sh FILE apply   checks all, then checks and pins job by job; stops at the first surprise
#   sh FILE undo    takes the pins off the jobs that have not started
#
# A plan ages: make a new one when check fails. Needs the rights of a Slurm operator.
# check looks at the planned jobs and nodes only. Whether anything at all has changed tells
#   rackwright plan (fresh --nodes, --queue ...) --expect {fingerprint}

fingerprint={fingerprint_quoted}
"""

_FUNCTIONS = r"""
stop() {
    echo "stopped: $*" >&2
    echo "the state is not the one of plan $fingerprint; to take pins off: sh $0 undo" >&2
    exit 1
}

# JOB NODES: still pending, still asking for so many nodes?
check_job() {
    found=$(squeue --noheader --states=all --jobs="$1" --format='%T %D') || stop "no job $1"
    [ "$found" = "PENDING $2" ] || stop "job $1: wanted PENDING $2, found $found"
}

# NODELIST NODES: all of them idle? (idle~ is powered down, planned is promised by backfill only)
check_nodes() {
    idle=$(sinfo --noheader --Node --nodes="$1" --format='%N %T' | sort -u |
        awk '$2 ~ /^(idle|planned)~?$/ { n++ } END { print n + 0 }')
    [ "$idle" -eq "$2" ] || stop "only $idle of $2 nodes are idle: $1"
}

# JOB NODELIST NODES
pin() {
    check_job "$1" "$3"
    check_nodes "$2" "$3"
    scontrol update JobId="$1" ReqNodeList="$2" || stop "job $1 cannot be pinned"
    echo "job $1 pinned to $2"
}

# JOB PRIORITY: goes before the jobs that the plan lets wait
raise() {
    scontrol update JobId="$1" Priority="$2" || stop "job $1: priority not set"
    echo "job $1 has priority $2"
}

# JOB NODELIST-BEFORE PRIORITY-BEFORE (empty: unchanged)
unpin() {
    found=$(squeue --noheader --states=all --jobs="$1" --format=%T) || found=gone
    if [ "$found" != PENDING ]; then
        echo "job $1 is left as it is: $found"
        return
    fi
    scontrol update JobId="$1" ReqNodeList="$2"
    [ -z "$3" ] || scontrol update JobId="$1" Priority="$3"
    echo "job $1 is free again"
}
"""

_PRIORITY_COMMENT = """
# Priorities are set back to their numbers; `scontrol hold` and `release` afterwards give them back
# to priority/multifactor.
"""

_FOOTER = """
case "${1-}" in
    check) check_all && echo "nothing has changed" ;;
    apply) check_all && apply_all ;;
    undo) undo_all ;;
    *) echo "usage: sh $0 check | apply | undo" >&2; exit 2 ;;
esac
"""


@dataclass(frozen=True, slots=True)
class _Pin:
    job: Job
    nodelist: str
    num_nodes: int
    priority: int | None


def slurm_script(instance: Instance, result: PlanResult, fingerprint: str) -> str:
    """The script: ``check``, ``apply``, ``undo``; what cannot be pinned is told in comments."""
    pins, comments = _sorted_out(instance, result)
    parts = [
        _HEADER.format(
            version=installed_version("rackwright"),
            engine=result.engine,
            objective=result.options.objective.value,
            legality=result.options.legality.value,
            status=result.status,
            fingerprint=escape_control(fingerprint),
            fingerprint_quoted=quote(fingerprint),
        ),
        _FUNCTIONS,
        _function("check_all", [line for pin in pins for line in _check_lines(pin)]),
        _function("apply_all", [_pin_line(pin) for pin in pins] + _raise_lines(pins)),
        _PRIORITY_COMMENT if _raise_lines(pins) else "",
        _function("undo_all", [_undo_line(pin) for pin in pins]),
        *comments,
        _FOOTER,
    ]
    return "".join(parts)


def _sorted_out(instance: Instance, result: PlanResult) -> tuple[list[_Pin], list[str]]:
    """Jobs that a nodelist pins, and a comment for each of the others."""
    pins: list[_Pin] = []
    comments: list[str] = []
    raised = _raised_priorities(instance, result)
    state = instance
    for placement in _in_queue_order(instance, result):
        job = instance.job_with_id[placement.job_id]
        nodelist = fold(instance.cluster.names(placement.nodes))
        if _SLURM_JOB_ID.fullmatch(job.job_id) is None:
            comments.append(_submit_comment(job, nodelist))
        elif slurm_starts_on(state, job, placement.nodes):
            num_nodes = len(placement.nodes)
            pins.append(_Pin(job, nodelist, num_nodes, raised.get(job.job_id)))
            state = after_start(state, placement, result.options.legality)
        else:
            comments.append(_segments_comment(instance, job, placement))
    return pins, comments


def _in_queue_order(instance: Instance, result: PlanResult) -> list[Placement]:
    started = result.plan.placement_of
    return [started[job.job_id] for job in instance.jobs if job.job_id in started]


def _raised_priorities(instance: Instance, result: PlanResult) -> dict[str, int]:
    """New priorities for the started jobs that come after a job that waits.

    Slurm's main scheduler stops at the first job that waits for resources; backfill would start
    those behind it only where that delays nobody.
    """
    waiting = {item.job_id for item in result.unplaced if item.reason is Reason.WAITS}
    started = result.plan.placement_of
    order = [job.job_id for job in instance.jobs]
    first = next((i for i, job_id in enumerate(order) if job_id in waiting), len(order))
    behind = [job_id for job_id in order[first:] if job_id in started]
    known = [job.priority for job in instance.jobs if job.priority is not None]
    top = max(known, default=MAX_PRIORITY)
    return {
        job_id: min(top + len(behind) - rank, MAX_PRIORITY) for rank, job_id in enumerate(behind)
    }


def _function(name: str, lines: Sequence[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines or [":"])
    return f"\n{name}() {{\n{body}}}\n"


def _check_lines(pin: _Pin) -> list[str]:
    return [
        f"check_job {quote(pin.job.job_id)} {pin.num_nodes}",
        f"check_nodes {quote(pin.nodelist)} {pin.num_nodes}",
    ]


def _pin_line(pin: _Pin) -> str:
    return f"pin {quote(pin.job.job_id)} {quote(pin.nodelist)} {pin.num_nodes}"


def _raise_lines(pins: Sequence[_Pin]) -> list[str]:
    return [
        f"raise {quote(pin.job.job_id)} {pin.priority}" for pin in pins if pin.priority is not None
    ]


def _undo_line(pin: _Pin) -> str:
    before = fold(pin.job.nodelist or ())
    is_raised = pin.priority is not None and pin.job.priority is not None
    priority = str(pin.job.priority) if is_raised else ""
    return f"unpin {quote(pin.job.job_id)} {quote(before)} {quote(priority)}"


def _submit_comment(job: Job, nodelist: str) -> str:
    job_id = escape_control(job.job_id)
    return (
        f"\n# Job {job_id} is not in Slurm's queue yet: submit it with\n"
        f"#   sbatch --nodes={job.num_nodes} --nodelist={quote(nodelist)} ...\n"
    )


def _segments_comment(instance: Instance, job: Job, placement: Placement) -> str:
    reason = (
        f"{len(placement.segments)} segments: Slurm takes a nodelist as a pool and cuts it its "
        "own way, which fails here"
        if len(placement.segments) > 1
        else "Slurm 26.11 refuses these nodes"
    )
    lines = [
        f"\n# Job {escape_control(job.job_id)} cannot be pinned ({reason}).",
        "# One job per segment would start:",
    ]
    for segment in placement.segments:
        nodelist = fold(instance.cluster.names(segment))
        lines.append(f"#   sbatch --nodes={len(segment)} --nodelist={quote(nodelist)} ...")
    return "\n".join(lines) + "\n"
