"""What is saved when the program itself is at fault (exit code 70)."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path

from ..models.instance import Instance

_in_work: list[Instance] = []


def remember(instance: Instance) -> None:
    """Keep `instance`, so that a report of a later failure can contain it."""
    _in_work[:] = [instance]


def save_report(error: BaseException, arguments: list[str]) -> Path:
    """Write arguments, versions, traceback and the instance in work; return the new file.

    It goes to the folder of temporary files and is readable by its owner only: it holds names
    of users and jobs.
    """
    report = {
        "arguments": arguments,
        "directory": os.getcwd(),
        "python": sys.version,
        "platform": platform.platform(),
        "versions": {name: version(name) for name in ("rackwright", "ortools")},
        "traceback": "".join(traceback.format_exception(error)),
        "instance": _plain(_in_work[0]) if _in_work else None,
    }
    handle, name = tempfile.mkstemp(prefix="rackwright-report-", suffix=".json")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    return Path(name)


def _plain(value: object) -> object:
    """Dataclasses, sets and enums as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
