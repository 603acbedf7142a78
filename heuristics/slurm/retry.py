"""The retry driver around every topology algorithm (slurm_semantics 0.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .attempt import Action, Code, Pool, Refusal, Request, Segments, Select


def retry(
    select: Select, pool: Pool, request: Request, removal_order: Sequence[int] | None = None
) -> Segments | Refusal:
    """Run `select` until it succeeds, gives up, or too few nodes remain.

    Parameters
    ----------
    pool
        Candidate nodes; not modified.
    removal_order
        Nodes in the fixed order in which they are given up; None: by index.

    Returns
    -------
    Segments or Refusal
        On failure the refusal of the second attempt, which is the one that Slurm reports.
    """
    if np.count_nonzero(pool) < request.min_nodes:
        return Refusal(Code.GENERIC, "0.5 fewer candidates than nodes", Action.STOP)
    if not all(pool[node] for node in request.required):
        return Refusal(Code.GENERIC, "0.5 required node is no candidate", Action.STOP)
    if len(request.required) > request.max_nodes:
        return Refusal(Code.TOO_MANY_NODES, "0.1 required nodes and gaps exceed it", Action.STOP)
    # With one task per node the task count clamps the first attempt to the minimum.
    first = select(pool, replace(request, max_nodes=request.min_nodes))
    if not isinstance(first, Refusal) or first.action is Action.PERMANENT:
        return first
    reported = attempt = select(pool, request)
    remaining = pool.copy()
    required = frozenset(request.required)
    order = [node for node in _fixed_order(removal_order, pool) if node not in required]
    while isinstance(attempt, Refusal):
        if attempt.action in (Action.PERMANENT, Action.STOP):
            return reported
        if np.count_nonzero(remaining) <= request.min_nodes:
            return _exhausted(reported)
        if not _remove(remaining, order, attempt, required):
            return _exhausted(reported)
        attempt = select(remaining, request)
    return attempt


def _fixed_order(removal_order: Sequence[int] | None, pool: Pool) -> list[int]:
    if removal_order is None:
        return [int(node) for node in np.flatnonzero(pool)]
    return [node for node in removal_order if pool[node]]


def _remove(remaining: Pool, order: list[int], refusal: Refusal, required: frozenset[int]) -> bool:
    """Give up nodes as the refusal asks; False when there is none left to give up."""
    if refusal.action is Action.DROP_SET:
        dropped = [node for node in refusal.nodes if remaining[node] and node not in required]
        remaining[dropped] = False
        return bool(dropped)
    among = refusal.nodes if refusal.action is Action.HINT else None
    for position, node in enumerate(order):
        if remaining[node] and (among is None or node in among):
            remaining[node] = False
            del order[position]
            return True
    return False


def _exhausted(reported: Refusal | Segments) -> Refusal:
    assert isinstance(reported, Refusal)
    return replace(reported, step=f"{reported.step}; 0.5 retries exhausted")
