"""The legality part of an audit: every finding, in one pass per kind over each era."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from ..legality import Legality
from .absences import DEFAULT_TOLERANCE_S, absent_starts, overruns
from .findings import Finding
from .history import Era, History
from .layers import layer_findings
from .sharing import double_allocations, intrusions
from .slots import slot_excesses
from .starts import StartJudge, start_findings

Progress = Callable[[str], None]


def legality_findings(
    history: History,
    legality: Legality,
    facts: Counter[str],
    *,
    tolerance_s: int = DEFAULT_TOLERANCE_S,
    shares_nodes: bool | None = None,
    slots: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Everything that broke a rule, by time.

    Parameters
    ----------
    history
        What happened.
    legality
        Which rules bind.
    facts
        Receives counts: starts judged, not judged and why, overlaps taken as sharing.
    tolerance_s
        How long a job may exceed its time limit.
    shares_nodes
        Whether jobs share nodes where the records do not tell; None decides by the records.
    slots
        CPU slots by node name, for records that name slots (``name:k``).
    progress
        Told what is being checked.

    Notes
    -----
    ``O(n log n)`` in the allocations, besides the findings themselves.
    """
    found: list[Finding] = []
    for number, era in enumerate(history.eras, start=1):
        for name, check in _checks(era, legality, facts, tolerance_s, shares_nodes, slots or {}):
            if progress is not None:
                progress(f"topology {number} of {len(history.eras)}: {name}")
            found.extend(check)
    return sorted(found, key=lambda finding: (finding.start_s, finding.rule, finding.jobs))


def _checks(
    era: Era,
    legality: Legality,
    facts: Counter[str],
    tolerance_s: int,
    shares_nodes: bool | None,
    slots: Mapping[str, int],
) -> Iterator[tuple[str, Iterator[Finding]]]:
    judge = StartJudge(era.cluster, legality)
    yield "placement rules at every start", start_findings(era, judge, facts)
    yield "nodes given twice", double_allocations(era, facts, shares_nodes=shares_nodes)
    yield "units of exclusive jobs", intrusions(era, legality)
    yield "resources and power", layer_findings(era)
    yield "outages and reservations", absent_starts(era)
    yield "time limits", overruns(era, tolerance_s=tolerance_s)
    yield "slots of shared nodes", slot_excesses(era, slots, facts)
