"""The layout holds: every folder of code is packaged and linked, layers and exports are kept."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FLOORS = ("cli", "datasets", "heuristics", "models", "solver")
SETUPTOOLS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]


def code_folders() -> list[str]:
    """Folders below the five floors that hold Python modules, as paths of the checkout."""
    files = (path for floor in FLOORS for path in (REPOSITORY / floor).rglob("*.py"))
    return sorted({path.parent.relative_to(REPOSITORY).as_posix() for path in files})


def package_name(folder: str) -> str:
    return "rackwright." + folder.replace("/", ".")


def test_every_folder_of_code_is_listed_in_pyproject() -> None:
    expected = {package_name(folder): folder for folder in code_folders()}
    assert SETUPTOOLS["package-dir"] == expected
    assert sorted(SETUPTOOLS["packages"]) == sorted(expected)


@pytest.mark.parametrize("folder", code_folders())
def test_folder_is_a_package(folder: str) -> None:
    assert (REPOSITORY / folder / "__init__.py").is_file()


@pytest.mark.parametrize("floor", FLOORS)
def test_floor_is_typed_and_linked_for_static_tools(floor: str) -> None:
    assert (REPOSITORY / floor / "py.typed").is_file()
    link = REPOSITORY / ".imports" / "rackwright" / floor
    assert link.resolve() == (REPOSITORY / floor).resolve()
    assert not Path(os.readlink(link)).is_absolute()


def test_no_other_folder_of_code_at_the_top() -> None:
    tops = {path.parent.name for path in REPOSITORY.glob("*/*.py")}
    assert tops <= {*FLOORS, "tests"}


@pytest.mark.parametrize("folder", code_folders())
def test_exported_names_exist(folder: str) -> None:
    package = importlib.import_module(package_name(folder))
    exported = list(getattr(package, "__all__", ()))
    assert len(exported) == len(set(exported))
    missing = [name for name in exported if not hasattr(package, name)]
    assert not missing


def test_layers_are_kept() -> None:
    pytest.importorskip("importlinter")
    links = str(REPOSITORY / ".imports")
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": links},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_empty_shells() -> None:
    """A module with nothing but a docstring is a stub that somebody forgot."""
    empty = [
        path
        for floor in FLOORS
        for path in (REPOSITORY / floor).rglob("*.py")
        if path.name != "__init__.py" and not path.read_text().strip()
    ]
    assert not empty
