"""The six scenarios of a production GB200 guide: racks of 18, ``BlockSizes=18``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rackwright.cli.main import app
from rackwright.datasets.recipes.scenarios import SCENARIOS
from rackwright.models.formats.state import load_state
from rackwright.models.hostlist import expand
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement, Plan
from rackwright.models.rules import find_segments, verify

FOLDER = Path(__file__).resolve().parents[2] / "datasets"
NAMES = [recipe.name for recipe in SCENARIOS]


def files(name: str) -> dict[str, Path]:
    return {
        "topology": FOLDER / name / "topology.yaml",
        "nodes": FOLDER / name / "nodes.csv",
        "jobs": FOLDER / name / "jobs.csv",
    }


def planned(name: str, *options: str) -> dict[str, Any]:
    state = [part for key, path in files(name).items() for part in (f"--{key}", str(path))]
    done = CliRunner().invoke(app, ["plan", *state, "--json", *options])
    assert done.exit_code == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("legality", [legality.value for legality in Legality])
@pytest.mark.parametrize("name", NAMES)
def test_every_job_starts_and_the_plan_is_proven(name: str, legality: str) -> None:
    document = planned(name, "--legality", legality)
    assert document["status"] == "optimal"
    assert document["unplaced"] == []


@pytest.mark.parametrize("legality", list(Legality))
@pytest.mark.parametrize("recipe", SCENARIOS, ids=NAMES)
def test_the_placement_of_the_guide_is_legal(recipe: Any, legality: Legality) -> None:
    paths = files(recipe.name)
    instance = load_state(
        topology=paths["topology"], nodes=[paths["nodes"]], jobs=[paths["jobs"]]
    ).instance
    placements = []
    for job_id, segments in recipe.expected.items():
        job = instance.job_with_id[job_id]
        partition = instance.partitions_of(job)[0]
        nodes = [instance.cluster.index_of[name] for segment in segments for name in segment]
        found = find_segments(instance, job, partition, nodes, legality)
        assert found is not None
        placements.append(Placement(job_id, found, partition.name))
    assert verify(instance, Plan(tuple(placements)), legality) == ()


def test_two_small_jobs_share_one_block() -> None:
    rows = planned(NAMES[1])["placements"]
    assert {tuple(row["blocks"]) for row in rows} == {(rows[0]["blocks"][0],)}


@pytest.mark.parametrize("name", NAMES[4:])
def test_exclusive_job_takes_the_block_without_another_job(name: str) -> None:
    (row,) = planned(name)["placements"]
    assert len(row["blocks"]) == 1
    assert len(expand(row["nodelist"])) == 10
