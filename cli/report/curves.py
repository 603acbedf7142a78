"""Curves over time as inline SVG: steps, drawn once, no script needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
HEIGHT = 160
MAX_POINTS = 1200


@dataclass(frozen=True, slots=True)
class Curve:
    """A stepped line: ``(instant, value)``, its class in the style sheet, and its label."""

    points: Sequence[tuple[int, float]]
    style: str
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Curves in one frame: their SVG paths, and the labels of the axis."""

    paths: tuple[tuple[str, str, str], ...]
    highest: float
    width: int = WIDTH
    height: int = HEIGHT


def draw(curves: Sequence[Curve], first_s: int, last_s: int, highest: float) -> Drawing:
    """SVG paths of curves over a common time axis.

    Parameters
    ----------
    curves
        Each becomes one filled path, later ones on top.
    first_s, last_s
        The time axis.
    highest
        Value at the top of the frame.
    """
    paths = tuple(
        (_path(curve.points, first_s, last_s, highest), curve.style, curve.label)
        for curve in curves
    )
    return Drawing(paths, highest)


def _path(points: Sequence[tuple[int, float]], first_s: int, last_s: int, highest: float) -> str:
    """Steps from point to point, closed along the bottom."""
    span, top = max(last_s - first_s, 1), highest or 1.0
    step = max(1, -(-len(points) // MAX_POINTS))
    commands = [f"M0 {HEIGHT}"]
    for instant, value in points[::step]:
        x = (instant - first_s) / span * WIDTH
        y = HEIGHT - min(value / top, 1.0) * HEIGHT
        commands.append(f"H{x:.1f}V{y:.1f}")
    return " ".join([*commands, f"H{WIDTH} V{HEIGHT} Z"])
