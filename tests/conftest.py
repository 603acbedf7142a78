"""Shared fixtures, and a way to test a checkout that was never installed."""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

if importlib.util.find_spec("rackwright") is None:
    _package = types.ModuleType("rackwright")
    _package.__path__ = [str(REPOSITORY)]
    sys.modules["rackwright"] = _package

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("nightly", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recorded Slurm data beside the checkout; the test is skipped where it is absent.

    ``RACKWRIGHT_SHARED_DATA`` names it when the checkout lies elsewhere.
    """
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("RACKWRIGHT_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"recorded Slurm data not found at {folder}")
    return folder
