"""Findings: what an audit reports, how bad it is, and the two kinds it comes in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class Severity(IntEnum):
    """How bad a finding is; ``--fail-on`` compares."""

    INFO = 1
    WARNING = 2
    ERROR = 3


class Kind(Enum):
    """What a finding is about."""

    LEGALITY = "legality"
    CROSSING = "crossing"
    NEEDLESS_WAIT = "needless wait"
    REPACK_WAIT = "wait until repacked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes
    ----------
    kind
        Legality, or the kind of waste.
    rule
        Name of the legality rule that is broken, or that binds.
    severity
        Errors break a rule; warnings may be explained by something that the records do not tell.
    jobs
        Ids, the one at fault first.
    nodes
        Indices of the nodes concerned, in the cluster of its time.
    start_s, end_s
        When; equal for something that is wrong at one instant only.
    message
        One line for people.
    partition, user
        Of the first job.
    num_nodes
        Size of the first job.
    lost_node_h
        Node-hours that it cost; zero for findings that cost none.
    """

    kind: Kind
    rule: str
    severity: Severity
    jobs: tuple[str, ...]
    nodes: tuple[int, ...]
    start_s: int
    end_s: int
    message: str
    partition: str = ""
    user: str = ""
    num_nodes: int = 0
    lost_node_h: float = 0.0

    @property
    def length_s(self) -> int:
        """Seconds for which it lasts."""
        return self.end_s - self.start_s


def nodes_in_words(number: int) -> str:
    """``1 node``, ``12 nodes``."""
    return "1 node" if number == 1 else f"{number} nodes"


def by_weight(finding: Finding) -> tuple[float, ...]:
    """Sort key: the worst first (severity, cost, length), then the earliest."""
    return (
        -finding.severity,
        -finding.lost_node_h,
        -finding.length_s * max(len(finding.nodes), 1),
        finding.start_s,
    )
