"""Makes shipped instances again: files from their recipe, the optimum, and every engine's gap."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..datasets.build import write_recipe
from ..datasets.recipes import RECIPES
from ..datasets.shipped import Shipped, find_shipped, load_folder, shipped
from ..models.errors import UnsupportedError
from ..models.formats.atomic import write_atomically
from ..models.formats.fingerprint import fingerprint
from ..models.formats.plan_file import plan_document
from ..models.instance import Instance
from ..models.plan import Objective, PlanOptions
from .bench_cells import unsupported_kinds
from .bench_summary import gap_of
from .bench_table import as_csv
from .engines import OPTIMAL, engine_names, run_engine


def regenerate_shipped(name: str | None, to: Path) -> None:
    """Write the folders below `to`; `name` may be a family such as ``adversarial``."""
    chosen = [entry for entry in shipped() if name is None or entry.name.startswith(name)]
    if not chosen and name is not None:
        chosen = [find_shipped(name)]
    recipes = {recipe.name: recipe for recipe in RECIPES}
    for entry in chosen:
        folder = to / entry.name
        folder.mkdir(parents=True, exist_ok=True)
        if entry.name in recipes:
            write_recipe(recipes[entry.name], to)
        else:
            for path in entry.files.values():
                if path.parent.resolve() != folder.resolve():
                    shutil.copyfile(path, folder / path.name)
        instance = load_folder(folder)
        document, gaps = solve(entry, instance)
        write_atomically(folder / "optimum.json", json.dumps(document, indent=1) + "\n")
        write_atomically(folder / "gaps.csv", as_csv(gaps))
        print(f"{entry.name}: {document['status']}", file=sys.stderr)


def solve(entry: Shipped, instance: Instance) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The exact engine's plan under the instance's objective, and all engines' terms beside it."""
    objectives = dict.fromkeys((entry.objective, Objective.WEIGHTED, Objective.PRIORITY))
    gaps: list[dict[str, Any]] = []
    document: dict[str, Any] = {}
    for objective in objectives:
        options = PlanOptions(objective=objective)
        best = run_engine(OPTIMAL, instance, options)
        if not document:
            document = plan_document(instance, replace(best, wall_s=0.0), fingerprint(instance))
        optimum = {"terms": [{"value": t.value, "bound": t.bound} for t in best.objective]}
        for engine in engine_names():
            if unsupported_kinds(engine, instance):
                continue
            try:
                result = best if engine == OPTIMAL else run_engine(engine, instance, options)
            except UnsupportedError:
                continue
            row = {"terms": [{"value": term.value} for term in result.objective]}
            gap = gap_of(row, optimum)
            for position, term in enumerate(result.objective):
                gaps.append(
                    {
                        "objective": objective.value,
                        "engine": engine,
                        "term": term.term,
                        "value": term.value,
                        "optimum": best.objective[position].value,
                        "proven": best.objective[position].proven,
                        "gap": round(gap, 4) if gap is not None and position == 0 else "",
                    }
                )
    return document, gaps
