"""Discrete-event replay of a workload on a cluster under any engine as its policy."""

from __future__ import annotations

from .from_trace import TraceOptions, workload_of
from .metrics import JobRecord, ReplayResult, Sample
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
    "outages_at_rate",
    "replay",
    "workload_of",
]
