"""``rackwright audit`` end to end: outputs, exit codes, damaged input, the report."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner, Result

from rackwright.cli.main import app

TOPOLOGY = """\
- topology: racks
  cluster_default: true
  block:
    block_sizes: [4, 8]
    blocks:
      - {block: r1, nodes: "n[01-04]"}
      - {block: r2, nodes: "n[05-08]"}
      - {block: r3, nodes: "n[09-12]"}
"""

HEADER = "JobID|User|Partition|Submit|Start|End|TimelimitRaw|State|NodeList|SubmitLine"
LEGAL = (
    "1|alice|batch|2026-03-01T10:00:00|2026-03-01T10:00:05|2026-03-01T11:00:00|120|COMPLETED|"
    "n[01-04]|sbatch -N4 --exclusive x",
    "2|bob|batch|2026-03-01T10:00:00|2026-03-01T10:30:00|2026-03-01T11:30:00|120|COMPLETED|"
    "n[05-06]|sbatch -N2 --exclusive x",
)
ILLEGAL = (
    "3|<b>eve|batch|2026-03-01T10:00:00|2026-03-01T10:10:00|2026-03-01T11:00:00|120|COMPLETED|"
    "n[07,09]|sbatch -N2 --exclusive x"
)


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    path = tmp_path / "topology.yaml"
    path.write_text(TOPOLOGY)
    return path


def records(tmp_path: Path, *rows: str, name: str = "sacct.txt") -> Path:
    path = tmp_path / name
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments), "--timezone", "UTC"])


def test_a_legal_record(tmp_path: Path, topology: Path) -> None:
    result = run(records(tmp_path, *LEGAL), "--topology", topology, "--fail-on", "error")
    assert result.exit_code == 0
    assert "no legality finding under documented" in result.stdout
    # Job 2 waited half an hour beside two idle racks.
    assert "needless wait: the worst 1 of 1" in result.stdout
    assert "could have started on free nodes for 1800 s" in result.stdout


def test_findings_decide_the_exit_code(tmp_path: Path, topology: Path) -> None:
    path = records(tmp_path, *LEGAL, ILLEGAL)
    assert run(path, "--topology", topology).exit_code == 0
    assert run(path, "--topology", topology, "--fail-on", "error").exit_code == 1
    clean = records(tmp_path, *LEGAL, name="clean.txt")
    assert run(clean, "--topology", topology, "--fail-on", "error").exit_code == 0
    assert run(clean, "--topology", topology, "--fail-on", "warning").exit_code == 1


def test_json_and_csv_name_everything(tmp_path: Path, topology: Path) -> None:
    path = records(tmp_path, *LEGAL, ILLEGAL)
    document = json.loads(run(path, "--topology", topology, "--json").stdout)
    assert document["version"] == 1
    [finding] = [f for f in document["findings"] if f["kind"] == "legality"]
    assert (finding["rule"], finding["job"], finding["nodes"]) == ("block_region", "3", "n[07,09]")
    assert (finding["start"], finding["seconds"]) == ("2026-03-01T10:10:00Z", 3000)
    [count] = document["input"]
    assert count["read"] + sum(count["skipped"].values()) + count["failed"] == count["lines"]
    table = list(csv.DictReader(io.StringIO(run(path, "--topology", topology, "--csv").stdout)))
    assert len(table) == len(document["findings"])
    assert {row["job"] for row in table if row["severity"] == "error"} == {"3"}


def test_the_report_is_one_safe_offline_page(tmp_path: Path, topology: Path) -> None:
    page = tmp_path / "audit.html"
    result = run(
        records(tmp_path, *LEGAL, ILLEGAL), "--topology", topology, "--html", page,
        "--against", "greedy",
    )  # fmt: skip
    assert result.exit_code == 0
    text = page.read_text()
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text)
    assert "<b>eve" not in text and "&lt;b&gt;eve" in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert [site["name"] for site in data["eras"][0]["sites"]] == ["r1", "r2", "r3"]
    assert len(data["eras"][0]["allocations"]) == 3
    assert {finding["kind"] for finding in data["findings"]} >= {"legality", "needless wait"}
    assert "Had another engine decided" in text


def test_script_data_cannot_end_its_element(tmp_path: Path, topology: Path) -> None:
    evil = ILLEGAL.replace("3|<b>eve", "9</script><script>alert(1)|eve", 1)
    header = HEADER.replace("JobID|", "JobName|")
    path = tmp_path / "evil.txt"
    path.write_text(f"{header}|JobID\n{evil}|3\n")
    page = tmp_path / "evil.html"
    assert run(path, "--topology", topology, "--html", page).exit_code == 0
    assert "<script>alert(1)" not in page.read_text()


def test_damaged_records_are_counted_and_told(tmp_path: Path, topology: Path) -> None:
    path = records(tmp_path, *LEGAL, ILLEGAL[:60], "garbage")
    result = run(path, "--topology", topology, "--json")
    assert result.exit_code == 0
    [count] = json.loads(result.stdout)["input"]
    assert (count["lines"], count["read"], count["failed"]) == (5, 2, 2)
    for told in ("line 4: 6 fields", "line 5: 1 fields"):
        assert told in result.stderr


def test_shuffled_interleaved_and_duplicated_files_give_the_same_findings(
    tmp_path: Path, topology: Path
) -> None:
    clean = run(records(tmp_path, *LEGAL, ILLEGAL), "--topology", topology, "--json")
    lines = [HEADER, *LEGAL, ILLEGAL, HEADER, ILLEGAL, LEGAL[0]]
    Random(1).shuffle(lines)
    path = tmp_path / "mixed.txt"
    path.write_text("\n".join(lines))
    mixed = run(path, "--topology", topology, "--json")
    for key in ("findings", "summary"):
        assert json.loads(clean.stdout)[key] == json.loads(mixed.stdout)[key]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("JobID|State\n1|COMPLETED\n", "missing columns: Start, End or ElapsedRaw or Elapsed"),
        ("nothing here\n", "no line names any columns"),
        ('{"jobs": [', "broken JSON"),
        ('{"nodes": []}', "no list of jobs"),
    ],
)
def test_unreadable_records_are_refused_in_one_line(
    tmp_path: Path, topology: Path, text: str, message: str
) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    result = run(path, "--topology", topology)
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr


def test_topologies_with_dates(tmp_path: Path, topology: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text(
        TOPOLOGY.replace("[4, 8]", "[6]")
        .replace("n[01-04]", "n[01-06]")
        .replace("n[05-08]", "n[07-12]")
        .replace('      - {block: r3, nodes: "n[09-12]"}\n', "")
    )
    path = records(tmp_path, *LEGAL, ILLEGAL)
    old = json.loads(run(path, "--topology", topology, "--json", "--no-waste").stdout)
    dated = f"2026-03-01T10:05:00={later}"
    result = run(path, "--topology", topology, "--topology", dated, "--json", "--no-waste")
    new = json.loads(result.stdout)
    # n07 and n09 lie in one block since five past ten.
    assert [f["job"] for f in old["findings"]] == ["3"] and new["findings"] == []
    both = run(path, "--topology", topology, "--topology", later)
    assert both.exit_code == 2 and "several files without a date" in both.stderr


def test_outages_are_read_from_events_and_csv(tmp_path: Path, topology: Path) -> None:
    events = tmp_path / "events.txt"
    events.write_text(
        "Cluster|NodeName|TimeStart|TimeEnd|State|Reason|User\n"
        "c||2026-03-01T09:00:00|Unknown||Cluster registered TRES|slurm\n"
        "c|n05|2026-03-01T09:00:00|2026-03-01T12:00:00|DOWN|power|root\n"
        "c|n12|2026-03-01T09:00:00|Unknown|IDLE+POWERED_DOWN|saving|root\n"
    )
    path = records(tmp_path, *LEGAL)
    arguments = (path, "--topology", topology, "--json", "--outages")
    [finding] = [f for f in json.loads(run(*arguments, events).stdout)["findings"]
                 if f["kind"] == "legality"]  # fmt: skip
    assert (finding["rule"], finding["job"], finding["nodes"]) == ("available", "2", "n05")
    table = tmp_path / "outages.csv"
    table.write_text("nodes,start,end,kind,name\nn[01-04],2026-03-01T09:00:00,,reservation,m\n")
    [finding] = [f for f in json.loads(run(*arguments, table).stdout)["findings"]
                 if f["kind"] == "legality"]  # fmt: skip
    assert finding["job"] == "1" and "reserved by m" in finding["message"]
    table.write_text("nodes,start\nn01,2026-03-01T09:00:00\n")
    assert run(*arguments, table).exit_code == 2


def test_without_a_topology_the_nodes_of_the_records_are_flat(tmp_path: Path) -> None:
    result = run(records(tmp_path, *LEGAL, ILLEGAL), "--no-waste")
    assert result.exit_code == 0 and "no legality finding" in result.stdout
    assert "no --topology" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--timezone", "Mars/Olympus"), ("--now", "soon"), ("--topology", "missing.yaml")],
)
def test_wrong_options_are_told(tmp_path: Path, topology: Path, option: str, value: str) -> None:
    path = records(tmp_path, *LEGAL)
    arguments = ["audit", str(path), option, value]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2 and value in result.stderr
