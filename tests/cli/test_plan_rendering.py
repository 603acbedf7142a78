"""What a plan looks like as table, map, CSV and JSON, also with names that mean harm."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import four_racks
import pytest
from rich.console import Console

from rackwright.cli import plan_table
from rackwright.cli.advice import advice
from rackwright.cli.left_over import layer_uses, left_over
from rackwright.cli.plan_csv import COLUMNS, plan_csv
from rackwright.cli.rack_map import RackMap
from rackwright.cli.text import escape_control, guard_formula
from rackwright.models.errors import InputError
from rackwright.models.formats.plan_file import plan_document, read_plan
from rackwright.models.legality import Legality
from rackwright.models.plan import Plan


def rendered(*, width: int = 120, is_plain: bool = False, max_blocks: int | None = None) -> str:
    instance, result = four_racks.instance(), four_racks.result()
    console = Console(
        file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False, record=True
    )
    rack_map = RackMap(
        instance, result.plan, Legality.DOCUMENTED, max_blocks=max_blocks, is_plain=is_plain
    )
    plan_table.print_headline(console, instance, result)
    plan_table.print_started(console, instance, result, rack_map)
    plan_table.print_unplaced(console, instance, result.unplaced)
    plan_table.print_score(console, result)
    plan_table.print_left_over(console, left_over(instance, result))
    plan_table.print_layers(console, layer_uses(instance, result))
    rack_map.print(console)
    return console.export_text()


def test_table_tells_blocks_segments_and_nodes() -> None:
    text = rendered()
    assert "PROVEN OPTIMAL  5 of 6 pending jobs start on 53 nodes" in text
    line = next(line for line in text.splitlines() if line.split()[1:2] == ["103"])
    assert "2 x 8" in line and "rack[2,4]" in line and "rack2n[11-18]" in line
    assert re.search(r"Job 107 \(big, 18 nodes\) waits: block_region: needs 18", text)
    assert re.search(r"Job 200 \(held, 4 nodes\) is ineligible: .*held by its user", text)
    assert re.search(r"priority \(max\) +111011 +111011 +proven", text)


def test_map_draws_one_cell_per_node() -> None:
    text = rendered()
    assert "rack1 ■■■■×DDDDDD×DDDDDD   0" in text  # noqa: RUF001
    assert "rack2 ■■■■■■■■■■CCCCCCCC   0" in text
    assert "rack3 BBBBBBBB×BBBBBBBB□   0" in text  # noqa: RUF001
    assert "rack4 ACCCCCCCCEEEEEEEE·   1" in text


def test_map_without_utf8_is_ascii() -> None:
    lines = [line for line in rendered(is_plain=True).splitlines() if line.startswith("rack")]
    assert lines and all(line.isascii() for line in lines)


def test_map_prefers_blocks_that_the_plan_touches() -> None:
    instance = four_racks.instance()
    plan = Plan((four_racks.result().plan.placement_of["new"],))
    console = Console(file=io.StringIO(), width=100, record=True)
    RackMap(instance, plan, Legality.DOCUMENTED, max_blocks=1, is_plain=True).print(console)
    text = console.export_text()
    assert "rack4" in text and "rack1 " not in text
    assert "3 more blocks are not drawn" in text


def test_hostile_names_are_shown_not_obeyed() -> None:
    text = rendered(width=200)
    assert "\x1b" not in text and "\u202e" not in text
    assert "[red]x[/]\\x1b" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü", "plain ü"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
    ],
)
def test_escape_control(text: str, shown: str) -> None:
    assert escape_control(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_guard_formula(text: str) -> None:
    assert guard_formula(text) == f"'{text}"
    assert guard_formula("17_4") == "17_4"


def test_csv_has_a_row_per_job_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(plan_csv(four_racks.instance(), four_racks.result()))))
    assert tuple(rows[0]) == COLUMNS
    by_id = {row["job_id"]: row for row in rows}
    assert len(rows) == 7
    assert by_id["103"]["name"] == f"'{four_racks.FORMULA}"
    assert by_id["103"]["segments"] == "rack2n[11-18] rack4n[02-09]"
    assert by_id["107"]["decision"] == "waits" and by_id["107"]["rule"] == "block_region"


def test_json_is_the_document_of_interfaces() -> None:
    document = plan_document(four_racks.instance(), four_racks.result(), "f" * 64)
    json.dumps(document, allow_nan=False)
    assert document["version"] == 1 and document["status"] == "optimal"
    assert document["objective"][0] == {
        "term": "priority",
        "value": "111011",
        "bound": "111011",
        "proven": True,
        "proven_through": "new",
    }
    assert document["placements"][2] == {
        "job_id": "103",
        "nodelist": "rack2n[11-18],rack4n[02-09]",
        "segments": ["rack2n[11-18]", "rack4n[02-09]"],
        "blocks": ["rack2", "rack4"],
    }
    assert document["unplaced"][0] == {
        "job_id": "107",
        "reason": "waits",
        "rule": "block_region",
        "message": "needs 18 free nodes in one base block",
    }
    assert set(document["versions"]) == {"rackwright", "ortools"}


def test_unproven_plan_is_feasible_with_its_gap() -> None:
    result = four_racks.result(is_proven=False)
    assert plan_document(four_racks.instance(), result, "")["status"] == "feasible"
    console = Console(file=io.StringIO(), width=100, record=True)
    plan_table.print_score(console, result)
    assert "gap" in console.export_text()


def test_plan_file_is_read_back(tmp_path: Path) -> None:
    instance, result = four_racks.instance(), four_racks.result()
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_document(instance, result, "abc")))
    read = read_plan(path, instance)
    assert read.plan == result.plan
    assert (read.fingerprint, read.legality) == ("abc", Legality.DOCUMENTED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version: 2; wanted 1"),
        ({"legality": "mine"}, "legality: 'mine'; wanted documented or slurm-26.11"),
        (
            {"placements": [{"job_id": "7", "segments": ["rack1n01"]}]},
            "placements[0].job_id: no pending job '7'; wanted a job of the queue",
        ),
        (
            {"placements": [{"job_id": "101", "segments": ["rack9n01"]}]},
            "placements[0].segments: unknown node 'rack9n01'; wanted a node of the cluster",
        ),
    ],
)
def test_plan_file_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    instance = four_racks.instance()
    document = plan_document(instance, four_racks.result(), "abc") | change
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        read_plan(path, instance)
    assert str(caught.value) == f"{path}: {message}"


def test_advice_names_what_operators_trip_over() -> None:
    lines = advice(four_racks.instance(), four_racks.result())
    assert any("job 107 waits while jobs of lower priority start" in line for line in lines)
    assert any("2 of 4 blocks have a node out of service" in line for line in lines)
    assert any("one-node jobs that start: 1" in line for line in lines)
