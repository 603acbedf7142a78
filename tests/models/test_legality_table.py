"""docs/legality.md says what the table of rules says."""

from __future__ import annotations

from pathlib import Path

from rackwright.models.legality import Legality
from rackwright.models.rules import RULES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "legality.md"


def rows() -> dict[str, tuple[str, str, str]]:
    found = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            found[cells[0].strip("`")] = (cells[1], cells[2], cells[3])
    return found


def test_same_rules_in_the_same_order() -> None:
    assert list(rows()) == [rule.name for rule in RULES]


def test_same_words_and_sources() -> None:
    documented = rows()
    for rule in RULES:
        summary, _, source = documented[rule.name]
        assert (summary, source) == (rule.summary, rule.source)


def test_same_legality() -> None:
    documented = rows()
    for rule in RULES:
        only = rule.enforced == {Legality.SLURM_26_11}
        assert documented[rule.name][1].startswith("only 26.11" if only else "hard in both")
