"""Exact placements of a few jobs in a small instance, such as what is left beside a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..models.instance import Instance
from ..models.plan import Placement, Plan, PlanOptions
from ..models.score import CAPACITY
from .budget import Budget
from .build import TooLarge, build_model
from .capacity import usable_capacity
from .decode import Decoder
from .flow_slots import SpreadConflict
from .hint import add_hint
from .layout import MERGE_THRESHOLD
from .objective import Term
from .stages import Stages, optimise_first


def replanned(
    part: Instance,
    options: PlanOptions,
    start: Sequence[Placement],
    budget: Budget,
    most_pairs: int | None = None,
    mix: Sequence[tuple[int, int]] = (),
) -> tuple[Placement, ...] | None:
    """The jobs of `part` placed anew, best in the first term, and then in usable capacity.

    Parameters
    ----------
    start
        Placements to begin from; they need not be legal.
    most_pairs
        See `build_model`.
    mix
        Sizes and weights of usable capacity; without any it does not matter.

    Returns
    -------
    tuple of Placement or None
        None where the model would be too large, or nothing was found within the budget.
    """
    terms = replace(options, mix=tuple(mix), locality=False, balance_power=False)
    try:
        model = build_model(part, terms, MERGE_THRESHOLD, most_pairs)
    except TooLarge:
        return None
    add_hint(model, Plan(tuple(start)))
    stages = Stages(model, budget)
    optimise_first(stages)
    if mix:
        stages.optimise(Term(CAPACITY, usable_capacity(model, mix)))
    if stages.best is None:
        return None
    try:
        return Decoder(model, stages.value).plan().placements
    except SpreadConflict:
        return None
