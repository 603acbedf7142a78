"""Each kind of legality finding: found with its rule, job, nodes and exact interval, or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rackwright.models.audit import Finding, Severity, build_history, legality_findings
from rackwright.models.cluster import Cluster, Partition
from rackwright.models.formats.outages import Outage
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.job import Job, Switches
from rackwright.models.legality import Exclusive, Legality
from rackwright.models.node import Node
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import (
    Block,
    BlockTopology,
    FlatTopology,
    Ring,
    RingTopology,
    Switch,
    Topology,
    Torus,
    TorusPlacement,
    TorusTopology,
    TreeTopology,
)

NODES = 12


def machine(
    topology: Topology | None = None,
    *,
    partitions: tuple[Partition, ...] = (),
    resources: tuple[Resource, ...] = (),
) -> Cluster:
    """Three blocks of four, levels 4 and 8, unless told otherwise."""
    blocks = tuple(Block(f"b{b}", tuple(range(4 * b, 4 * b + 4))) for b in range(3))
    chosen = topology or BlockTopology("default", 4, (0, 1), blocks)
    nodes = tuple(Node(f"n{i:02d}", power_w=10) for i in range(NODES))
    return Cluster(nodes, (chosen,), partitions, resources)


def ran(
    job_id: str,
    nodes: Sequence[int],
    start: int = 0,
    end: int | None = 100,
    *,
    whole: bool | None = True,
    reservation: str = "",
    state: str = "COMPLETED",
    **wanted: object,
) -> Record:
    """A job that got what it asked for, unless `wanted` says otherwise."""
    job = Job(job_id=job_id, num_nodes=len(nodes), max_nodes=len(nodes), submit_s=0, start_s=start)
    return Record(
        replace(job, **wanted),  # type: ignore[arg-type]
        nodelist=",".join(f"n{i:02d}" for i in nodes),
        end_s=end,
        state=state,
        whole_nodes=whole,
        reservation=reservation,
    )


def audit(
    *records: Record,
    cluster: Cluster | None = None,
    outages: Sequence[Outage] = (),
    legality: Legality = Legality.DOCUMENTED,
    facts: Counter[str] | None = None,
    later: tuple[int, Cluster] | None = None,
) -> list[Finding]:
    clusters: list[tuple[int | None, Cluster]] = [(None, cluster or machine())]
    if later is not None:
        clusters.append(later)
    history = build_history(RecordSet(records), clusters, outages=outages)
    return legality_findings(history, legality, Counter() if facts is None else facts)


def rules(findings: Sequence[Finding]) -> list[str]:
    return sorted(finding.rule for finding in findings)


def test_the_bug_that_made_17_17_2_of_12_12_12() -> None:
    blocks = tuple(Block(f"b{b}", tuple(range(17 * b, 17 * b + 17))) for b in range(4))
    cluster = Cluster(
        tuple(Node(f"n{i:02d}") for i in range(68)),
        (BlockTopology("default", 17, (0, 1), blocks),),
    )
    scattered = ran("7", [*range(34), 34, 35], segment=12)
    [finding] = audit(scattered, cluster=cluster)
    assert (finding.rule, finding.jobs, finding.severity) == (
        "block_region",
        ("7",),
        Severity.ERROR,
    )
    assert len(finding.nodes) == 36 and finding.num_nodes == 36
    legal = ran("8", [*range(12), *range(17, 29), *range(34, 46)], segment=12)
    assert audit(legal, cluster=cluster) == []


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (ran("1", [0, 4]), "block_region"),
        (ran("1", range(4, 12)), "block_region"),
        (ran("1", [0, 1, 2], num_nodes=4, max_nodes=4), "node_count"),
        (ran("1", [0, 1, 2, 3], segment=2, spread_segments=True), "spread_segments"),
        (ran("1", [0, 1, 4, 5], segment=2, consolidate_segments=True), "consolidate_segments"),
        (ran("1", [0, 1], exclude=("n01",)), "exclude"),
        (ran("1", [0, 1], nodelist=("n02", "n03")), "required_nodes"),
        (ran("1", [0, 1], nodelist=("n00", "n02", "n03")), "nodelist"),
        (ran("1", [0, 1], features="fast"), "features"),
    ],
)
def test_every_rule_of_a_start(record: Record, rule: str) -> None:
    assert rule in rules(audit(record))


def test_other_topologies_have_their_own_rules() -> None:
    ring = machine(RingTopology("default", (Ring("r", tuple(range(NODES))),)))
    assert audit(ran("1", [11, 0, 1]), cluster=ring) == []
    assert rules(audit(ran("1", [0, 2]), cluster=ring)) == ["ring_arc"]
    two = ran("1", [0, 1, 4, 5], segment=2)
    assert audit(two, cluster=ring) == []
    only = "one_segment_per_ring"
    assert rules(audit(two, cluster=ring, legality=Legality.SLURM_26_11)) == [only]
    shape = TorusPlacement((2, 2, 1), (2, 2, 1))
    torus = machine(
        TorusTopology("default", (Torus("t", (4, 3, 1), tuple(range(NODES)), (shape,)),))
    )
    assert audit(ran("1", [0, 1, 4, 5]), cluster=torus) == []
    assert rules(audit(ran("1", [0, 1, 2, 3]), cluster=torus)) == ["torus_anchor"]
    leaves = tuple(Switch(f"s{s}", tuple(range(4 * s, 4 * s + 4)), ()) for s in range(3))
    tree = machine(TreeTopology("default", (*leaves, Switch("top", (), (0, 1)))))
    assert audit(ran("1", [0, 4]), cluster=tree) == []
    assert rules(audit(ran("1", [0, 8]), cluster=tree)) == ["common_switch"]
    early, late = Switches(1, 50), ran("1", [0, 4], 60, switches=Switches(1, 50))
    assert rules(audit(ran("1", [0, 4], 40, switches=early), cluster=tree)) == ["leaf_switches"]
    assert audit(late, cluster=tree) == []


def test_floor_rule_needs_the_free_nodes_of_the_moment() -> None:
    # Whole-topology units of 26.11 count complete pairs of blocks only: here one pair of two.
    blocks = tuple(Block(f"b{b}", tuple(range(4 * b, 4 * b + 4))) for b in range(3))
    cluster = machine(BlockTopology("default", 4, (0, 1), blocks))
    big = ran("1", range(9))
    assert audit(big, cluster=cluster) == []
    found = audit(big, cluster=cluster, legality=Legality.SLURM_26_11)
    assert rules(found) == ["whole_topology_floor"]


def test_two_jobs_on_one_node_for_exactly_the_common_time() -> None:
    [finding] = audit(ran("a", [0, 1], 0, 100), ran("b", [1, 2], 60, 200))
    assert (finding.rule, finding.jobs, finding.nodes) == ("one_use", ("b", "a"), (1,))
    assert (finding.start_s, finding.end_s) == (60, 100)
    assert audit(ran("a", [0, 1], 0, 100), ran("b", [1, 2], 100, 200)) == []


def test_jobs_that_share_their_nodes_may_meet() -> None:
    pair = (ran("a", [0], 0, 100, whole=False), ran("b", [0], 50, 150, whole=False))
    assert audit(*pair) == []
    assert rules(audit(pair[0], ran("c", [0], 50, 150))) == ["one_use"]
    unknown = (ran("a", [0], 0, 100, whole=None), ran("b", [0], 50, 150, whole=None))
    assert rules(audit(*unknown)) == ["one_use"]
    facts: Counter[str] = Counter()
    crowd = [ran(str(i), [i % 3], i, 1000 + i, whole=None) for i in range(60)]
    assert audit(*crowd, facts=facts) == []
    assert facts["overlaps taken as sharing of nodes, not as findings"] == 3 * 190


def test_a_job_without_an_end_is_reported_once() -> None:
    runaway = ran("a", [0], 0, None, state="RUNNING")
    others = [ran(str(i), [0], 100 * i, 100 * i + 50) for i in range(1, 6)]
    facts: Counter[str] = Counter()
    [finding] = audit(runaway, *others, facts=facts)
    assert finding.severity is Severity.WARNING and "runawayjobs" in finding.message
    assert facts["further overlaps of jobs without an end"] == 4


def test_an_intruder_in_an_exclusive_block() -> None:
    host = ran("host", [0, 1], 0, 100, exclusive=Exclusive.TOPO)
    [finding] = audit(host, ran("guest", [3], 40, 150))
    assert (finding.rule, finding.jobs) == ("exclusive_held", ("guest", "host"))
    assert (finding.nodes, finding.start_s, finding.end_s) == ((3,), 40, 100)
    assert audit(host, ran("guest", [4], 40, 150)) == []
    assert audit(host, ran("guest", [3], 100, 150)) == []


def test_an_exclusive_job_that_came_second() -> None:
    late = ran("late", [0, 1], 50, 100, exclusive=Exclusive.TOPO)
    [finding] = audit(ran("first", [3], 0, 80), late)
    assert (finding.rule, finding.jobs) == ("exclusive_wanted", ("late", "first"))
    both = audit(ran("x", [3], 0, 80, exclusive=Exclusive.TOPO), late)
    assert rules(both) == ["exclusive_held", "exclusive_wanted"]


def test_exclusive_partitions_hold_their_units_too() -> None:
    partitions = (
        Partition("open", frozenset(range(NODES))),
        Partition("alone", frozenset(range(NODES)), is_exclusive_topo=True),
    )
    cluster = machine(partitions=partitions)
    host = ran("host", [0, 1], 0, 100, partitions=("alone",))
    guest = ran("guest", [2], 10, 20, partitions=("open",))
    assert rules(audit(host, guest, cluster=cluster)) == ["exclusive_held"]


def capped(mode: Mode, *layers: Layer, **more: object) -> Cluster:
    return machine(FlatTopology(), resources=(Resource("cap", mode, layers, **more),))  # type: ignore[arg-type]


EVERYTHING = frozenset(range(NODES))


def test_mode_3_over_its_cap_for_exact_intervals() -> None:
    cluster = capped(Mode.MODE_3, Layer(EVERYTHING, 10, base=2, name="root"))
    jobs = [
        ran("a", [0, 1], 0, 100, licenses=(("cap", 2),)),
        ran("b", [2, 3], 50, 80, licenses=(("cap", 2),)),
        ran("c", [4, 5], 60, 90, licenses=(("cap", 1),)),
    ]
    [finding] = audit(*jobs, cluster=cluster)
    assert (finding.rule, finding.jobs[0]) == ("mode_3", "c")
    assert set(finding.jobs) == {"a", "b", "c"}
    assert (finding.start_s, finding.end_s) == (60, 80)
    assert "up to 10 of 8" in finding.message
    assert audit(jobs[0], jobs[1], cluster=cluster) == []


def test_what_ends_in_a_second_is_free_for_what_starts_in_it() -> None:
    cluster = capped(Mode.MODE_3, Layer(EVERYTHING, 4))
    a, b = (ran("a", [0, 1], 0, 50, licenses=(("cap", 2),)), ran("b", [2, 3], 50, 90))
    assert audit(a, replace(b, job=replace(b.job, licenses=(("cap", 2),))), cluster=cluster) == []


def test_mode_2_charges_every_layer_once_and_mode_1_one_of_them() -> None:
    layers = (Layer(frozenset(range(6)), 3), Layer(EVERYTHING, 5))
    jobs = [ran(str(i), [i, i + 6], 10 * i, 1000, licenses=(("cap", 2),)) for i in range(3)]
    found = audit(*jobs, cluster=capped(Mode.MODE_2, *layers))
    assert [(f.rule, f.jobs[0], f.start_s) for f in found] == [
        ("mode_2", "1", 10),
        ("mode_2", "2", 20),
    ]
    found = audit(*jobs[:2], cluster=capped(Mode.MODE_1, *layers))
    assert found == []
    found = audit(*jobs, ran("3", [5, 9], 40, 50, licenses=(("cap", 2),)),
                  cluster=capped(Mode.MODE_1, *layers))  # fmt: skip
    assert [(f.rule, f.jobs[0]) for f in found] == [("mode_1", "3")]


def test_nodes_in_no_layer_never_serve() -> None:
    cluster = capped(Mode.MODE_3, Layer(frozenset(range(6)), 100))
    [finding] = audit(ran("a", [5, 6], licenses=(("cap", 1),)), cluster=cluster)
    assert (finding.rule, finding.nodes) == ("mode_3", (6,))


def test_power_counts_idle_nodes_and_spares_those_that_are_down() -> None:
    cluster = capped(Mode.MODE_3, Layer(EVERYTHING, 40, name="hall"), unit="W", idle_w=2)
    # Idle: 24 W. A job adds 8 W per node: two nodes reach 40 W, a third exceeds it.
    pair, third = ran("a", [0, 1], 0, 100), ran("b", [2], 50, 80)
    assert audit(pair, cluster=cluster) == []
    [finding] = audit(pair, third, cluster=cluster)
    assert (finding.rule, finding.start_s, finding.end_s) == ("power", 50, 80)
    down = Outage("n[04-07]", 0, 200)
    assert audit(pair, third, cluster=cluster, outages=[down]) == []


def test_starts_on_nodes_that_are_down_or_reserved() -> None:
    outages = [Outage("n00", 50, 150, reason="power supply")]
    [finding] = audit(ran("a", [0, 1], 60, 100), outages=outages)
    assert (finding.rule, finding.nodes) == ("available", (0,))
    assert "power supply" in finding.message
    # Begun in the same second, or before the outage: no finding.
    assert audit(ran("a", [0, 1], 50, 100), outages=outages) == []
    assert audit(ran("a", [0, 1], 40, 100), outages=outages) == []
    reserved = [Outage("n[00-03]", 0, 1000, kind="reservation", name="maint")]
    assert rules(audit(ran("a", [0], 10), outages=reserved)) == ["available"]
    assert audit(ran("a", [0], 10, reservation="maint"), outages=reserved) == []


def test_partitions_have_walls() -> None:
    cluster = machine(partitions=(Partition("small", frozenset(range(4))),))
    assert rules(audit(ran("a", [4], partitions=("small",)), cluster=cluster)) == ["partition"]
    # A partition that no file describes is taken as all nodes.
    assert audit(ran("a", [4], partitions=("unheard",)), cluster=cluster) == []


def test_overruns_beyond_the_tolerance() -> None:
    assert audit(ran("a", [0], 0, 720, time_limit_s=600)) == []
    [finding] = audit(ran("a", [0], 0, 721, time_limit_s=600))
    assert (finding.rule, finding.severity) == ("time_limit", Severity.WARNING)
    assert (finding.start_s, finding.end_s) == (600, 721)
    suspended = replace(ran("a", [0], 0, 900, time_limit_s=600), suspended_s=200)
    assert audit(suspended) == []


def test_a_topology_that_changed() -> None:
    wide = tuple(Block(f"w{b}", tuple(range(6 * b, 6 * b + 6))) for b in range(2))
    later = machine(BlockTopology("default", 6, (0,), wide))
    before, after = ran("a", range(5), 10, 50), ran("b", range(5), 110, 150)
    facts: Counter[str] = Counter()
    found = audit(before, after, later=(100, later), facts=facts)
    # Five nodes of blocks of four need a pair; n00-n04 lie in one. With blocks of six, in one.
    assert found == [] and facts["starts judged"] == 2
    across = [ran("a", [4, 5, 6], 10, 50), ran("b", [4, 5, 6], 110, 150)]
    [finding] = audit(*across, later=(100, later))
    assert (finding.jobs, finding.rule) == (("b",), "block_region")


def test_nodes_that_no_longer_exist_are_counted_not_judged() -> None:
    gone = replace(ran("a", [0, 1]), nodelist="n00,old77")
    facts: Counter[str] = Counter()
    assert audit(gone, facts=facts) == []
    assert facts["starts not judged: nodes that the topology lacks"] == 1
    assert rules(audit(gone, ran("b", [0], 10))) == ["one_use"]


def test_requests_that_were_not_recorded_are_not_judged() -> None:
    facts: Counter[str] = Counter()
    assert audit(replace(ran("a", [0, 4]), knows_request=False), facts=facts) == []
    assert facts["starts not judged: segments not recorded"] == 1


def test_a_resized_job_does_not_start_again() -> None:
    shrunk = replace(ran("a", [0, 4], 50, 100), is_continuation=True)
    assert audit(ran("a", [0, 1, 2], 0, 50, state="RESIZING"), shrunk) == []
