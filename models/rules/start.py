"""What a rule looks at: one start of a plan with everything about it resolved, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from ..cluster import Partition
from ..instance import Instance, Units
from ..job import Job
from ..legality import Legality
from ..plan import Placement, Plan
from ..topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology

# What a rule finds: the job that broke it, and one line for people.
Finding = tuple[str, str]
Check = Callable[["Starts"], Iterator[Finding]]


@dataclass(frozen=True)
class Start:
    """One placement of a plan, resolved against its instance."""

    instance: Instance
    legality: Legality
    placement: Placement
    job: Job
    partition: Partition

    @cached_property
    def topology(self) -> Topology:
        """The topology it is placed on."""
        return self.instance.cluster.topology_of(self.partition)

    @cached_property
    def units(self) -> Units:
        """Placement units that the job asks for on this topology."""
        return self.instance.units(self.job, self.partition)

    @cached_property
    def nodes(self) -> frozenset[int]:
        """All its node indices."""
        return frozenset(chain.from_iterable(self.placement.segments))

    @cached_property
    def is_one_node(self) -> bool:
        """Whether it takes Slurm's shortcut for one-node jobs (0.3); torus3d has none."""
        is_single = self.job.num_nodes == 1 and len(self.nodes) == 1
        return is_single and self.topology.kind != "torus3d"

    @cached_property
    def is_placed_flat(self) -> bool:
        """Whether the flat algorithm places it, so that its topology's own rules are silent."""
        if self.topology.kind in ("block", "ring", "torus3d"):
            # Cheap first: whoever uses a node of the topology has a candidate in it.
            members = topology_nodes(self.topology)
            if any(node in members for node in self.nodes):
                return False
        return is_placed_flat(self.instance, self.job, self.partition)

    @cached_property
    def is_ruled(self) -> bool:
        """Whether the rules of its topology's kind bind it."""
        return not self.is_one_node and not self.is_placed_flat

    def names(self, nodes: Collection[int]) -> str:
        """A few node names for a message."""
        shown = [self.instance.cluster.nodes[node].name for node in sorted(nodes)[:4]]
        return ", ".join(shown) + (", ..." if len(nodes) > 4 else "")


@dataclass(frozen=True)
class Starts:
    """All starts of a plan, in the order of the instance's jobs."""

    instance: Instance
    legality: Legality
    starts: tuple[Start, ...]

    def __iter__(self) -> Iterator[Start]:
        return iter(self.starts)

    @cached_property
    def jobs_on(self) -> dict[int, list[Start]]:
        """Node index to the starts that use it."""
        users: dict[int, list[Start]] = {}
        for start in self.starts:
            for node in start.nodes:
                users.setdefault(node, []).append(start)
        return users


def resolve(instance: Instance, plan: Plan, legality: Legality) -> Starts:
    """The plan's starts in priority order.

    Raises
    ------
    ValueError
        For a job or a partition that the instance does not have, or a job placed twice: such a
        plan has no meaning that a rule could judge.
    """
    if len(plan.placement_of) != len(plan.placements):
        raise ValueError("the plan places a job twice")
    unknown = plan.placement_of.keys() - instance.job_with_id.keys()
    if unknown:
        raise ValueError(f"the plan places unknown jobs: {', '.join(sorted(unknown))}")
    starts = []
    for job in instance.jobs:
        placement = plan.placement_of.get(job.job_id)
        if placement is None:
            continue
        partition = instance.cluster.partition_named.get(placement.partition)
        if partition is None:
            raise ValueError(f"job {job.job_id}: unknown partition {placement.partition!r}")
        starts.append(Start(instance, legality, placement, job, partition))
    return Starts(instance, legality, tuple(starts))


def each(check: Callable[[Start], str | None]) -> Check:
    """Lift a rule about a single start to the whole plan."""

    def check_all(starts: Starts) -> Iterator[Finding]:
        for start in starts:
            message = check(start)
            if message is not None:
                yield start.job.job_id, message

    return check_all


def topology_nodes(topology: Topology) -> Container[int]:
    """Nodes that belong to the topology, so that multi-node jobs must be placed by it (0.4(1))."""
    match topology:
        case BlockTopology():
            return topology.block_of.keys()
        case RingTopology():
            return topology.ring_of.keys()
        case TorusTopology():
            return topology.placeable_nodes
        case TreeTopology():
            return topology.leaf_of.keys()
        case _:
            return ()


def is_placed_flat(instance: Instance, job: Job, partition: Partition) -> bool:
    """Whether the flat algorithm places a multi-node job in `partition` (0.4).

    Block, ring and torus3d give way when no eligible free node of the job belongs to them, tree
    when the job asks for ``--contiguous``.
    """
    topology = instance.cluster.topology_of(partition)
    if topology.kind == "flat":
        return True
    if topology.kind == "tree":
        return job.contiguous
    members = topology_nodes(topology)
    free = instance.free
    candidates = dispatch_candidates(instance, job, partition)
    return not any(node in members and node in free for node in candidates)


def dispatch_candidates(instance: Instance, job: Job, partition: Partition) -> frozenset[int]:
    """Nodes that decide which algorithm places the job (0.4).

    A ``--nodelist`` no longer than the job leaves all others candidates, even where segments make
    it their pool later (0.1, 3.1.5).
    """
    if job.nodelist is not None and len(job.nodelist) <= job.num_nodes:
        job = replace(job, nodelist=None)
    return instance.eligible(job, partition)
