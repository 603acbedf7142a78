"""Slurm 26.11's own choice of nodes, as slurm_semantics describes it, and its two schedulers."""

from __future__ import annotations

from .queue import slurm, slurm_backfill
from .submit import Decision, choose, select_only

__all__ = ["Decision", "choose", "select_only", "slurm", "slurm_backfill"]
