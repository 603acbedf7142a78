"""A node and its Slurm state: what a job may use now, and what it could use one day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Words as printed by scontrol, sinfo and their --json (man scontrol, "NODE STATES").
# PLANNED nodes are idle and merely promised by backfill; POWERED_DOWN nodes are started on
# demand. Everything here keeps a new job off the node now.
UNUSABLE_STATES = frozenset(
    {
        "DOWN",
        "DRAIN",
        "DRAINED",
        "DRAINING",
        "ERROR",
        "FAIL",
        "FAILING",
        "FUTURE",
        "INVAL",
        "INVALID_REG",
        "MAINT",
        "MAINTENANCE",
        "NOT_RESPONDING",
        "NO_RESPOND",
        "PERFCTRS",
        "POWERING_DOWN",
        "POWER_DOWN",
        "REBOOT",
        "REBOOT_ISSUED",
        "REBOOT_REQUESTED",
        "RESERVED",
        "UNKNOWN",
    }
)
BUSY_STATES = frozenset({"ALLOCATED", "ALLOC", "MIXED", "COMPLETING", "COMP"})
USABLE_STATES = frozenset(
    {"IDLE", "PLANNED", "POWERED_DOWN", "POWERING_UP", "POWER_UP", "CLOUD", "DYNAMIC_NORM"}
    | {"DYNAMIC_FUTURE", "EXTERNAL", "UNDRAIN", "RESUME", "BLOCKED", "REBOOT_CANCELED"}
)
KNOWN_STATES = UNUSABLE_STATES | BUSY_STATES | USABLE_STATES


def parse_states(words: Iterable[str]) -> frozenset[str]:
    """Upper-cased state words, with compounds (``idle+drain``) and suffixes (``down*``) split.

    Parameters
    ----------
    words
        State words in any case; ``sinfo``'s suffixes ``* ~ # ! % $ @ ^ -`` are understood.
    """
    suffixes = {
        "*": "NOT_RESPONDING",
        "~": "POWERED_DOWN",
        "#": "POWERING_UP",
        "!": "POWERING_DOWN",
        "%": "POWERING_DOWN",
        "$": "MAINT",
        "@": "REBOOT_REQUESTED",
        "^": "REBOOT_ISSUED",
        "-": "PLANNED",
    }
    states: set[str] = set()
    for word in words:
        for part in word.upper().split("+"):
            while part and part[-1] in suffixes:
                states.add(suffixes[part[-1]])
                part = part[:-1]
            if part:
                states.add(part)
    return frozenset(states)


@dataclass(frozen=True, slots=True)
class Node:
    """One node as the files describe it; whole nodes are what we place.

    Attributes
    ----------
    name
        NodeName.
    states
        Upper-case state words; empty means idle.
    partitions
        Names of its partitions, if the node file gives them.
    features
        Active features.
    weight
        Slurm's scheduling weight; lower is preferred by Slurm.
    gpus
        GPUs of the node, 0 if unknown.
    power_w
        Watts while a job runs on it, 0 if unknown.
    clique
        ``clusterUUID.cliqueID`` of its NVLink partition, if given.
    """

    name: str
    states: frozenset[str] = frozenset()
    partitions: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    weight: int = 1
    gpus: int = 0
    power_w: int = 0
    clique: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether no state word keeps new jobs off the node (it may still be allocated)."""
        return not (self.states & UNUSABLE_STATES)

    @property
    def is_busy(self) -> bool:
        """Whether the state says that some job holds the node."""
        return bool(self.states & BUSY_STATES)

    @property
    def is_blocked(self) -> bool:
        """Whether its unit is held by a job with ``--exclusive=topo`` (state BLOCKED)."""
        return "BLOCKED" in self.states
