"""Records: every line is read, skipped or failed, whatever happened to the file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from rackwright.models.errors import InputError
from rackwright.models.formats.records import Record, RecordSet
from rackwright.models.formats.records_clock import Clock, resolve_span
from rackwright.models.formats.records_read import read_records
from rackwright.models.legality import Exclusive

HEADER = (
    "JobIDRaw|JobID|JobName|Partition|Submit|Eligible|Start|End|ElapsedRaw|TimelimitRaw|State|"
    "SegmentSize|Exclusive|NNodes|NodeList|SubmitLine|Comment"
)


def row(
    raw: int = 1,
    *,
    job_id: str = "",
    name: str = "train",
    submit: str = "2026-03-01T10:00:00",
    eligible: str = "",
    start: str = "2026-03-01T10:01:00",
    end: str = "2026-03-01T11:01:00",
    elapsed: int = 3600,
    state: str = "COMPLETED",
    segment: str = "",
    exclusive: str = "NODE",
    num_nodes: int = 2,
    nodes: str = "n[1-2]",
    line: str = "sbatch -N2 --wrap sleep",
    comment: str = "",
) -> str:
    """One row of ``sacct -P``."""
    fields = [raw, job_id or raw, name, "batch", submit, eligible or submit, start, end, elapsed]
    fields += [120, state, segment, exclusive, num_nodes, nodes, line, comment]
    return "|".join(map(str, fields))


def read(tmp_path: Path, *texts: str, zone: str = "UTC") -> RecordSet:
    """Read texts as files; every line must be accounted for."""
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / f"sacct{number}.txt"
        path.write_text(text)
        paths.append(path)
    found = read_records(paths, clock=Clock.named(zone))
    assert all(count.is_balanced for count in found.files)
    return found


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def only(found: RecordSet) -> Record:
    assert len(found.records) == 1
    return found.records[0]


def test_a_row_becomes_a_record(tmp_path: Path) -> None:
    line = "sbatch -N2 --segment=1 --spread-segments -x n7 -C fast --exclusive=topo --wrap sleep 1"
    record = only(read(tmp_path, table(row(line=line, segment="1", exclusive="TOPO"))))
    job = record.job
    assert (job.job_id, job.num_nodes, job.segment, job.spread_segments) == ("1", 2, 1, True)
    assert (job.exclude, job.features, job.exclusive) == (("n7",), "fast", Exclusive.TOPO)
    assert (record.start_s, record.end_s) == (1772359260, 1772362860)
    assert record.waits_from_s == 1772359200 and job.time_limit_s == 7200
    assert record.whole_nodes is True and record.nodelist == "n[1-2]"


def test_segments_come_from_the_submit_line_where_there_is_no_column(tmp_path: Path) -> None:
    header = "JobID|Start|End|NodeList|SubmitLine"
    text = (
        "1|2026-03-01T10:00:00|2026-03-01T11:00:00|n[1-4]|srun --segment=2 -N4 ./app --segment=9"
    )
    found = read(tmp_path, table(text, header=header))
    assert only(found).job.segment == 2
    assert any("Submit or Eligible" in line for line in found.missing)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, table("1|COMPLETED", header="JobID|State"))
    assert "missing columns: Start, End or ElapsedRaw or Elapsed, NodeList" in str(caught.value)


def test_a_file_without_any_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no line names any columns"):
        read(tmp_path, row() + "\n")


def test_steps_headers_and_blank_lines_are_counted(tmp_path: Path) -> None:
    text = table(row(), row(job_id="1.batch"), "", HEADER, row(2, nodes="n[3-4]"))
    found = read(tmp_path, text)
    assert found.files[0].skipped == {"header": 2, "step": 1, "blank": 1}
    assert len(found.records) == 2 and found.facts["steps"] == 1


@pytest.mark.parametrize(
    "changed",
    [
        row(line="sbatch -N2 --wrap cat a | sort | uniq"),
        row(comment="a|b"),
        row(name="x|y", comment="z"),
        row(line="sbatch -N2 --wrap cd x\nmake\n./run"),
    ],
)
def test_bars_and_line_ends_in_texts_do_not_shift_a_row(tmp_path: Path, changed: str) -> None:
    found = read(tmp_path, table(row(7), changed, row(8)))
    assert [record.job.job_id for record in found.records] == ["1", "7", "8"]
    assert found.files[0].failed == 0
    assert all(record.nodelist == "n[1-2]" for record in found.records)


def test_a_truncated_row_fails_alone(tmp_path: Path) -> None:
    rows = [row(number) for number in range(1, 6)]
    text = table(*rows)
    found = read(tmp_path, text[: -len(rows[-1]) // 2])
    assert len(found.records) == 4 and found.files[0].failed == 1
    middle = table(rows[0], rows[1][:40], rows[2], rows[3])
    found = read(tmp_path, middle)
    assert len(found.records) == 3 and found.files[0].failed == 1
    assert "line 3" in str(found.files[0].problems[0])


def test_nonsense_in_typed_columns_fails_with_its_place(tmp_path: Path) -> None:
    bad = [
        row(2, start="yesterday"),
        row(3, nodes="n[1-"),
        row(4, end="2026-03-01T09:00:00", elapsed=0),
    ]
    found = read(tmp_path, table(row(1), *bad))
    assert len(found.records) == 1 and found.files[0].failed == 3


def test_shuffled_and_duplicated_lines_give_the_same_records(tmp_path: Path) -> None:
    rows = [row(number, nodes=f"n[{number}-{number + 1}]") for number in range(1, 30)]
    clean = read(tmp_path, table(*rows))
    lines = [HEADER, *rows, *rows[:10]]
    Random(3).shuffle(lines)
    mixed = read(tmp_path, "\n".join(lines))
    assert [r.job for r in mixed.records] == [r.job for r in clean.records]
    assert mixed.files[0].skipped["duplicate"] == 10


def test_a_later_dump_supersedes_an_earlier_one(tmp_path: Path) -> None:
    january = row(1, end="Unknown", elapsed=60, state="RUNNING")
    waiting = row(
        2, start="Unknown", end="Unknown", elapsed=0, state="PENDING", nodes="None assigned"
    )
    found = read(tmp_path, table(january, waiting), table(row(1), row(2, nodes="n[3-4]")))
    assert [record.end_s is not None for record in found.records] == [True, True]
    assert sum(count.skipped["superseded"] for count in found.files) == 2


def test_requeued_runs_are_all_kept(tmp_path: Path) -> None:
    first = row(1, state="NODE_FAIL")
    second = row(
        1, submit="2026-03-01T11:01:00", start="2026-03-01T11:05:00", end="2026-03-01T12:05:00"
    )
    found = read(tmp_path, table(first, second))
    assert len(found.records) == 2 and found.facts["requeued"] == 1
    assert not any(record.is_continuation for record in found.records)


def test_resized_jobs_continue(tmp_path: Path) -> None:
    first = row(1, state="RESIZING")
    second = row(
        1, submit="2026-03-01T11:01:00", start="2026-03-01T11:01:00", end="2026-03-01T12:01:00",
        num_nodes=1, nodes="n1",
    )  # fmt: skip
    found = read(tmp_path, table(second, first))
    assert [record.is_continuation for record in found.records] == [False, True]
    assert found.records[1].job.num_nodes == 1 and found.records[1].job.segment is None


def test_wrapped_job_ids_are_different_jobs(tmp_path: Path) -> None:
    later = row(
        1, submit="2027-03-01T10:00:00", start="2027-03-01T10:01:00", end="2027-03-01T11:01:00"
    )
    found = read(tmp_path, table(row(1), later))
    assert len(found.records) == 2 and found.facts["reused job ids"] == 1


def test_arrays_and_heterogeneous_jobs(tmp_path: Path) -> None:
    pending = row(
        9, job_id="9_[4-10%2]", start="Unknown", end="Unknown", elapsed=0, state="PENDING",
        nodes="None assigned",
    )  # fmt: skip
    found = read(tmp_path, table(row(10, job_id="9_3"), pending, row(12, job_id="12+1")))
    assert found.facts["array tasks"] == 2 and found.facts["heterogeneous components"] == 1
    assert {record.job.job_id for record in found.records} == {"9_3", "9_[4-10%2]", "12+1"}


def test_a_held_job_never_waited(tmp_path: Path) -> None:
    held = row(
        1, eligible="Unknown", start="Unknown", end="Unknown", elapsed=0, state="PENDING",
        nodes="None assigned",
    )  # fmt: skip
    assert only(read(tmp_path, table(held))).waits_from_s is None


def test_the_repeated_hour_is_resolved_by_the_elapsed_time(tmp_path: Path) -> None:
    # Berlin, 2026-10-25: 03:00 summer time is followed by 02:00 winter time.
    text = row(start="2026-10-25T01:30:00", end="2026-10-25T02:30:00", elapsed=7200)
    record = only(read(tmp_path, table(text), zone="Europe/Berlin"))
    assert record.start_s is not None and record.end_s == record.start_s + 7200
    assert not record.is_clock_uncertain
    inside = row(start="2026-10-25T02:10:00", end="2026-10-25T02:20:00", elapsed=600)
    assert only(read(tmp_path, table(inside), zone="Europe/Berlin")).is_clock_uncertain


def test_a_clock_change_in_an_unknown_zone_is_repaired() -> None:
    span = resolve_span((1000,), (1000 + 3600,), 7200)
    assert (span.end_s, span.was_corrected) == (1000 + 7200, True)


def test_epoch_seconds_and_offsets_are_instants(tmp_path: Path) -> None:
    epoch = row(1, submit="1772359200", start="1772359260", end="1772362860")
    offset = row(
        2, submit="2026-03-01T11:00:00+01:00", start="2026-03-01T11:01:00+01:00",
        end="2026-03-01T12:01:00+01:00", nodes="n[3-4]",
    )  # fmt: skip
    found = read(tmp_path, table(epoch, offset))
    assert {record.start_s for record in found.records} == {1772359260}


def test_node_ranges_take_what_was_given(tmp_path: Path) -> None:
    inside = only(read(tmp_path, table(row(line="sbatch -N1-4 x"))))
    assert inside.job.num_nodes == 2
    outside = only(read(tmp_path, table(row(line="sbatch -N3-4 x"))))
    assert (outside.job.num_nodes, outside.job.max_nodes) == (3, 4)


def test_gzip_and_broken_gzip(tmp_path: Path) -> None:
    path = tmp_path / "sacct.txt.gz"
    data = gzip.compress(table(*[row(n) for n in range(1, 200)]).encode())
    path.write_bytes(data)
    assert len(read_records([path]).records) == 199
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="broken gzip data"):
        read_records([path])


def test_bytes_that_are_no_utf8_are_replaced_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "sacct.txt"
    path.write_bytes(table(row(name="modèle")).encode("latin-1"))
    found = read_records([path])
    assert len(found.records) == 1 and found.facts["files with bytes that are no UTF-8"] == 1


def test_records_of_several_clusters_need_a_choice(tmp_path: Path) -> None:
    header = f"{HEADER}|Cluster"
    path = tmp_path / "sacct.txt"
    path.write_text(table(row(1) + "|a", row(1) + "|b", row(2) + "|b", header=header))
    with pytest.raises(InputError, match="records of 2 clusters: a, b"):
        read_records([path])
    found = read_records([path], cluster="b")
    assert len(found.records) == 2 and found.files[0].skipped["other cluster"] == 1


def test_the_same_file_twice_and_broken_json_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sacct.txt"
    path.write_text(table(row()))
    with pytest.raises(InputError, match="given twice"):
        read_records([path, path])
    broken = tmp_path / "sacct.json"
    broken.write_text('{"jobs": [{"job_id": 1')
    with pytest.raises(InputError, match="broken JSON"):
        read_records([broken])


def snapshot(taken: int, *jobs: dict[str, object]) -> str:
    return json.dumps({"jobs": list(jobs), "last_update": {"set": True, "number": taken}})


def squeue_job(job_id: int, state: str, start: int = 0) -> dict[str, object]:
    return {
        "job_id": job_id,
        "job_state": [state],
        "submit_time": {"set": True, "infinite": False, "number": 100},
        "start_time": {"set": True, "infinite": False, "number": start},
        "nodes": "n1" if start else "",
        "node_count": {"set": True, "number": 1},
        "time_limit": {"set": True, "infinite": False, "number": 10},
        "flags": [],
    }


def test_snapshots_are_joined(tmp_path: Path) -> None:
    texts = (
        snapshot(200, squeue_job(1, "PENDING")),
        snapshot(300, squeue_job(1, "RUNNING", 250)),
        snapshot(400, squeue_job(2, "RUNNING", 390)),
    )
    found = read(tmp_path, *texts)
    ends = {record.job.job_id: (record.start_s, record.end_s) for record in found.records}
    assert ends == {"1": (250, 300), "2": (390, None)}
    assert found.files[0].skipped["seen in a later snapshot"] == 1
    assert found.facts["ends known only between two snapshots"] == 1


def test_jobs_of_a_json_that_make_no_sense_fail_alone(tmp_path: Path) -> None:
    text = json.dumps({"jobs": [{"job_id": 0, "time": {}}, 7, {"job_id": 3, "time": {}}]})
    found = read(tmp_path, text)
    assert found.files[0].failed == 2 and len(found.records) == 1


def test_traces_count_from_zero_and_share_nodes_by_slots(tmp_path: Path) -> None:
    header = "job_id,submit_s,start_s,runtime_s,time_limit_s,nodes,gpus,nodelist"
    rows = ["a,0,0,10,20,2,0,n1;n2", "b,0,5,10,,1,0,n3:8", "c,0,5,-1,,1,0,n3", "d,0,,10,,,48,"]
    found = read(tmp_path, "\n".join([header, *rows]))
    assert found.files[0].failed == 1
    by_id = {record.job.job_id: record for record in found.records}
    assert (by_id["a"].start_s, by_id["a"].end_s) == (0, 10)
    assert by_id["b"].slots == (("n3", 8),) and by_id["b"].whole_nodes is False
    assert by_id["d"].start_s is None and by_id["d"].job.num_nodes == 12
