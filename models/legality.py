"""Two notions of legal: what Slurm documents, and what Slurm 26.11 enforces."""

from __future__ import annotations

from enum import Enum


class Legality(Enum):
    """Which set of rules a plan has to obey (interfaces.md, Legality)."""

    DOCUMENTED = "documented"
    SLURM_26_11 = "slurm-26.11"


class Exclusive(Enum):
    """``--exclusive``: of the nodes, or of whole topology units (man sbatch)."""

    NODE = "node"
    TOPO = "topo"
