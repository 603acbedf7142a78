"""Needless waits, protected ones, and those that only a repacking could have ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rackwright.models.audit import Finding, Kind, build_history
from rackwright.models.audit.waste import Waste, WasteOptions, find_waste
from rackwright.models.cluster import Cluster
from rackwright.models.formats.outages import Outage
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.job import Job
from rackwright.models.legality import Exclusive, Legality
from rackwright.models.node import Node
from rackwright.models.resources import Layer, Mode, Resource
from rackwright.models.topology import Block, BlockTopology

DAY_S = 86_400


def cluster(blocks: int = 2, size: int = 4) -> Cluster:
    """Blocks of four: n0-n3, n4-n7 ..."""
    topology = BlockTopology(
        "default",
        size,
        (0,),
        tuple(Block(f"b{b}", tuple(range(b * size, (b + 1) * size))) for b in range(blocks)),
    )
    return Cluster(tuple(Node(f"n{i}") for i in range(blocks * size)), (topology,))


def record(
    job_id: str,
    num_nodes: int,
    *,
    submit: int = 0,
    start: int | None = None,
    end: int | None = None,
    nodes: str = "",
    limit: int | None = DAY_S,
    priority: int = 1,
    segment: int | None = None,
    exclusive: bool = False,
    reason: str = "",
) -> Record:
    job = Job(
        job_id=job_id,
        num_nodes=num_nodes,
        max_nodes=num_nodes,
        segment=segment,
        exclusive=Exclusive.TOPO if exclusive else None,
        time_limit_s=limit,
        submit_s=submit,
        start_s=start,
        priority=priority,
    )
    return Record(job, nodelist=nodes, end_s=end, whole_nodes=True, reason=reason)


def waste_of(
    records: Sequence[Record],
    *,
    machine: Cluster | None = None,
    outages: Sequence[Outage] = (),
    options: WasteOptions | None = None,
) -> Waste:
    history = build_history(
        RecordSet(tuple(records)), [(None, machine or cluster())], outages=outages
    )
    options = options or WasteOptions(wait_tolerance_s=0)
    return find_waste(history, Legality.DOCUMENTED, options)


def spans(waste: Waste, kind: Kind) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for finding in waste.findings:
        if finding.kind is kind:
            found.setdefault(finding.jobs[0], []).append((finding.start_s, finding.end_s))
    return found


def only(waste: Waste, kind: Kind) -> Finding:
    found = [finding for finding in waste.findings if finding.kind is kind]
    assert len(found) == 1
    return found[0]


def test_a_wait_on_an_idle_cluster_is_needless_from_end_to_end() -> None:
    waste = waste_of([record("1", 2, submit=100, start=700, end=800, nodes="n[0-1]")])
    finding = only(waste, Kind.NEEDLESS_WAIT)
    assert (finding.start_s, finding.end_s) == (100, 700)
    assert finding.lost_node_h == pytest.approx(2 * 600 / 3600)


def test_waits_within_the_tolerance_are_no_findings() -> None:
    records = [record("1", 2, submit=100, start=160, end=800, nodes="n[0-1]")]
    assert not waste_of(records, options=WasteOptions(wait_tolerance_s=60)).findings
    assert waste_of(records, options=WasteOptions(wait_tolerance_s=59)).findings


def test_only_the_stretches_with_room_are_needless() -> None:
    waste = waste_of(
        [
            record("a", 8, submit=0, start=0, end=500, nodes="n[0-7]"),
            record("b", 4, submit=0, start=600, end=900, nodes="n[0-3]"),
            record("c", 4, submit=0, start=700, end=800, nodes="n[4-7]", priority=0),
            record("d", 4, submit=0, start=1000, end=1100, nodes="n[4-7]", priority=0),
        ]
    )
    # Free blocks: two from 500 to 600 (b and c), one from 600 on (c until 700), then from 800 (d).
    expected = {"b": [(500, 600)], "c": [(500, 700)], "d": [(800, 1000)]}
    assert spans(waste, Kind.NEEDLESS_WAIT) == expected


def test_free_nodes_in_the_wrong_places_are_a_wait_until_repacked() -> None:
    waste = waste_of(
        [
            record("a", 2, start=0, end=1000, nodes="n[0-1]"),
            record("b", 2, start=0, end=1000, nodes="n[4-5]"),
            record("c", 4, submit=100, start=1000, end=1100, nodes="n[0-3]"),
        ]
    )
    assert spans(waste, Kind.NEEDLESS_WAIT) == {}
    assert spans(waste, Kind.REPACK_WAIT) == {"c": [(100, 1000)]}
    assert waste.node_s_by_cause["block_region"] == 4 * 900
    assert only(waste, Kind.REPACK_WAIT).rule == "block_region"


def test_repacking_cannot_make_nodes() -> None:
    waste = waste_of(
        [
            record("a", 3, start=0, end=1000, nodes="n[0-2]"),
            record("b", 3, start=0, end=1000, nodes="n[4-6]"),
            record("c", 3, submit=100, start=1000, end=1100, nodes="n[0-2]"),
        ]
    )
    assert waste.findings == []
    assert waste.node_s_by_cause == Counter({"available": 3 * 900})


def test_repacking_obeys_exclusive_jobs() -> None:
    records = [
        record("a", 2, start=0, end=1000, nodes="n[0-1]", exclusive=True),
        record("b", 2, start=0, end=1000, nodes="n[4-5]"),
        record("c", 4, submit=100, start=1000, end=1100, nodes="n[0-3]"),
    ]
    waste = waste_of(records)
    assert waste.findings == []
    assert waste.node_s_by_cause["block_region"] + waste.node_s_by_cause["exclusive_held"] == 3600


def higher_waits(limit_of_low: int) -> list[Record]:
    """Block 1 is busy until 1000 by its limit; a big job needs both blocks, a small one waits."""
    return [
        record("busy", 4, start=0, end=1000, nodes="n[0-3]", limit=1000),
        record("high", 8, submit=50, start=1000, end=2000, nodes="n[0-7]", priority=9, segment=4),
        record("low", 1, submit=100, start=2000, end=2100, nodes="n4", limit=limit_of_low),
    ]


def test_a_wait_that_protects_a_higher_job_is_not_needless() -> None:
    waste = waste_of(higher_waits(limit_of_low=7200))
    assert spans(waste, Kind.NEEDLESS_WAIT) == {}
    assert waste.node_s_by_cause["protects a job of higher priority"] == 900


def test_a_job_that_ends_before_the_reservation_need_not_have_waited() -> None:
    waste = waste_of(higher_waits(limit_of_low=600))
    # From 401 on its limit would reach into the reservation at 1000.
    assert spans(waste, Kind.NEEDLESS_WAIT) == {"low": [(100, 401)]}
    assert waste.node_s_by_cause["protects a job of higher priority"] == 599


def test_nodes_that_a_higher_job_could_take_are_not_offered_twice() -> None:
    waste = waste_of(
        [
            record("a", 4, start=0, end=2000, nodes="n[0-3]"),
            record("high", 4, submit=10, start=1000, end=2000, nodes="n[4-7]", priority=9),
            record("low", 4, submit=10, start=2000, end=2100, nodes="n[0-3]", priority=1),
        ]
    )
    assert spans(waste, Kind.NEEDLESS_WAIT) == {"high": [(10, 1000)]}
    assert waste.node_s_by_cause["the nodes go to a job of higher priority"] == 4 * 990


def test_nodes_that_are_down_or_reserved_are_not_free() -> None:
    outages = [Outage("n[0-3]", 0, 500), Outage("n[4-7]", 0, 600, kind="reservation", name="r")]
    waste = waste_of(
        [record("1", 4, submit=0, start=900, end=950, nodes="n[0-3]")], outages=outages
    )
    assert spans(waste, Kind.NEEDLESS_WAIT) == {"1": [(500, 900)]}


def test_waits_for_other_things_than_nodes_are_left_out() -> None:
    job = record("1", 2, submit=0, start=900, end=950, nodes="n[0-1]", reason="AssocGrpNodeLimit")
    waste = waste_of([job])
    assert waste.findings == []
    assert waste.facts["waits not judged: Slurm noted AssocGrpNodeLimit"] == 1


def test_a_job_that_never_fits_is_not_a_wait() -> None:
    waste = waste_of(
        [record("1", 5, submit=0), record("2", 1, start=0, end=900, nodes="n0")],
        machine=cluster(blocks=1),
    )
    assert waste.findings == [] and not waste.node_s_by_cause


def test_partition_limits_explain_a_wait() -> None:
    options = WasteOptions(partition_limits={"default": 3600}, wait_tolerance_s=0)
    records = [record("1", 1, submit=0, limit=7200), record("2", 1, start=0, end=900, nodes="n0")]
    waste = waste_of(records, options=options)
    assert waste.facts["waits not judged: longer than the partition allows"] == 1
    assert waste.findings == []


def test_crossings_are_judged_against_the_free_nodes_of_the_moment() -> None:
    needless = record("x", 4, start=0, end=3600, nodes="n[0-1,4-5]", segment=2)
    waste = waste_of([needless])
    finding = only(waste, Kind.CROSSING)
    assert "on 2 blocks where 1 would have done" in finding.message
    assert finding.lost_node_h == pytest.approx(0.1 * 4)
    forced = [
        record("a", 2, start=0, end=7200, nodes="n[2-3]"),
        record("b", 2, start=0, end=7200, nodes="n[6-7]"),
        record("x", 4, start=10, end=3610, nodes="n[0-1,4-5]", segment=2),
    ]
    assert [f for f in waste_of(forced).findings if f.kind is Kind.CROSSING] == []


def test_the_curve_adds_up_to_all_nodes() -> None:
    outages = [Outage("n7", 300, 600)]
    records = [record("a", 3, start=0, end=1000, nodes="n[0-2]")]
    samples = waste_of(records, outages=outages).samples
    assert all(s.busy + s.free + s.absent == 8 for s in samples)
    by_start = {s.start_s: s for s in samples}
    assert (by_start[0].usable, by_start[0].stranded) == (4, 1)
    assert (by_start[300].absent, by_start[300].usable) == (1, 0)


def test_crossings_under_a_cap_are_judged_where_the_cap_does_not_bind() -> None:
    machine = cluster()
    layer = Layer(frozenset(range(8)), 1000, name="hall")
    power = Resource("power", Mode.MODE_3, (layer,), unit="W")
    wide = record("x", 4, start=0, end=3600, nodes="n[0-1,4-5]", segment=2)
    job = replace(wide.job, power_w=100)
    loose = waste_of([replace(wide, job=job)], machine=replace(machine, resources=(power,)))
    assert len(loose.findings) == 1 and not loose.facts["crossings not judged"]
    tight = replace(power, layers=(replace(layer, count=400), Layer(frozenset(range(4)), 200)))
    waste = waste_of([replace(wide, job=job)], machine=replace(machine, resources=(tight,)))
    assert waste.findings == [] and waste.facts["crossings not judged"] == 1
