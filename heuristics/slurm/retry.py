"""The retry driver around every topology algorithm (slurm_semantics 0.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from .attempt import Action, Code, Pool, Refusal, Request, Segments, Select

RemovalOrder = Callable[[], Sequence[int]]


def retry(
    select: Select,
    pool: Pool,
    request: Request,
    removal_order: RemovalOrder | None = None,
    is_hopeless: Callable[[], bool] | None = None,
) -> Segments | Refusal:
    """Run `select` until it succeeds, gives up, or too few nodes remain.

    Parameters
    ----------
    pool
        Candidate nodes; not modified.
    removal_order
        Gives the candidates in the fixed order in which they are given up; None: by index.
    is_hopeless
        Tells, when an attempt has failed, that no smaller pool can succeed.

    Returns
    -------
    Segments or Refusal
        On failure the refusal of the second attempt, which is the one that Slurm reports.
    """
    count = int(np.count_nonzero(pool))
    if count < request.min_nodes:
        return Refusal(Code.GENERIC, "0.5 fewer candidates than nodes", Action.STOP)
    if not all(pool[node] for node in request.required):
        return Refusal(Code.GENERIC, "0.5 required node is no candidate", Action.STOP)
    if len(request.required) > request.max_nodes:
        return Refusal(Code.TOO_MANY_NODES, "0.1 required nodes and gaps exceed it", Action.STOP)
    # With one task per node the task count clamps the first attempt to the minimum.
    first = select(pool, replace(request, max_nodes=request.min_nodes))
    if not isinstance(first, Refusal) or first.action is Action.PERMANENT:
        return first
    reported = attempt = first
    if request.max_nodes > request.min_nodes:
        second = select(pool, request)
        if not isinstance(second, Refusal):
            return second
        reported = attempt = second
    if attempt.action in (Action.PERMANENT, Action.STOP):
        return reported
    if is_hopeless is not None and is_hopeless():
        return replace(reported, step=f"{reported.step}; 0.5 retries exhausted")
    removal = _Removal(pool, request, removal_order)
    while attempt.action not in (Action.PERMANENT, Action.STOP):
        if removal.remaining <= request.min_nodes or not removal.remove(attempt):
            return replace(reported, step=f"{reported.step}; 0.5 retries exhausted")
        outcome = select(removal.pool, request)
        if not isinstance(outcome, Refusal):
            return outcome
        attempt = outcome
    return reported


class _Removal:
    """The candidates that are left while nodes are given up one by one.

    Attributes
    ----------
    pool
        Candidates left.
    remaining
        Their number.
    """

    def __init__(self, pool: Pool, request: Request, order: RemovalOrder | None) -> None:
        self.pool = pool.copy()
        self.remaining = int(np.count_nonzero(pool))
        self._required = frozenset(request.required)
        fixed: Sequence[int] = np.flatnonzero(pool).tolist() if order is None else order()
        self._rank = {node: rank for rank, node in enumerate(fixed)}
        self._next: Iterator[int] = iter(fixed)

    def remove(self, refusal: Refusal) -> bool:
        """Give up nodes as the refusal asks; False when there is none left to give up."""
        if refusal.action is Action.DROP_SET:
            return self._give_up(self._removable(refusal.nodes))
        if refusal.action is Action.HINT:
            nodes = self._removable(refusal.nodes)
            return self._give_up([min(nodes, key=self._rank.__getitem__)] if nodes else [])
        for node in self._next:
            if self.pool[node] and node not in self._required:
                return self._give_up([node])
        return False

    def _removable(self, nodes: frozenset[int]) -> list[int]:
        return [node for node in nodes if self.pool[node] and node not in self._required]

    def _give_up(self, nodes: list[int]) -> bool:
        self.pool[nodes] = False
        self.remaining -= len(nodes)
        return bool(nodes)
