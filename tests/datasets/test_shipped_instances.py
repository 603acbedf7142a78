"""Shipped instances: files equal recipes, optima are legal and proven, no heuristic got worse."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from rackwright.cli.bench_cells import unsupported_kinds
from rackwright.datasets.build import readme
from rackwright.datasets.recipes import RECIPES, Recipe
from rackwright.datasets.shipped import Shipped, find_shipped, load_shipped, shipped
from rackwright.heuristics.registry import HEURISTICS
from rackwright.models.errors import InputError
from rackwright.models.formats.fingerprint import fingerprint
from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Objective, Placement, Plan, PlanOptions
from rackwright.models.rules import verify

NAMES = [entry.name for entry in shipped()]
# Local search takes seconds on the larger halls; its golden gaps are checked by `-m slow`.
QUICK = tuple(name for name in HEURISTICS if name != "greedy+ls")


def gaps(entry: Shipped) -> list[dict[str, str]]:
    with (entry.folder / "gaps.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def is_worse(term: str, value: int | str, golden: str) -> bool:
    if isinstance(value, str):
        return value < golden
    return value > int(golden) if term in ("blocks_touched", "locality") else value < int(golden)


def check_against_golden(entry: Shipped, instance: Instance, engine: str) -> None:
    rows = [row for row in gaps(entry) if row["engine"] == engine]
    assert rows or unsupported_kinds(engine, instance), f"{entry.name}: no values of {engine}"
    for objective in dict.fromkeys(row["objective"] for row in rows):
        result = HEURISTICS[engine].placer(instance, PlanOptions(objective=Objective(objective)))
        golden = [row for row in rows if row["objective"] == objective]
        for term, row in zip(result.objective, golden, strict=True):
            assert term.term == row["term"]
            assert not is_worse(term.term, term.value, row["value"]), (
                f"{engine} got worse on {entry.name}: {term.term} {term.value}, was {row['value']}"
            )
            if str(term.value) != row["value"]:
                break  # better on this term: later ones are not comparable


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_files_read_back_as_their_recipe(recipe: Recipe) -> None:
    made = recipe.build()
    read = load_shipped(find_shipped(recipe.name))
    assert read.jobs == tuple(replace(job, max_nodes=job.num_nodes) for job in made.jobs)
    assert read.cluster.topologies == made.cluster.topologies
    assert read.free == made.free
    assert read.unavailable == made.unavailable
    assert [layer.capacity for entry in read.cluster.resources for layer in entry.layers] == [
        layer.capacity for entry in made.cluster.resources for layer in entry.layers
    ]
    assert (find_shipped(recipe.name).folder / "README.md").read_text() == readme(recipe)


@pytest.mark.parametrize("name", NAMES)
def test_optimum_is_proven_and_legal(name: str) -> None:
    entry = find_shipped(name)
    instance = load_shipped(entry)
    document = json.loads((entry.folder / "optimum.json").read_text())
    assert document["status"] == "optimal"
    assert document["fingerprint"] == fingerprint(instance)
    assert document["objective"][0]["term"] == entry.objective.value
    own = [
        row
        for row in gaps(entry)
        if row["engine"] == "optimal" and row["objective"] == entry.objective.value
    ]
    assert own and all(row["proven"] == "True" for row in own)


@pytest.mark.parametrize("name", NAMES)
def test_no_heuristic_beats_the_optimum(name: str) -> None:
    rows = gaps(find_shipped(name))
    assert {row["engine"] for row in rows} >= {"optimal", "greedy", "greedy+ls", "slurm"}
    for row in rows:
        if row["gap"]:
            assert float(row["gap"]) >= 0
        elif row["term"] == "priority":
            assert row["value"] <= row["optimum"]


@pytest.mark.parametrize("name", NAMES)
def test_no_quick_heuristic_got_worse(name: str) -> None:
    entry = find_shipped(name)
    instance = load_shipped(entry)
    for engine in QUICK:
        check_against_golden(entry, instance, engine)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_local_search_did_not_get_worse(name: str) -> None:
    entry = find_shipped(name)
    check_against_golden(entry, load_shipped(entry), "greedy+ls")


def loses_on(engine: str) -> list[str]:
    return [
        entry.name
        for entry in shipped()
        if entry.name.startswith("adversarial/")
        and any(
            row["engine"] == engine
            and row["term"] in ("priority", "weighted")
            and row["value"] != row["optimum"]
            for row in gaps(entry)
        )
    ]


BASELINES = [
    name for name, engine in HEURISTICS.items() if not engine.source.startswith("rackwright")
]


@pytest.mark.parametrize("engine", BASELINES)
def test_every_baseline_has_a_trap_that_it_falls_into(engine: str) -> None:
    assert loses_on(engine)


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r.expected], ids=lambda r: r.name)
def test_the_scenarios_own_results_are_legal(recipe: Recipe) -> None:
    instance = recipe.build()
    index_of = instance.cluster.index_of
    plan = Plan(
        tuple(
            Placement(
                job_id,
                tuple(tuple(sorted(index_of[name] for name in segment)) for segment in segments),
                instance.cluster.partitions[0].name,
            )
            for job_id, segments in recipe.expected.items()
        )
    )
    assert len(plan.placements) == len(instance.jobs)
    for legality in Legality:
        assert verify(instance, plan, legality) == ()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("scenarios/")])
def test_the_scenarios_optimum_starts_every_job(name: str) -> None:
    document = json.loads((find_shipped(name).folder / "optimum.json").read_text())
    assert set(document["objective"][0]["value"]) == {"1"}
    if name.endswith("2-small-jobs-share"):
        assert len({block for entry in document["placements"] for block in entry["blocks"]}) == 1


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="no shipped instance 'nowhere'; wanted demo, busy-queue"):
        find_shipped("nowhere")
