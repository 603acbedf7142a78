"""Discrete-event replay of a workload on a cluster under any engine as its policy."""

from __future__ import annotations

from .from_trace import TraceOptions, workload_of
from .metrics import JobRecord, ReplayResult, Sample
from .one_by_one import one_by_one
from .outages import Outage, outages_at_rate
from .simulate import replay
from .workload import Admission, ReplayJob, ReplayOptions, Requeue

__all__ = [
    "Admission",
    "JobRecord",
    "Outage",
    "ReplayJob",
    "ReplayOptions",
    "ReplayResult",
    "Requeue",
    "Sample",
    "TraceOptions",
    "one_by_one",
    "outages_at_rate",
    "replay",
    "workload_of",
]
