"""One-node jobs skip the topology algorithm (slurm_semantics 0.3)."""

from __future__ import annotations

import numpy as np

from .attempt import Action, Code, Counts, Pool, Refusal, Request, Segments, start_mode3


def select_single_node(pool: Pool, request: Request, weights: Counts) -> Segments | Refusal:
    """First usable candidate by weight and index; nodes outside every unit count as well."""
    nodes = np.flatnonzero(pool)
    if request.required:
        nodes = nodes[np.isin(nodes, request.required)]
    mode3 = start_mode3(request)
    for node in nodes[np.argsort(weights[nodes], kind="stable")].tolist():
        if mode3 is None or mode3.take(node):
            return ((node,),)
    return Refusal(Code.GENERIC, "0.3 no node can run the job", Action.STOP)
