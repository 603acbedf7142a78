"""Job states and reasons of Slurm: who holds nodes, who waits for nodes, who for other things."""

from __future__ import annotations

from collections.abc import Mapping

# Base states and flags of squeue (man squeue, JOB STATE CODES).
HOLDING = frozenset(
    {"RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"}
    | {"STAGE_OUT", "POWER_UP_NODE"}
)
FINISHED = frozenset(
    {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL"}
    | {"DEADLINE", "OUT_OF_MEMORY", "REVOKED"}
)
KEPT_BACK = frozenset({"REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "LAUNCH_FAILED"})

# Reasons of jobs that wait for nodes (or have not been looked at). Any other reason, known to us
# or not, means that a placement would not start the job: dependency, hold, limits of association,
# QOS or partition, begin time, array throttle ... (design.md section 10).
_WAITS_FOR_NODES = frozenset({"", "None", "Priority", "Resources", "BadConstraints"})
_WAITS_FOR_NODES_PREFIX = ("ReqNodeNotAvail", "Nodes required for job are DOWN")


def holds_nodes(states: frozenset[str]) -> bool:
    """Whether a job occupies its nodes; completing ones do until the epilogs end."""
    if "COMPLETING" in states:
        return True
    return bool(states & HOLDING) and not states & FINISHED and "PENDING" not in states


def is_finished(states: frozenset[str]) -> bool:
    """Whether the job is neither waiting nor holding anything."""
    return bool(states & FINISHED) and "PENDING" not in states and "COMPLETING" not in states


def why_ineligible(
    record: Mapping[str, object],
    states: frozenset[str],
    *,
    reason: str,
    priority: int | None,
    begin_s: int | None,
    now_s: int | None,
    has_resources: bool,
) -> str:
    """Why a pending job would not start on whatever nodes; empty if only nodes are missing.

    Parameters
    ----------
    record
        The job's JSON.
    states
        Its states.
    reason
        Its ``state_reason``.
    priority
        Zero means held.
    begin_s
        When it becomes eligible.
    now_s
        The instant of the dump.
    has_resources
        Whether it requests hierarchical resources: ``Licenses`` is then about placement.
    """
    kept_back = states & KEPT_BACK
    if kept_back:
        return ", ".join(sorted(kept_back))
    if record.get("hold") is True or priority == 0:
        return reason if reason.startswith("Job") else "JobHeld"
    waits_for_nodes = (
        reason in _WAITS_FOR_NODES
        or reason.startswith(_WAITS_FOR_NODES_PREFIX)
        or (reason == "Licenses" and has_resources)
    )
    if not waits_for_nodes:
        return reason
    if record.get("dependency"):
        return "Dependency"
    if begin_s is not None and now_s is not None and begin_s > now_s:
        return "BeginTime"
    if record.get("resv_name"):
        return f"Reservation {record['resv_name']}"
    return ""
