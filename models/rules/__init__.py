"""Legality: one pure function per rule, one table of all of them, one `verify` for everybody."""

from __future__ import annotations

from ..instance import Instance
from ..legality import Legality
from ..plan import Plan
from .exclusive import held_nodes
from .partition import find_segments
from .start import is_placed_flat, resolve
from .table import RULES, Rule, Violation
from .usage import Undecided, layer_usage

__all__ = [
    "RULES",
    "Rule",
    "Undecided",
    "Violation",
    "find_segments",
    "held_nodes",
    "is_placed_flat",
    "layer_usage",
    "verify",
]


def verify(instance: Instance, plan: Plan, legality: Legality) -> tuple[Violation, ...]:
    """Every violation of every rule that binds under `legality`; empty means legal.

    Raises
    ------
    ValueError
        If the plan names a job or partition that the instance lacks, or a job twice.
    Undecided
        If the layers of a MODE_1 resource can be charged in too many ways to try.
    """
    starts = resolve(instance, plan, legality)
    return tuple(
        Violation(rule.name, job_id, message)
        for rule in RULES
        if legality in rule.enforced
        for job_id, message in rule.check(starts)
    )
