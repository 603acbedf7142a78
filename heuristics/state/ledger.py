"""What is left of hierarchical resources while a plan is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...models.instance import Instance
from ...models.job import Job
from ...models.rules.usage import overlapping, used_before
from .request import NO_REQUEST, Request, request_classes, request_of
from .view import View

Served = tuple[int, bool]
"""Nodes served, and whether layers beyond their unit are the limit."""

Meter = Callable[[int, int], Served]
"""For a unit and a mask: what the layers serve of it."""

# Stands for an infinite layer; far above anything that could be charged to it.
UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class Cell:
    """Nodes of one unit that no resource distinguishes: same layers, same draw.

    Attributes
    ----------
    mask
        Their bits in the unit.
    layers
        Per resource, the indices of the layers that contain them.
    shared
        Per resource, those of `layers` that reach beyond the unit.
    power_w
        Draw by node profile.
    """

    mask: int
    layers: tuple[tuple[int, ...], ...]
    shared: tuple[tuple[int, ...], ...]
    power_w: int


class Ledger:
    """Free amounts per layer of MODE_2, MODE_3 and power resources.

    MODE_1 is charged by `SingleCharges`.
    """

    def __init__(self, instance: Instance) -> None:
        self.resources = instance.cluster.resources
        self._nodes = instance.cluster.nodes
        self._has_power = any(resource.is_power for resource in self.resources)
        self._start: list[list[int]] = [
            [
                UNLIMITED if layer.count < 0 else layer.capacity - used
                for layer, used in zip(
                    resource.layers, used_before(instance, resource), strict=True
                )
            ]
            for resource in self.resources
        ]
        self._left = [left.copy() for left in self._start]
        self._requests = {job.job_id: self._find_request(job) for job in instance.jobs}
        self._classes = request_classes(self._requests.values())
        self._cells: dict[str, list[tuple[Cell, ...] | None]] = {}

    def request(self, job: Job) -> Request:
        """What a job of the queue asks for; the shared empty request when nothing binds it."""
        return self._requests[job.job_id]

    def _find_request(self, job: Job) -> Request:
        if not self.resources or not (job.licenses or self._has_power):
            return NO_REQUEST
        return request_of(job, self.resources)

    def class_of(self, request: Request) -> Request:
        """A request at least as large, shared by requests that differ little."""
        return self._classes.get(request, request)

    def reset(self) -> None:
        """Return to the start state."""
        self._left = [left.copy() for left in self._start]

    def cells(self, view: View, unit: int) -> tuple[Cell, ...]:
        """The cells of a unit of `view`."""
        known = self._known_cells(view)
        cells = known[unit]
        if cells is None:
            cells = known[unit] = self._find_cells(view.units[unit])
        return cells

    def _known_cells(self, view: View) -> list[tuple[Cell, ...] | None]:
        known = self._cells.get(view.topology.name)
        if known is None:
            known = self._cells[view.topology.name] = [None] * len(view.units)
        return known

    def _find_cells(self, members: tuple[int, ...]) -> tuple[Cell, ...]:
        tables = [resource.layers_of for resource in self.resources]
        paths = [list(map(table.get, members)) for table in tables]
        powers = [self._power_w(node) for node in members if node >= 0] if self._has_power else [0]
        if members and powers and all(map(_is_uniform, paths)) and _is_uniform(powers):
            layers = tuple([path[0] or () for path in paths])
            shared = self._larger(layers, len(members))
            return (Cell((1 << len(members)) - 1, layers, shared, powers[0]),)
        masks: dict[tuple[tuple[tuple[int, ...], ...], int], int] = {}
        for bit, node in enumerate(members):
            if node >= 0:
                layers = tuple([table.get(node, ()) for table in tables])
                key = (layers, self._power_w(node))
                masks[key] = masks.get(key, 0) | 1 << bit
        unit = frozenset(members)
        return tuple(
            Cell(mask, layers, self._beyond(unit, layers), power_w)
            for (layers, power_w), mask in masks.items()
        )

    def _power_w(self, node: int) -> int:
        return self._nodes[node].power_w if self._has_power else 0

    def _larger(
        self, layers: tuple[tuple[int, ...], ...], size: int
    ) -> tuple[tuple[int, ...], ...]:
        """As `_beyond` for layers that contain a whole unit of `size` nodes."""
        pairs = zip(self.resources, layers, strict=True)
        return tuple(
            [
                tuple([at for at in inside if len(each.layers[at].nodes) > size])
                for each, inside in pairs
            ]
        )

    def _beyond(
        self, unit: frozenset[int], layers: tuple[tuple[int, ...], ...]
    ) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(at for at in containing if not resource.layers[at].nodes <= unit)
            for resource, containing in zip(self.resources, layers, strict=True)
        )

    def _drawn(self, index: int, amount: int | None, cell: Cell) -> int:
        return cell.power_w - self.resources[index].idle_w if amount is None else amount

    def allowed(self, cell: Cell, request: Request) -> int:
        """How many nodes of the cell the layers can serve at most.

        Nodes outside all layers never serve a request in counts (5.1); a cap in watts does not
        concern them.
        """
        most = UNLIMITED
        for index, amount in request.per_node:
            layers = cell.layers[index]
            if not layers:
                if self.resources[index].is_power:
                    continue
                return 0
            drawn = self._drawn(index, amount, cell) if amount is None else amount
            if drawn > 0:
                left = min(map(self._left[index].__getitem__, layers)) // drawn
                if left < most:
                    most = left if left > 0 else 0
        return most

    def count(self, view: View, unit: int, mask: int, request: Request) -> int:
        """How many nodes of `mask` the layers can serve; for several cells an upper limit."""
        total = 0
        for cell in self.cells(view, unit):
            inside = (mask & cell.mask).bit_count()
            if inside:
                most = self.allowed(cell, request)
                total += inside if most > inside else most
        return total

    def meter(self, view: View, request: Request) -> Meter:
        """How many nodes of a mask the layers can serve, and whether shared layers are the limit.

        The answer of `count`, and of whether layers that reach beyond the unit cannot serve all.
        """
        known = self._known_cells(view)

        def measure(unit: int, mask: int) -> Served:
            cells = known[unit] or self.cells(view, unit)
            inside = mask.bit_count()
            if len(cells) == 1:
                # The usual case, tens of thousands of times.
                most = self.allowed(cells[0], request)
                if most >= inside:
                    return inside, False
                count = most
            else:
                count = self.count(view, unit, mask, request)
            is_short = count < inside
            return count, is_short and self._is_limited_from_outside(cells, mask, request)

        return measure

    def _is_limited_from_outside(
        self, cells: tuple[Cell, ...], mask: int, request: Request
    ) -> bool:
        for cell in cells:
            inside = (mask & cell.mask).bit_count()
            for index, amount in request.per_node:
                drawn = self._drawn(index, amount, cell)
                if any(self._left[index][layer] < inside * drawn for layer in cell.shared[index]):
                    return True
        return False

    def charge(self, view: View, unit: int, mask: int, request: Request, sign: int = 1) -> None:
        """Charge what the nodes of `mask` draw; sign -1 gives it back."""
        for cell in self.cells(view, unit):
            inside = (mask & cell.mask).bit_count()
            if not inside:
                continue
            for index, amount in request.per_node:
                drawn = self._drawn(index, amount, cell)
                for layer in cell.layers[index]:
                    self._left[index][layer] -= sign * inside * drawn

    def charge_once(self, nodes: frozenset[int], request: Request, sign: int = 1) -> None:
        """Charge MODE_2 requests: once in every layer that overlaps the job's nodes (5.3)."""
        for index, amount in request.once:
            for layer in overlapping(self.resources[index], nodes):
                self._left[index][layer] -= sign * amount

    def serving(self, request: Request) -> frozenset[int] | None:
        """Nodes all of whose layers have enough left for each MODE_2 request; None without one."""
        nodes: frozenset[int] | None = None
        for index, amount in request.once:
            layers = self.resources[index].layers
            left = self._left[index]
            closed = [
                layer.nodes for layer, rest in zip(layers, left, strict=True) if rest < amount
            ]
            covered = frozenset[int]().union(*(layer.nodes for layer in layers))
            covered = covered.difference(*closed)
            nodes = covered if nodes is None else nodes & covered
        return nodes


def _is_uniform(values: Sequence[object]) -> bool:
    return values.count(values[0]) == len(values)
