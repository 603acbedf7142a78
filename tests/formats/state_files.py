"""A small cluster in files: two blocks of four nodes, and whatever a test adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from formats.bad_input_case import Case

from rackwright.models.formats.state import LoadedState, load_state


def load(folder: Path, files: dict[str, str], **options: Any) -> LoadedState:
    """Write `files` beside a good topology.yaml and load them with these options."""
    case = Case("state", files, (), options)
    case.write(folder)
    arguments = case.arguments
    for name, value in arguments.items():
        if isinstance(value, Path):
            arguments[name] = folder / value
        elif isinstance(value, list):
            is_files = all(isinstance(item, Path) for item in value)
            arguments[name] = [folder / item for item in value] if is_files else value
    return load_state(**arguments)


def messages(state: LoadedState, folder: Path) -> list[str]:
    """Its warnings, without the folder's name."""
    return [str(warning).replace(f"{folder}/", "") for warning in state.warnings]
