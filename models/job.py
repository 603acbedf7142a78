"""A job as its user asked for it, in the words of sbatch."""

from __future__ import annotations

from dataclasses import dataclass, field

from .legality import Exclusive


@dataclass(frozen=True, slots=True)
class Switches:
    """``--switches=count[@max_wait]``: at most `count` leaf switches while it waits.

    Attributes
    ----------
    count
        Leaf switches wanted.
    max_wait_s
        Seconds after submission during which `count` is enforced.
    """

    count: int
    max_wait_s: int = 300


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Names of nodes and partitions are as written; `Instance` resolves them.

    Attributes
    ----------
    job_id
        Unique within an instance.
    num_nodes
        Minimum node count; block, ring and torus plan exactly this many.
    max_nodes
        Upper end of ``-N a-b``, equal to `num_nodes` otherwise.
    segment
        ``--segment`` in nodes, None if not given. Larger than the job: ignored by Slurm.
    spread_segments, consolidate_segments
        ``--spread-segments``, ``--consolidate-segments``; no effect without a segment.
    exclusive
        ``--exclusive=topo`` holds every base block (ring) it touches.
    switches, contiguous
        Tree and flat options.
    partitions
        In the order given; empty means the default partition.
    nodelist, exclude
        ``-w`` and ``-x``, expanded. None when absent.
    features
        Slurm's constraint expression, unevaluated.
    licenses
        ``(resource, count)`` pairs; variables already replaced, repeated names added up.
    power_w
        Watts per node while running; None: see `Instance.power_per_node`.
    time_limit_s, submit_s, start_s
        Seconds; instants since the epoch.
    priority
        Higher goes first.
    weight
        For the `weighted` objective; None means the priority, or 1 without one.
    """

    job_id: str
    num_nodes: int
    max_nodes: int = 0
    segment: int | None = None
    spread_segments: bool = False
    consolidate_segments: bool = False
    exclusive: Exclusive | None = None
    switches: Switches | None = None
    contiguous: bool = False
    partitions: tuple[str, ...] = ()
    nodelist: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    features: str | None = None
    licenses: tuple[tuple[str, int], ...] = ()
    power_w: int | None = None
    time_limit_s: int | None = None
    submit_s: int | None = None
    start_s: int | None = None
    priority: int | None = None
    weight: int | None = None
    user: str = ""
    account: str = ""
    name: str = ""
    comment: str = field(default="", repr=False)

    @property
    def effective_segment(self) -> int | None:
        """The segment size that counts: None when larger than the job (slurm_semantics 3.1.5)."""
        if self.segment is None or self.segment <= 0 or self.segment > self.num_nodes:
            return None
        return self.segment

    @property
    def is_divisible(self) -> bool:
        """Whether the segment divides the node count; otherwise the job can never run."""
        segment = self.effective_segment
        return segment is None or self.num_nodes % segment == 0

    @property
    def num_units(self) -> int:
        """Placement units: segments, or 1 for the whole job."""
        segment = self.effective_segment
        return 1 if segment is None else self.num_nodes // segment

    @property
    def unit_size(self) -> int:
        """Nodes of one placement unit."""
        return self.effective_segment or self.num_nodes

    @property
    def spreads(self) -> bool:
        """Whether each base block may host at most one of its segments (3.1.5)."""
        return self.spread_segments and self.effective_segment is not None

    @property
    def consolidates(self) -> bool:
        """Whether all its segments must lie in one aggregated block (3.1.5)."""
        return self.consolidate_segments and self.effective_segment is not None

    @property
    def is_exclusive_topo(self) -> bool:
        """Whether the job itself asks for whole topology units."""
        return self.exclusive is Exclusive.TOPO

    @property
    def effective_weight(self) -> int:
        """Weight per node in the `weighted` objective."""
        if self.weight is not None:
            return self.weight
        return self.priority if self.priority is not None else 1
