"""The instances that come with the package: an operator's files, the optimum and all gaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..models.errors import InputError, Problem
from ..models.formats.state import load_state
from ..models.instance import Instance
from ..models.plan import Objective
from .recipes import RECIPES, Recipe

FOLDER = Path(__file__).resolve().parent
DEMO_SUMMARY = (
    "4 racks of 18, two running and six pending jobs; every pending job but one can start"
)


@dataclass(frozen=True, slots=True)
class Shipped:
    """One shipped instance.

    Attributes
    ----------
    name
        Its folder below ``datasets/``.
    summary
        One line for people.
    objective
        First term that its optimum was proven for.
    """

    name: str
    summary: str
    objective: Objective = Objective.PRIORITY

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return FOLDER / self.name

    @property
    def files(self) -> dict[str, Path]:
        """Option of ``rackwright plan`` to file, for all files that it has."""
        return files_in(self.folder)

    @property
    def command(self) -> str:
        """The command line that plans it, from the checkout's root."""
        options = (
            f"--{option} datasets/{self.name}/{path.name}" for option, path in self.files.items()
        )
        return f"rackwright plan {' '.join(options)} --objective {self.objective.value}"


def files_in(folder: Path) -> dict[str, Path]:
    """Option of ``rackwright plan`` to file, for the files of one instance."""
    names = {
        "topology": ("topology.yaml",),
        "nodes": ("nodes.csv",),
        "jobs": ("jobs.yaml", "jobs.csv"),
        "resources": ("resources.yaml", "power.yaml"),
        "slurm-conf": ("slurm.conf",),
    }
    return {
        option: folder / name
        for option, choices in names.items()
        for name in choices
        if (folder / name).is_file()
    }


def shipped() -> tuple[Shipped, ...]:
    """All shipped instances, the demo first."""
    return (Shipped("demo", DEMO_SUMMARY), *map(_of_recipe, RECIPES))


def _of_recipe(recipe: Recipe) -> Shipped:
    return Shipped(recipe.name, recipe.summary, recipe.objective)


def find_shipped(name: str) -> Shipped:
    """The shipped instance of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    for entry in shipped():
        if entry.name == name:
            return entry
    wanted = ", ".join(entry.name for entry in shipped())
    raise InputError([Problem("--dataset", "", f"no shipped instance {name!r}", wanted)])


def load_shipped(entry: Shipped) -> Instance:
    """The instance as read from its files."""
    return load_folder(entry.folder)


def load_folder(folder: Path) -> Instance:
    """The instance whose files lie in `folder` under the usual names."""
    files = files_in(folder)
    return load_state(
        topology=files["topology"],
        nodes=[files["nodes"]],
        jobs=[files["jobs"]],
        resources=[files["resources"]] if "resources" in files else [],
        slurm_conf=files.get("slurm-conf"),
    ).instance
