"""Figures of an audit as people read them."""

from __future__ import annotations


def figure(name: str, value: float | None) -> str:
    """A figure of a comparison, in the unit that its name ends with."""
    if value is None:
        return "-"
    if name.endswith("_s"):
        return duration(value)
    if name in ("utilisation", "crossing_jobs", "usable_of_free"):
        return f"{value:.1%}"
    return hours(value) if name.endswith("_h") else f"{value:,.0f}"


def hours(node_h: float) -> str:
    """Node-hours: whole ones when many, enough digits to tell few from none."""
    if node_h >= 100 or not node_h:
        return f"{node_h:,.0f}"
    return f"{node_h:.1f}" if node_h >= 1 else f"{node_h:.2g}"


def duration(seconds: float) -> str:
    """``0 s``, ``12:03 min``, ``5.2 h``, ``3.1 d``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
