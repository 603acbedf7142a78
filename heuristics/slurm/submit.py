"""What Slurm answers to one job: starts, waits or is refused for ever (slurm_semantics 0.6)."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.cluster import Partition
from ...models.instance import Instance
from ...models.job import Job
from ...models.resources import Mode
from .attempt import TEXTS, Code, Refusal, Segments
from .candidates import View, candidates, make_request
from .site import site_of
from .state import State

NODE_CONFIG_UNAVAILABLE = (2014, "Requested node configuration is not available")
INVALID_NODE = (2018, "Invalid node name specified")
INVALID_LICENSE = (2048, "Invalid license specification")
PARTITION_CONFIG = "Requested partition configuration not available now"
NODE_NOT_AVAILABLE = "Required node not available (down, drained or reserved)"


@dataclass(frozen=True)
class Decision:
    """Slurm's answer.

    Attributes
    ----------
    decision
        ``start_now``, ``pending``, ``rejected``, or ``not_started`` of a bare selection.
    segments
        Nodes by segment of a job that starts.
    partition
        Name of the partition that answered.
    code, error
        Slurm's number and text, if any.
    reason
        State reason of a pending job.
    step
        Where the selection failed, in the words of slurm_semantics.
    """

    decision: str
    segments: Segments = ()
    partition: str = ""
    code: int | None = None
    error: str | None = None
    reason: str | None = None
    step: str | None = None

    @property
    def starts(self) -> bool:
        """Whether the job gets nodes."""
        return self.decision == "start_now"

    @property
    def nodes(self) -> tuple[int, ...]:
        """All nodes given, ascending."""
        return tuple(sorted(node for segment in self.segments for node in segment))


def choose(instance: Instance, job: Job) -> Decision:
    """What Slurm 26.11 does with `job`, submitted to the state of `instance`.

    Partitions are tried in the order given; the first start wins, otherwise the first answer that
    lets the job wait.
    """
    state = State(site_of(instance.cluster), instance)
    answers = []
    for partition in instance.partitions_of(job):
        answer = decide(state, job, partition)
        if answer.starts:
            return answer
        answers.append(answer)
    return next((answer for answer in answers if answer.decision == "pending"), answers[0])


def select_only(instance: Instance, job: Job) -> Decision:
    """What the bare topology plugin answers, without any test at submission (golden vectors)."""
    state = State(site_of(instance.cluster), instance)
    partition = instance.partitions_of(job)[0]
    outcome = select(state, job, partition, View.NOW)
    if not isinstance(outcome, Refusal):
        return Decision("start_now", outcome, partition.name)
    decision = "rejected" if outcome.code is Code.TOPOLOGY_UNAVAILABLE else "not_started"
    text = TEXTS[outcome.code]
    return Decision(decision, (), partition.name, int(outcome.code), text, None, outcome.step)


def decide(state: State, job: Job, partition: Partition, is_queued: bool = False) -> Decision:
    """The answer of one partition.

    Parameters
    ----------
    is_queued
        Whether the job was accepted already, as in a queue submitted while the partition was
        down: then an impossible request waits with BadConstraints.
    """
    if job.nodelist is not None and not set(job.nodelist).isdisjoint(job.exclude):
        return _never(partition, INVALID_NODE, "0.6 --nodelist overlaps --exclude", is_queued)
    if not _has_valid_licenses(state, job):
        return _never(partition, INVALID_LICENSE, "5.2 amount of a licence", is_queued)
    if job.num_nodes > len(partition.nodes):
        step = "0.6 more nodes than the partition has"
        return _pending(partition, "PartitionConfig", None, PARTITION_CONFIG, step)
    if _lists_node_not_up(state, job, partition):
        step = "0.6 required node is not up"
        return _pending(partition, "ReqNodeNotAvail", None, NODE_NOT_AVAILABLE, step)
    outcome = select(state, job, partition, View.NOW)
    if not isinstance(outcome, Refusal):
        return Decision("start_now", outcome, partition.name)
    if not isinstance(select(state, job, partition, View.OPEN), Refusal):
        return _waits(partition, outcome)
    idle = select(state, job, partition, View.ALL)
    if isinstance(idle, Refusal):
        step = f"0.6 never, all nodes idle: {idle.step}"
        if idle.code is Code.TOPOLOGY_UNAVAILABLE:
            return _never(partition, (idle.code, TEXTS[idle.code]), step, is_queued)
        return _never(partition, NODE_CONFIG_UNAVAILABLE, step, is_queued)
    if (candidates(state, job, partition, View.UP) & (state.busy > 0)).any():
        return _waits(partition, outcome)
    step = f"{outcome.step}; only nodes that are not up would do"
    return _pending(partition, "ReqNodeNotAvail", None, NODE_NOT_AVAILABLE, step)


def select(state: State, job: Job, partition: Partition, view: View) -> Segments | Refusal:
    """The selection of nodes against one view of the cluster."""
    pool = candidates(state, job, partition, view)
    request = make_request(state, job, partition, view)
    return state.site.selector(partition).select(pool, request)


def _lists_node_not_up(state: State, job: Job, partition: Partition) -> bool:
    """Whether a required node is down, drained or short of a resource: told before all else."""
    if job.nodelist is None or len(job.nodelist) > job.num_nodes:
        return False
    up = candidates(state, job, partition, View.UP)
    eligible = state.site.eligible(state.instance, job, partition)
    return any(eligible[node] and not up[node] for node in state.instance.listed(job))


def _has_valid_licenses(state: State, job: Job) -> bool:
    """Amounts against the first layer listed, MODE_3 against the root; one MODE_3 only (5.2)."""
    named = {resource.name: resource for resource in state.site.cluster.resources}
    if any(name not in named for name, _ in job.licenses):
        return False
    asked = [(named[name], amount) for name, amount in job.licenses]
    if sum(resource.mode is Mode.MODE_3 for resource, _ in asked) > 1:
        return False
    for resource, amount in asked:
        first = 0
        if resource.mode is Mode.MODE_3:
            sizes = [len(layer.nodes) for layer in resource.layers]
            first = sizes.index(max(sizes))
        if amount > state.site.capacities[resource.name][first]:
            return False
    return True


def _waits(partition: Partition, refusal: Refusal) -> Decision:
    """Waiting for other jobs to end."""
    error = None if refusal.code is Code.GENERIC else TEXTS[refusal.code]
    return _pending(partition, "Resources", int(refusal.code), error, refusal.step)


def _pending(
    partition: Partition, reason: str, code: int | None, error: str | None, step: str
) -> Decision:
    return Decision("pending", (), partition.name, code, error, reason, step)


def _never(partition: Partition, error: tuple[int, str], step: str, is_queued: bool) -> Decision:
    code, text = error
    if is_queued:
        return _pending(partition, "BadConstraints", int(code), text, step)
    return Decision("rejected", (), partition.name, int(code), text, None, step)
