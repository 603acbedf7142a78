"""topology/flat, and jobs that other topologies hand to it (slurm_semantics 0.4, 3.5)."""

from __future__ import annotations

from .start import Start


def contiguous(start: Start) -> str | None:
    """``--contiguous``: consecutive nodes of the node table; block, ring and torus3d ignore it."""
    if not start.job.contiguous or not start.nodes or not start.is_placed_flat:
        return None
    if max(start.nodes) - min(start.nodes) + 1 == len(start.nodes):
        return None
    return "its nodes are not consecutive"
