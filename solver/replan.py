"""Exact placements of a few jobs in a small instance, such as what is left beside a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..models.instance import Instance
from ..models.plan import Placement, Plan, PlanOptions
from .budget import Budget
from .build import TooLarge, build_model
from .decode import Decoder
from .flow_slots import SpreadConflict
from .hint import add_hint
from .layout import MERGE_THRESHOLD
from .stages import Stages, optimise_first


def replanned(
    part: Instance,
    options: PlanOptions,
    start: Sequence[Placement],
    budget: Budget,
    most_pairs: int | None = None,
) -> tuple[Placement, ...] | None:
    """The jobs of `part` placed anew, best in the first term.

    Parameters
    ----------
    start
        Placements to begin from; they need not be legal.
    most_pairs
        See `build_model`.

    Returns
    -------
    tuple of Placement or None
        None where the model would be too large, or nothing was found within the budget.
    """
    first_only = replace(options, mix=(), locality=False, balance_power=False)
    try:
        model = build_model(part, first_only, MERGE_THRESHOLD, most_pairs)
    except TooLarge:
        return None
    add_hint(model, Plan(tuple(start)))
    stages = Stages(model, budget)
    optimise_first(stages)
    if stages.best is None:
        return None
    try:
        return Decoder(model, stages.value).plan().placements
    except SpreadConflict:
        return None
