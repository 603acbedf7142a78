"""One case of the rule tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rackwright.models.instance import Instance
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement, Plan

DOCUMENTED = Legality.DOCUMENTED
SLURM = Legality.SLURM_26_11
BOTH = (DOCUMENTED, SLURM)


@dataclass(frozen=True)
class Case:
    """A plan that keeps all rules, or breaks exactly one.

    Attributes
    ----------
    rule
        The rule in question.
    what
        In a few words.
    instance, plan
        The plan is judged against the instance.
    is_legal
        Whether the plan keeps all rules; otherwise it breaks `rule` and no other.
    legalities
        Under which this holds.
    """

    rule: str
    what: str
    instance: Instance
    plan: Plan
    is_legal: bool
    legalities: tuple[Legality, ...] = BOTH

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def pair(
    rule: str,
    what: str,
    instance: Instance,
    *,
    legal: Placement | tuple[Placement, ...],
    illegal: Placement | tuple[Placement, ...],
    legalities: tuple[Legality, ...] = BOTH,
) -> Iterator[Case]:
    """One instance, a plan that is legal and one that is not."""
    for is_legal, placements in ((True, legal), (False, illegal)):
        chosen = placements if isinstance(placements, tuple) else (placements,)
        yield Case(rule, what, instance, Plan(chosen), is_legal, legalities)
