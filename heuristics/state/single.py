"""MODE_1 resources in a plan: each job is charged once, in one layer that it overlaps."""

from __future__ import annotations

from ...models.instance import Instance
from ...models.job import Job
from ...models.legality import Legality
from ...models.resources import Resource
from .request import Request

_MAX_STEPS = 2000
_Demand = tuple[int, frozenset[int]]


class SingleCharges:
    """Whether all MODE_1 charges of the started jobs find a layer (slurm_semantics 5.3).

    Slurm 26.11 charges in queue order, each job in the first layer of the file that it overlaps
    and that has enough left; the documented rule allows any such layer, so an assignment is
    searched for, with bounded effort.
    """

    def __init__(self, instance: Instance, legality: Legality) -> None:
        self._resources = instance.cluster.resources
        self._used = instance.used
        self._in_order = legality is Legality.SLURM_26_11
        self._order = {job.job_id: at for at, job in enumerate(instance.jobs)}
        self._charged: dict[str, tuple[frozenset[int], Request]] = {}

    def add(self, job: Job, nodes: frozenset[int], request: Request) -> None:
        """Record a started job."""
        if request.single:
            self._charged[job.job_id] = (nodes, request)

    def remove(self, job_id: str) -> None:
        """Forget a job that was stopped."""
        self._charged.pop(job_id, None)

    def reset(self) -> None:
        """Forget all jobs."""
        self._charged.clear()

    def accepts(self, job: Job, nodes: frozenset[int], request: Request) -> bool:
        """Whether the plan's charges still work out with `job` on `nodes`."""
        charged = {**self._charged, job.job_id: (nodes, request)}
        return all(self._left(index, charged) is not None for index, _ in request.single)

    def is_legal(self) -> bool:
        """Whether all charges work out, also after jobs were stopped."""
        wanted = {index for _, request in self._charged.values() for index, _ in request.single}
        return all(self._left(index, self._charged) is not None for index in sorted(wanted))

    def serving(self, job: Job, request: Request) -> frozenset[int] | None:
        """Nodes in a layer with enough left for each MODE_1 request; None without a request.

        What is left counts the jobs charged before it: all started ones, under 26.11 only those
        ahead of it in the queue.
        """
        nodes: frozenset[int] | None = None
        at = self._order[job.job_id]
        charged = {
            job_id: charge
            for job_id, charge in self._charged.items()
            if not self._in_order or self._order[job_id] < at
        }
        for index, amount in request.single:
            left = self._left(index, charged) or []
            layers = zip(self._resources[index].layers, left, strict=False)
            open_nodes = frozenset[int]().union(
                *(la.nodes for la, rest in layers if rest >= amount)
            )
            nodes = open_nodes if nodes is None else nodes & open_nodes
        return nodes

    def _left(
        self, index: int, charged: dict[str, tuple[frozenset[int], Request]]
    ) -> list[float] | None:
        """What each layer has left after all charges; None if some charge finds no layer."""
        resource = self._resources[index]
        used = self._used.get(resource.name, (0,) * len(resource.layers))
        left: list[float] = [
            float("inf") if layer.count < 0 else layer.capacity - amount
            for layer, amount in zip(resource.layers, used, strict=True)
        ]
        demands = [
            (amount, charged[job_id][0])
            for job_id in sorted(charged, key=self._order.__getitem__)
            for wanted, amount in charged[job_id][1].single
            if wanted == index
        ]
        if self._in_order:
            return left if _charge_in_order(resource, left, demands) else None
        demands.sort(key=lambda demand: -demand[0])
        return left if _assign(resource, left, demands, [_MAX_STEPS]) else None


def _charge_in_order(resource: Resource, left: list[float], demands: list[_Demand]) -> bool:
    """Charge as 26.11 does; False if a node has no sufficient layer at its job's turn."""
    layers_of = resource.layers_of
    for amount, nodes in demands:
        if not all(
            any(left[layer] >= amount for layer in layers_of.get(node, ())) for node in nodes
        ):
            return False
        touched = sorted({layer for node in nodes for layer in layers_of[node]})
        left[next(layer for layer in touched if left[layer] >= amount)] -= amount
    return True


def _assign(
    resource: Resource, left: list[float], demands: list[_Demand], steps: list[int], at: int = 0
) -> bool:
    """Find a layer for every demand, tightest first; `steps` bounds the search."""
    if at == len(demands):
        return True
    amount, nodes = demands[at]
    touched = {layer for node in nodes for layer in resource.layers_of.get(node, ())}
    for layer in sorted(touched, key=lambda layer: (left[layer], layer)):
        if left[layer] < amount or steps[0] <= 0:
            continue
        steps[0] -= 1
        left[layer] -= amount
        if _assign(resource, left, demands, steps, at + 1):
            return True
        left[layer] += amount
    return False
