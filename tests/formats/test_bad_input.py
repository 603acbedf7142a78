"""Every malformed input is refused with exactly these messages, and never with a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats import (
    bad_configurations,
    bad_jobs,
    bad_slurm_output,
    bad_tables_and_scripts,
    bad_topologies,
)
from formats.bad_input_case import Case

from rackwright.models.errors import InputError
from rackwright.models.formats.state import load_state

CASES = (
    *bad_topologies.CASES,
    *bad_configurations.CASES,
    *bad_slurm_output.CASES,
    *bad_tables_and_scripts.CASES,
    *bad_jobs.CASES,
)


def test_table_covers_at_least_sixty_inputs_with_distinct_names() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exact_messages(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load_state(**case.arguments)
    assert [str(problem) for problem in caught.value.problems] == list(case.messages)
    assert all(message.isprintable() for message in case.messages)
