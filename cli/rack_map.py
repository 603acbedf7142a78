"""A map of the cluster for the terminal: one row of cells per base block, one cell per node."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_letters, digits

from rich.console import Console
from rich.text import Text

from ..models.instance import Instance
from ..models.legality import Legality
from ..models.plan import Plan
from ..models.score import nodes_left
from ..models.topology import (
    BlockTopology,
    RingTopology,
    Topology,
    TorusTopology,
    TreeTopology,
)
from .text import escape_control

# Cells of one line; a longer unit (a torus, a flat cluster) continues on the next line.
MAX_CELLS = 64
GUTTER = 3

_LETTERS = ascii_letters[26:] + ascii_letters[:26] + digits
_PLANNED_STYLES = ("bold green", "bold cyan", "bold magenta", "bold yellow", "bold blue")


@dataclass(frozen=True, slots=True)
class Glyph:
    """How one state of a node looks; `plain` is for terminals without UTF-8."""

    fancy: str
    plain: str
    style: str
    meaning: str


FREE = Glyph("·", ".", "dim", "free")
BUSY = Glyph("■", "#", "white", "occupied")
HELD = Glyph("□", "=", "white", "held by an exclusive job")
DOWN = Glyph("×", "x", "red", "down or drained")  # noqa: RUF001 - the sign is meant


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    nodes: tuple[int, ...]
    is_touched: bool


class RackMap:
    """The map of one plan.

    Parameters
    ----------
    max_blocks
        Most base blocks to draw; those that the plan touches come first. None draws all.
    """

    def __init__(
        self,
        instance: Instance,
        plan: Plan,
        legality: Legality,
        *,
        max_blocks: int | None,
        is_plain: bool,
    ) -> None:
        self._instance = instance
        self._is_plain = is_plain
        self._letter_of = {
            placement.job_id: _LETTERS[index % len(_LETTERS)]
            for index, placement in enumerate(plan.placements)
        }
        self._job_at = {
            node: index
            for index, placement in enumerate(plan.placements)
            for node in placement.nodes
        }
        self._letters = list(self._letter_of.values())
        topology = instance.cluster.topologies[0]
        self._left = nodes_left(instance, plan, topology, legality)
        rows = _rows(instance, topology, frozenset(self._job_at))
        self._rows, self._num_hidden = _chosen(rows, max_blocks)

    def letter(self, job_id: str) -> str:
        """The letter of a started job."""
        return self._letter_of[job_id]

    def print(self, console: Console) -> None:
        """Draw rows side by side as far as the terminal is wide, then the legend."""
        name_width = max((len(row.name) for row in self._rows), default=0)
        cells = max((min(len(row.nodes), MAX_CELLS) for row in self._rows), default=1)
        column = name_width + 1 + cells + 1 + 3 + GUTTER
        per_line = max(1, min((console.width + GUTTER) // column, len(self._rows)))
        height = -(-len(self._rows) // per_line)
        for line in range(height):
            across = self._rows[line::height]
            drawn = [self._draw(row, name_width, cells) for row in across]
            for part in range(max(len(lines) for lines in drawn)):
                text = Text()
                for lines in drawn:
                    piece = lines[part] if part < len(lines) else Text()
                    text.append_text(piece)
                    text.append(" " * (column - len(piece)))
                text.rstrip()
                console.print(text, no_wrap=True, overflow="ellipsis", crop=True)
        if self._num_hidden:
            console.print(
                Text(f"{self._num_hidden} more blocks are not drawn (--map-blocks)", "dim")
            )
        console.print(self._legend())

    def _draw(self, row: _Row, name_width: int, cells: int) -> list[Text]:
        lines = []
        for start in range(0, max(len(row.nodes), 1), MAX_CELLS):
            name = row.name if start == 0 else ""
            text = Text(name.ljust(name_width) + " ")
            part = row.nodes[start : start + MAX_CELLS]
            for node in part:
                text.append(*self._cell(node))
            text.append(" " * (cells - len(part)))
            if start == 0:
                text.append(f" {len(self._left.intersection(row.nodes)):>3}", "dim")
            lines.append(text)
        return lines

    def _cell(self, node: int) -> tuple[str, str]:
        if node in self._job_at:
            index = self._job_at[node]
            return self._letters[index], _PLANNED_STYLES[index % len(_PLANNED_STYLES)]
        if node < 0:
            return " ", ""
        if node in self._instance.occupied:
            glyph = BUSY
        elif node in self._instance.unavailable:
            glyph = DOWN
        else:
            glyph = FREE if node in self._left else HELD
        return (glyph.plain if self._is_plain else glyph.fancy), glyph.style

    def _legend(self) -> Text:
        text = Text()
        for glyph in (FREE, BUSY, HELD, DOWN):
            text.append(glyph.plain if self._is_plain else glyph.fancy, glyph.style)
            text.append(f" {glyph.meaning}   ", "dim")
        if self._letters:
            text.append(_LETTERS[0], _PLANNED_STYLES[0])
            text.append(" starts now (Key column)   ", "dim")
        text.append("number: nodes left", "dim")
        return text


def _rows(instance: Instance, topology: Topology, planned: frozenset[int]) -> list[_Row]:
    units: list[tuple[str, tuple[int, ...]]]
    match topology:
        case BlockTopology():
            units = [(block.name, block.nodes) for block in topology.blocks]
        case RingTopology():
            units = [(ring.name, ring.nodes) for ring in topology.rings]
        case TorusTopology():
            units = [(torus.name, torus.cells) for torus in topology.toruses]
        case TreeTopology():
            switches = (topology.switches[leaf] for leaf in topology.leaves)
            units = [(switch.name, switch.nodes) for switch in switches]
        case _:
            units = []
    inside = {node for _, nodes in units for node in nodes}
    outside = tuple(node for node in range(len(instance.cluster.nodes)) if node not in inside)
    if outside:
        units = [*units, ("outside" if inside else "nodes", outside)]
    return [_Row(_shortened(name), nodes, not planned.isdisjoint(nodes)) for name, nodes in units]


def _shortened(name: str) -> str:
    safe = escape_control(name)
    return safe if len(safe) <= 16 else f"{safe[:13]}..."


def _chosen(rows: list[_Row], max_blocks: int | None) -> tuple[list[_Row], int]:
    if max_blocks is None or len(rows) <= max_blocks:
        return rows, 0
    order = sorted(range(len(rows)), key=lambda index: (not rows[index].is_touched, index))
    shown = sorted(order[:max_blocks])
    return [rows[index] for index in shown], len(rows) - max_blocks
