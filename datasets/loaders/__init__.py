"""Loaders of public traces: every format ends up as the same `TraceJob`."""

from __future__ import annotations

from .read import FORMATS, Trace, detect_format, read_trace
from .trace import LoadOptions, TraceJob, trays

__all__ = ["FORMATS", "LoadOptions", "Trace", "TraceJob", "detect_format", "read_trace", "trays"]
