"""Times during which nodes are away: failures from a list or at a rate, and maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Outage:
    """One node is away from `down_s` until `up_s`.

    Attributes
    ----------
    node
        Its index.
    is_planned
        Maintenance: known beforehand, so that no job starts whose limit reaches into it, and a
        job that is still there is left to finish. Otherwise a failure, which kills it.
    """

    node: int
    down_s: int
    up_s: int
    is_planned: bool = False


def outages_at_rate(
    num_nodes: int, horizon_s: int, *, mtbf_s: float, repair_s: float, seed: int
) -> tuple[Outage, ...]:
    """Independent failures of every node with exponential times to fail and to repair.

    In the long run a share ``repair_s / (mtbf_s + repair_s)`` of the nodes is away.

    Parameters
    ----------
    mtbf_s, repair_s
        Mean seconds of a node between repair and failure, and of a repair.
    seed
        Each node has a stream of its own, so that more nodes do not change the others' failures.
    """
    outages = []
    for node in range(num_nodes):
        random = Random(f"outages {seed} {node}")
        moment = random.expovariate(1 / mtbf_s)
        while moment < horizon_s:
            repaired = moment + max(1.0, random.expovariate(1 / repair_s))
            outages.append(Outage(node, int(moment), max(int(moment) + 1, int(repaired))))
            moment = repaired + random.expovariate(1 / mtbf_s)
    return tuple(sorted(outages, key=lambda outage: (outage.down_s, outage.node)))
