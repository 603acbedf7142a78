"""Each legality rule alone: kept once, broken once, by hand-made instances."""

from __future__ import annotations

import pytest
from rule_cases import CASES, Case

from rackwright.models.legality import Legality
from rackwright.models.rules import RULES, verify


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    for legality in case.legalities:
        broken = {violation.rule for violation in verify(case.instance, case.plan, legality)}
        assert broken == (set() if case.is_legal else {case.rule})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_feasible_and_an_infeasible_case(rule: object) -> None:
    name = getattr(rule, "name", "")
    assert {case.is_legal for case in CASES if case.rule == name} == {True, False}


def test_rule_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_binds_somewhere() -> None:
    assert all(rule.enforced and rule.enforced <= set(Legality) for rule in RULES)


def test_messages_name_the_job() -> None:
    for case in CASES:
        if not case.is_legal:
            found = verify(case.instance, case.plan, case.legalities[0])
            assert found
            assert {violation.job_id for violation in found} <= {
                job.job_id for job in case.instance.jobs
            }
            assert all(violation.message for violation in found)
