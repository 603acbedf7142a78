"""What is left of hierarchical resources while a plan is built."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.instance import Instance
from ...models.job import Job
from ...models.rules.usage import overlapping, used_before
from .request import NO_REQUEST, Request, request_classes, request_of
from .view import View

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
        self._classes = request_classes([self.request(job) for job in instance.jobs])
        self._cells: dict[str, list[tuple[Cell, ...] | None]] = {}

    def request(self, job: Job) -> Request:
        """What `job` asks for; the shared empty request when nothing binds it."""
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
        known = self._cells.get(view.topology.name)
        if known is None:
            known = self._cells[view.topology.name] = [None] * len(view.units)
        cells = known[unit]
        if cells is None:
            cells = known[unit] = self._find_cells(view.units[unit])
        return cells

    def _find_cells(self, members: tuple[int, ...]) -> tuple[Cell, ...]:
        tables = [resource.layers_of for resource in self.resources]
        powers = {self._nodes[node].power_w for node in members if node >= 0}
        paths = [{table.get(node, ()) for node in members} for table in tables]
        if all(len(path) == 1 for path in paths) and (len(powers) == 1 or not self._has_power):
            # The usual case, thousands of times: the layers cut no base block.
            layers = tuple(next(iter(path)) for path in paths)
            shared = self._beyond(frozenset(members), layers)
            power_w = next(iter(powers)) if self._has_power else 0
            return (Cell((1 << len(members)) - 1, layers, shared, power_w),)
        masks: dict[tuple[tuple[tuple[int, ...], ...], int], int] = {}
        for bit, node in enumerate(members):
            if node >= 0:
                layers = tuple([table.get(node, ()) for table in tables])
                key = (layers, self._nodes[node].power_w if self._has_power else 0)
                masks[key] = masks.get(key, 0) | 1 << bit
        unit = frozenset(members)
        return tuple(
            Cell(mask, layers, self._beyond(unit, layers), power_w)
            for (layers, power_w), mask in masks.items()
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
                left = min(map(self._left[index].__getitem__, layers))
                most = min(most, left // drawn) if left > 0 else 0
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

    def is_limited_from_outside(self, view: View, unit: int, mask: int, request: Request) -> bool:
        """Whether layers that reach beyond the unit cannot serve all nodes of `mask`."""
        for cell in self.cells(view, unit):
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
