"""Four racks with a hand-made plan and hostile job names, for the tests of the command line."""

from __future__ import annotations

from dataclasses import replace

from rackwright.models.cluster import Cluster
from rackwright.models.instance import IneligibleJob, Instance, RunningJob
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive
from rackwright.models.node import Node
from rackwright.models.plan import (
    Placement,
    Plan,
    PlanOptions,
    PlanResult,
    Reason,
    Unplaced,
)
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.score import score
from rackwright.models.topology import Block, BlockTopology

HOSTILE_NAME = "[red]x[/]\x1b[2Jy\u202ez\n@SUM(1)"
FORMULA = "=cmd|'/c calc'!A1"


def job(job_id: str, num_nodes: int, **options: object) -> Job:
    """A job with an exact node count."""
    return replace(Job(job_id, num_nodes, num_nodes), **options)  # type: ignore[arg-type]


def cluster(num_blocks: int = 4, size: int = 18) -> Cluster:
    """Racks of `size` nodes named ``rack1n01`` and so on, all levels up to four racks enabled."""
    names = [f"rack{r}n{n:02d}" for r in range(1, num_blocks + 1) for n in range(1, size + 1)]
    blocks = tuple(
        Block(f"rack{index + 1}", tuple(range(size * index, size * (index + 1))))
        for index in range(num_blocks)
    )
    everything = frozenset(range(len(names)))
    power = Resource("power", Mode.MODE_3, (Layer(everything, 5000, 100, "hall"),))
    return Cluster(
        tuple(Node(name) for name in names),
        (BlockTopology("nvl72", size, (0, 1, 2), blocks),),
        resources=(power,),
    )


def instance() -> Instance:
    """Six pending jobs on four partly used racks, and a held one."""
    return Instance(
        cluster(),
        jobs=(
            job("101", 1, priority=60, name="notebook"),
            job("102", 16, priority=50, exclusive=Exclusive.TOPO, name=HOSTILE_NAME),
            job("103", 16, priority=40, segment=8, spread_segments=True, name=FORMULA),
            job("107", 18, priority=35, name="big"),
            job("104", 12, priority=30, nodelist=("rack1n06",)),
            job("new", 8, priority=20, segment=4),
        ),
        running=(
            RunningJob(job("90", 4), frozenset(range(4))),
            RunningJob(job("91", 10), frozenset(range(18, 28))),
        ),
        unavailable=frozenset([4, 11, 44]),
        used={"power": (14,)},
        ineligible=(IneligibleJob(job("200", 4, name="held"), "held by its user"),),
    )


def result(*, is_proven: bool = True) -> PlanResult:
    """A legal plan of all jobs but 107."""
    state = instance()
    plan = Plan(
        (
            _placement("101", [54]),
            _placement("102", [*range(36, 44), *range(45, 53)]),
            _placement("103", range(28, 36), range(55, 63)),
            _placement("104", [node for node in range(5, 18) if node != 11]),
            _placement("new", range(63, 67), range(67, 71)),
        )
    )
    terms = score(state, plan, PlanOptions())
    bounded = tuple(
        replace(
            term,
            bound=term.value if is_proven or isinstance(term.value, str) else term.value + 100,
            proven_through="new" if term.term == "priority" else None,
        )
        for term in terms
    )
    unplaced = (
        Unplaced("107", Reason.WAITS, "block_region", "needs 18 free nodes in one base block"),
        Unplaced("200", Reason.INELIGIBLE, "", "held by its user"),
    )
    return PlanResult(plan, "optimal", PlanOptions(), bounded, unplaced, wall_s=0.04)


def _placement(job_id: str, *segments: object) -> Placement:
    return Placement(job_id, tuple(tuple(segment) for segment in segments), "default")  # type: ignore[arg-type]
