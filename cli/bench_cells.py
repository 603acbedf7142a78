"""The cells of a benchmark: which there are, in which order, and how one of them is run."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib.metadata import version
from typing import Any

from ..heuristics.registry import HEURISTICS
from ..models.errors import InputError, Problem, RackwrightError, UnsupportedError
from ..models.instance import Instance
from ..models.legality import Legality
from ..models.plan import Objective, PlanOptions
from .engines import OPTIMAL, engine_names, run_engine
from .state_files import StateFiles

ROW_VERSION = 1
# Deterministic work of the exact engine unless --work is given: a benchmark has many instances,
# and one that is not proven within it counts as such.
EXACT_WORK = 5.0
OWN_FILES = "files"
# Left out unless named: it tries every waiting job at every instant at which something ends.
SLOW = frozenset({"slurm-backfill"})
GENERATED = {
    "mixed-16": "16 racks, every option, three partitions, MODE_3 caps, 32 jobs",
    "plain-64": "64 racks half full, 100 jobs with segments",
    "lingjun-48": "48 racks half full, 80 jobs with the sizes of the Lingjun trace",
}


class Contradiction(RackwrightError):
    """A heuristic is better than a proven optimum: one of the two is wrong."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One engine on one instance under one objective."""

    dataset: str
    seed: int
    objective: str
    engine: str
    legality: str
    work: float | None = None
    files: StateFiles | None = None

    @property
    def key(self) -> str:
        """Its name in the rows."""
        work = "" if self.work is None else f" work={self.work:g}"
        return f"{self.dataset} {self.seed} {self.objective} {self.legality} {self.engine}{work}"


def dataset_names() -> list[str]:
    """Shipped instances, then generated ones."""
    from ..datasets.shipped import shipped

    return [entry.name for entry in shipped()] + list(GENERATED)


def list_cells(
    datasets: Sequence[str] | None,
    engines: Sequence[str],
    seeds: Sequence[int],
    objectives: Sequence[Objective],
    legality: Legality,
    work: float | None = None,
    files: StateFiles | None = None,
) -> dict[str, Cell]:
    """All cells by key, the exact engine first on every instance.

    Shipped instances do not depend on the seed: only the first one is used for them.

    Parameters
    ----------
    datasets
        None: all, or only `files` where they are given.

    Raises
    ------
    InputError
        For a name that does not exist.
    """
    if datasets is None:
        datasets = [OWN_FILES] if files else dataset_names()
    for name in engines:
        if name not in engine_names():
            wanted = ", ".join(engine_names())
            raise InputError([Problem("--engine", "", f"no engine {name!r}", wanted)])
    known = [*dataset_names(), *([OWN_FILES] if files else [])]
    for name in datasets:
        if name not in known:
            wanted = ", ".join(known)
            raise InputError([Problem("--dataset", "", f"no instance {name!r}", wanted)])
    ordered = sorted(dict.fromkeys(engines), key=lambda name: name != OPTIMAL)
    cells = [
        Cell(dataset, seed, objective.value, engine, legality.value, work, files)
        for dataset in dict.fromkeys(datasets)
        for seed in (seeds if dataset in GENERATED else seeds[:1])
        for objective in objectives
        for engine in ordered
    ]
    return {cell.key: cell for cell in cells}


@lru_cache(maxsize=8)
def load_dataset(name: str, seed: int, files: StateFiles | None = None) -> Instance:
    """The instance; kept, as one process runs all engines on it."""
    from ..datasets.colossus import colossus
    from ..datasets.generators import generate_cluster, generate_queue, queued_instance
    from ..datasets.shipped import find_shipped, load_shipped

    if name == "mixed-16":
        return colossus(
            num_blocks=16,
            num_jobs=32,
            seed=seed,
            occupied=0.4,
            mix="all",
            partitions=3,
            power=True,
        )
    if name == "lingjun-48":
        hall = generate_cluster(num_blocks=48, seed=seed, down=0.03)
        return queued_instance(hall, generate_queue("lingjun", 80, seed=seed))
    if name == "plain-64":
        return colossus(num_blocks=64, num_jobs=100, seed=seed, occupied=0.5)
    if name == OWN_FILES and files is not None:
        return files.load_again()
    return load_shipped(find_shipped(name))


