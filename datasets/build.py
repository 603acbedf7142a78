"""Writes the folder of a recipe: the instance's files and the README that explains them."""

from __future__ import annotations

from pathlib import Path

from .recipes import Recipe
from .shipped import Shipped
from .writers import write_instance

_CONTENTS = {
    "topology.yaml": "the topology, as Slurm reads it",
    "nodes.csv": "state and GPUs of every node",
    "slurm.conf": "node and partition lines: which topology a partition is placed on",
    "jobs.csv": "running jobs, then the queue in order of priority",
    "resources.yaml": "hierarchical resources, as Slurm reads them",
    "power.yaml": "caps in watts, in the layout of resources.yaml",
    "optimum.json": "the exact engine's plan: value, bound and proof of every term",
    "gaps.csv": "every engine's plan against it: one row per engine and term",
}


def write_recipe(recipe: Recipe, root: Path) -> None:
    """Write the instance of a recipe and its README below `root`."""
    folder = root / recipe.name
    write_instance(recipe.build(), folder)
    (folder / "README.md").write_text(readme(recipe))


def readme(recipe: Recipe) -> str:
    """The README of a shipped instance."""
    entry = Shipped(recipe.name, recipe.summary, recipe.objective)
    present = {path.name for path in entry.files.values()} | {"optimum.json", "gaps.csv"}
    rows = [f"| `{name}` | {text} |" for name, text in _CONTENTS.items() if name in present]
    lines = [f"# {recipe.name}: {recipe.summary}", ""]
    if recipe.lesson:
        lines += [recipe.lesson, ""]
    lines += ["| file | what |", "|---|---|", *rows, "", "```", entry.command, "```", ""]
    lines += ["Made again with its optimum and gaps by `rackwright datasets --regenerate`.", ""]
    return "\n".join(lines)
