"""What the job itself asked for: how many nodes, which, from where, and that they are free."""

from __future__ import annotations

from collections.abc import Iterator

from ..features import matches_features
from .start import Finding, Start, Starts


def node_count(start: Start) -> str | None:
    """Exactly the minimum node count; tree and flat may give up to the maximum (0.1, B3)."""
    wanted = start.job.num_nodes
    most = wanted
    if start.topology.kind in ("tree", "flat") or start.is_placed_flat:
        most = max(wanted, start.job.max_nodes)
    found = sum(map(len, start.placement.segments))
    if wanted <= found <= most:
        return None
    return f"has {found} nodes, wants {wanted if most == wanted else f'{wanted}-{most}'}"


def partition(start: Start) -> str | None:
    """A partition that the job named, and only nodes of it."""
    allowed = start.instance.partitions_of(start.job)
    if start.partition not in allowed:
        return f"starts in partition {start.partition.name}, which it did not ask for"
    foreign = start.nodes - start.partition.nodes
    if foreign:
        return f"{start.names(foreign)} not in partition {start.partition.name}"
    return None


def features(start: Start) -> str | None:
    """Every node satisfies ``--constraint``."""
    expression = start.job.features
    if not expression:
        return None
    nodes = start.instance.cluster.nodes
    wrong = [n for n in start.nodes if not matches_features(expression, nodes[n].features)]
    return f"{start.names(wrong)} without features {expression}" if wrong else None


def exclude(start: Start) -> str | None:
    """No node of ``--exclude``."""
    if not start.job.exclude:
        return None
    index_of = start.instance.cluster.index_of
    wrong = {index_of[name] for name in start.job.exclude if name in index_of} & start.nodes
    return f"uses excluded {start.names(wrong)}" if wrong else None


def nodelist(start: Start) -> str | None:
    """Only nodes of a ``--nodelist`` that is a pool: longer than the job, or cut in segments."""
    if not start.instance.has_pool(start.job, start.partition):
        return None
    wrong = start.nodes - start.instance.listed(start.job)
    return f"{start.names(wrong)} not in its nodelist" if wrong else None


def required_nodes(start: Start) -> str | None:
    """All nodes of a ``--nodelist`` no longer than the job (0.1, B4)."""
    required = start.instance.required(start.job, start.partition)
    if start.job.nodelist is not None and not start.instance.has_pool(start.job, start.partition):
        unknown = len(set(start.job.nodelist)) - len(required)
        if unknown:
            return f"{unknown} nodes of its nodelist do not exist"
    missing = required - start.nodes
    if missing:
        return f"lacks required {start.names(missing)}"
    # Ring refuses a list shorter than the job for ever (3.2).
    if required and start.topology.kind == "ring" and start.is_ruled:
        if len(required) < start.job.num_nodes:
            return f"names {len(required)} of {start.job.num_nodes} nodes; a ring needs all"
    return None


def available(start: Start) -> str | None:
    """Only nodes that are up and that no running job holds."""
    taken = start.nodes - start.instance.free
    return f"{start.names(taken)} not free" if taken else None


def one_use(starts: Starts) -> Iterator[Finding]:
    """No node is used twice: by two jobs, or by two segments of one."""
    for start in starts:
        if sum(map(len, start.placement.segments)) != len(start.nodes):
            yield start.job.job_id, "uses a node in two of its segments"
    used = frozenset().union(*(start.nodes for start in starts))
    if len(used) == sum(len(start.nodes) for start in starts):
        return
    for node, users in starts.jobs_on.items():
        for later in users[1:]:
            other = users[0].job.job_id
            yield later.job.job_id, f"{later.names((node,))} already used by job {other}"


def segment(start: Start) -> str | None:
    """The segment divides the node count, and every unit has its size (3.1.5)."""
    if start.topology.kind in ("block", "ring", "torus3d") and not start.job.is_divisible:
        return f"--segment={start.job.segment} does not divide {start.job.num_nodes} nodes"
    sizes = [len(unit) for unit in start.placement.segments]
    units = start.units
    if len(sizes) != units.count:
        return f"has {len(sizes)} segments, wants {units.count}"
    # A whole job's size is the business of node_count.
    if units.count > 1 and any(size != units.size for size in sizes):
        return f"has segments of {sorted(set(sizes))} nodes, wants {units.size}"
    return None
