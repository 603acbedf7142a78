"""The accounting dump of a real cluster: legal, and every figure recounted by other means."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from typer.testing import CliRunner

from rackwright.cli.main import app
from rackwright.models.legality import Legality


@pytest.fixture(scope="module")
def dump(shared_data: Path) -> Path:
    """Folder of the dump."""
    return shared_data / "slurm_files" / "sacct"


def run(*arguments: object) -> dict[str, Any]:
    """The JSON of an audit."""
    result = CliRunner().invoke(app, ["audit", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def rows(dump: Path) -> list[dict[str, str]]:
    """The dump's rows, split naively: no text in it holds a bar."""
    header, *lines = (dump / "sacct_P_X.txt").read_text().splitlines()
    return [dict(zip(header.split("|"), line.split("|"), strict=True)) for line in lines]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp())


@pytest.mark.parametrize("legality", Legality)
@pytest.mark.parametrize("name", ["sacct_P_X.txt", "sacct_P_steps.txt", "sacct.json"])
def test_the_dump_is_legal(dump: Path, name: str, legality: Legality) -> None:
    topology = dump / "topology.yaml"
    document = run(
        dump / name, "--topology", topology, "--timezone", "UTC", "--legality", legality.value,
        "--no-waste", "--slurm-conf", dump / "slurm.conf",
    )  # fmt: skip
    assert document["findings"] == []
    assert document["facts"]["starts judged"] == 390


def test_figures_equal_an_independent_count(dump: Path) -> None:
    document = run(
        dump / "sacct_P_X.txt", "--topology", dump / "topology.yaml", "--timezone", "UTC",
        "--slurm-conf", dump / "slurm.conf", "--repack-budget", 0, "--exact-budget", 0,
    )  # fmt: skip
    recorded = rows(dump)
    last = max(seconds(t) for row in recorded for t in (row["Submit"], row["End"]) if t[0] == "2")
    last = max(last, *(seconds(row["Start"]) for row in recorded if row["Start"][0] == "2"))
    started = [row for row in recorded if row["NodeList"] != "None assigned"]
    spans = [
        (seconds(row["Start"]), seconds(row["End"]) if row["End"][0] == "2" else last + 1, row)
        for row in started
    ]
    node_s = sum((end - start) * int(row["NNodes"]) for start, end, row in spans)
    waits = sorted(seconds(row["Start"]) - seconds(row["Eligible"]) for row in started)
    figures = document["summary"]["figures"]
    assert figures["records"] == len(recorded)
    assert figures["jobs_started"] == len(started)
    assert figures["jobs_never_started"] == len(recorded) - len(started)
    assert figures["allocated_node_h"] == pytest.approx(node_s / 3600, abs=1e-4)
    assert figures["wait_median_s"] in (median(waits), waits[(len(waits) - 1) // 2])
    assert figures["wait_mean_s"] == pytest.approx(sum(waits) / len(waits), abs=1e-4)
    first = min(seconds(row["Submit"]) for row in recorded)
    assert figures["span_s"] == last + 1 - first
    assert figures["utilisation"] == pytest.approx(node_s / (48 * (last + 1 - first)), abs=1e-4)
    # Most nodes in use: no node is held twice, so that adding up node counts is exact.
    peak = max(
        sum(int(row["NNodes"]) for start, end, row in spans if start <= moment < end)
        for moment, _, _ in spans
    )
    assert figures["peak_nodes_in_use"] == peak
    for key, column in (("partitions", "Partition"), ("users", "User")):
        for group in document["summary"][key]:
            its = [s for s in spans if s[2][column] == group["name"]]
            assert group["started"] == len(its)
            hours = sum((end - start) * int(row["NNodes"]) for start, end, row in its) / 3600
            assert group["node_h"] == pytest.approx(hours, abs=1e-4)


def test_crossings_equal_an_independent_count(dump: Path) -> None:
    document = run(
        dump / "sacct_P_X.txt", "--topology", dump / "topology.yaml", "--timezone", "UTC",
        "--repack-budget", 0, "--exact-budget", 0,
    )  # fmt: skip
    crossing = multi = 0
    for row in rows(dump):
        numbers = _numbers(row["NodeList"])
        multi += len(numbers) > 1
        crossing += len({(number - 1) // 8 for number in numbers}) > 1
    assert document["summary"]["figures"]["multi_node_starts_on_blocks"] == multi
    assert document["summary"]["figures"]["crossing_starts"] == crossing


def _numbers(nodelist: str) -> list[int]:
    numbers: list[int] = []
    for low, high in re.findall(r"(\d+)(?:-(\d+))?", nodelist.removeprefix("None assigned")):
        numbers.extend(range(int(low), int(high or low) + 1))
    return numbers


def test_text_and_json_give_the_same_audit(dump: Path) -> None:
    common = (
        "--topology",
        dump / "topology.yaml",
        "--timezone",
        "UTC",
        "--repack-budget",
        0,
        "--exact-budget",
        0,
    )
    one = run(dump / "sacct_P_X.txt", *common)
    other = run(dump / "sacct.json", *common)
    steps = run(dump / "sacct_P_steps.txt", *common)
    for key in ("findings", "summary", "curve"):
        assert one[key] == other[key] == steps[key]
    # Both at once: every job is there twice, and counted once. The text has no SLUID: it is told
    # apart by cluster, id and submission.
    both = run(dump / "sacct_P_X.txt", dump / "sacct_P_steps.txt", *common)
    assert both["findings"] == one["findings"]
    assert sum(file["skipped"].get("duplicate", 0) for file in both["input"]) == 420


def test_public_traces_show_their_known_facts(shared_data: Path) -> None:
    traces = shared_data / "traces"
    oar = run(traces / "oar_graphene_replay_2016.csv.gz", "--no-waste")
    assert oar["findings"] == []
    assert oar["summary"]["figures"]["peak_nodes_in_use"] == 32
    assert "overlapping allocations" not in oar["facts"]
    nodes = shared_data / "topologies" / "metacentrum" / "metacentrum_nodes.csv"
    wagap = run(traces / "metacentrum_wagap_2013.csv.gz", "--no-waste", "--slots", nodes)
    assert {finding["rule"] for finding in wagap["findings"]} == {"time_limit"}
    assert wagap["facts"]["nodes whose slots peak at exactly their capacity"] == 44
    mit = run(traces / "mit_supercloud_sample_2021.csv.gz", "--no-waste")
    assert mit["facts"]["neighbouring overlaps on a node"] == 2535
    assert mit["findings"] == []