@cache
def environment() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "rackwright": version("rackwright"),
        "ortools": version("ortools"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
    }


def unsupported_kinds(engine: str, instance: Instance) -> list[str]:
    """Kinds of topology in the instance that an engine has no rule for."""
    if engine == OPTIMAL:
        return []
    kinds = {topology.kind for topology in instance.cluster.topologies}
    return sorted(kinds - HEURISTICS[engine].supports)


def run_cell(cell: Cell) -> dict[str, Any]:
    """Run one cell; the plan has passed the rules and the scorer."""
    instance = load_dataset(cell.dataset, cell.seed, cell.files)
    options = PlanOptions(
        objective=Objective(cell.objective),
        legality=Legality(cell.legality),
        seed=cell.seed,
        work=EXACT_WORK if cell.work is None and cell.engine == OPTIMAL else cell.work,
    )
    row: dict[str, Any] = {
        "version": ROW_VERSION,
        "cell": cell.key,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "objective": cell.objective,
        "legality": cell.legality,
        "engine": cell.engine,
        "num_nodes": len(instance.cluster.nodes),
        "num_jobs": len(instance.jobs),
        "environment": environment(),
    }
    foreign = unsupported_kinds(cell.engine, instance)
    if foreign:
        message = f"places nothing on {', '.join(foreign)}"
        return row | {"status": "unsupported", "message": message, "terms": []}
    try:
        result = run_engine(cell.engine, instance, options)
    except UnsupportedError as error:
        return row | {"status": "unsupported", "message": str(error), "terms": []}
    return row | {
        "status": result.status,
        "num_started": len(result.plan.placements),
        "terms": [
            {"term": term.term, "value": term.value, "bound": term.bound, "proven": term.proven}
            | ({"minimised": True} if term.is_minimised else {})
            for term in result.objective
        ],
        "wall_s": round(result.wall_s, 4),
    }


def work_of(cells: Mapping[str, Cell]) -> dict[str, partial[dict[str, Any]]]:
    """The cells as functions without arguments, for the sweep."""
    return {key: partial(run_cell, cell) for key, cell in cells.items()}


class OptimumCheck:
    """Sees all rows and stops the run when a heuristic beats a proven bound."""

    def __init__(self) -> None:
        self._bounds: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._early: dict[tuple[Any, ...], list[dict[str, Any]]] = {}

    def __call__(self, row: dict[str, Any]) -> None:
        """Compare `row` with what is known of its instance.

        Raises
        ------
        Contradiction
            With the rows that contradict each other.
        """
        key = tuple(row[name] for name in ("dataset", "seed", "objective", "legality"))
        if row["engine"] == OPTIMAL:
            self._bounds[key] = row
            for earlier in self._early.pop(key, []):
                compare(earlier, row)
        elif key in self._bounds:
            compare(row, self._bounds[key])
        else:
            self._early.setdefault(key, []).append(row)


def compare(row: dict[str, Any], optimum: dict[str, Any]) -> None:
    """Raise `Contradiction` if a heuristic's row exceeds the bounds of the exact one.

    Terms count from the first; a later one only as long as all earlier ones are equal and proven.
    """
    for mine, best in zip(row["terms"], optimum["terms"], strict=False):
        if best["bound"] is None:
            return
        value, bound = mine["value"], best["bound"]
        is_better = value < bound if best.get("minimised") else value > bound
        if is_better:
            raise Contradiction(
                f"{row['engine']} reaches {mine['term']} = {value} on {row['dataset']} (seed"
                f" {row['seed']}), but {bound} is proven best: one of the two is wrong"
            )
        if value != best["value"] or not best["proven"]:
            return
