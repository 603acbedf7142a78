"""How much of every hierarchical resource is used once a plan has started (slurm_semantics 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import RackwrightError
from ..instance import Instance
from ..job import Job
from ..legality import Legality
from ..plan import Plan
from ..resources import INFINITE, Mode, Resource
from .start import Start, Starts, resolve

SEARCH_LIMIT = 200_000


class Undecided(RackwrightError):
    """A bounded exact search gave up: neither legal nor illegal was shown."""


def requested(job: Job, resource: Resource) -> int:
    """Count that `job` requests of `resource`, 0 if none."""
    return sum(count for name, count in job.licenses if name == resource.name)


def draw_w(instance: Instance, job: Job, node: int, resource: Resource) -> int:
    """Watts that `job` draws on `node`: its own figure, else its request, else the node's."""
    if job.power_w is None:
        request = requested(job, resource)
        if request:
            return request
    return instance.power_per_node(job, node)


def used_before(instance: Instance, resource: Resource) -> list[int]:
    """Use per layer in the start state, `base` not included; watts of idle nodes are."""
    used = list(instance.used.get(resource.name, ())) or [0] * len(resource.layers)
    if resource.is_power and resource.idle_w:
        for index, layer in enumerate(resource.layers):
            used[index] += resource.idle_w * len(layer.nodes & instance.free)
    return used


def layer_usage(instance: Instance, plan: Plan, legality: Legality) -> dict[str, list[int]]:
    """Use per resource and layer after the plan, `base` not included.

    Jobs are charged in the order of the instance's queue. Where MODE_1 cannot be charged legally,
    the first overlapping layer shows the excess.
    """
    starts = resolve(instance, plan, legality)
    return {resource.name: used_after(starts, resource) for resource in instance.cluster.resources}


def used_after(starts: Starts, resource: Resource) -> list[int]:
    """Use per layer of one resource after all starts."""
    used = used_before(starts.instance, resource)
    if resource.is_power:
        return _add_power(starts, resource, used)
    if resource.mode is Mode.MODE_3:
        return _add_mode_3(starts, resource, used)
    if resource.mode is Mode.MODE_2:
        return _add_mode_2(starts, resource, used)
    charges = charge_mode_1(starts, resource)
    for start in starts:
        amount = requested(start.job, resource)
        layers = overlapping(resource, start.nodes)
        if amount and layers:
            charged = charges.get(start.job.job_id) if charges is not None else None
            used[layers[0] if charged is None else charged] += amount
    return used


def overlapping(resource: Resource, nodes: Iterable[int]) -> list[int]:
    """Indices of the layers that contain one of `nodes`, in file order."""
    return sorted({layer for node in nodes for layer in resource.layers_of.get(node, ())})


def _add_power(starts: Starts, resource: Resource, used: list[int]) -> list[int]:
    for start in starts:
        for node in start.nodes:
            draw = draw_w(starts.instance, start.job, node, resource) - resource.idle_w
            for layer in resource.layers_of.get(node, ()):
                used[layer] += draw
    return used


def _add_mode_3(starts: Starts, resource: Resource, used: list[int]) -> list[int]:
    for start in starts:
        amount = requested(start.job, resource)
        if amount:
            for node in start.nodes:
                for layer in resource.layers_of.get(node, ()):
                    used[layer] += amount
    return used


def _add_mode_2(starts: Starts, resource: Resource, used: list[int]) -> list[int]:
    for start in starts:
        amount = requested(start.job, resource)
        if amount:
            for layer in overlapping(resource, start.nodes):
                used[layer] += amount
    return used


def room(resource: Resource, used: Sequence[int], layer: int, amount: int) -> bool:
    """Whether `layer` can take `amount` more."""
    capacity = resource.layers[layer].capacity
    return capacity == INFINITE or capacity - used[layer] >= amount


def charge_mode_1(starts: Starts, resource: Resource) -> dict[str, int] | None:
    """The layer that each requesting job is charged in; None if some job finds none.

    26.11 charges, in queue order, the first overlapping layer of the file with enough left.
    Documented is that some layer with enough left is charged: any assignment that fits will do.

    Raises
    ------
    Undecided
        When the search over assignments exceeds its limit.
    """
    requests = [
        (start, requested(start.job, resource), overlapping(resource, start.nodes))
        for start in starts
        if requested(start.job, resource)
    ]
    charges = _first_fit(requests, resource, used_before(starts.instance, resource))
    if charges is not None or starts.legality is Legality.SLURM_26_11:
        return charges
    return _search(requests, resource, used_before(starts.instance, resource))


_Request = tuple[Start, int, list[int]]


def _first_fit(
    requests: list[_Request], resource: Resource, used: list[int]
) -> dict[str, int] | None:
    charges: dict[str, int] = {}
    for start, amount, layers in requests:
        layer = next((layer for layer in layers if room(resource, used, layer, amount)), None)
        if layer is None:
            return None
        used[layer] += amount
        charges[start.job.job_id] = layer
    return charges


def _search(
    requests: list[_Request], resource: Resource, used: list[int]
) -> dict[str, int] | None:
    """Depth-first search over assignments, large requests and few choices first.

    Iterative, as a plan may start more jobs than Python has frames.
    """
    order = sorted(requests, key=lambda request: (-request[1], len(request[2])))
    dead: set[tuple[int, tuple[int, ...]]] = set()
    charged: list[int] = []
    stack = [iter(order[0][2])]
    steps = 0
    while stack:
        steps += 1
        if steps > SEARCH_LIMIT:
            raise Undecided(f"{resource.name}: too many ways to charge its layers")
        amount = order[len(stack) - 1][1]
        layer = next((each for each in stack[-1] if room(resource, used, each, amount)), None)
        if layer is None:
            dead.add((len(stack), tuple(used)))
            stack.pop()
            if charged:
                used[charged.pop()] -= order[len(stack) - 1][1]
            continue
        if len(stack) == len(order):
            layers = [*charged, layer]
            jobs = (start.job.job_id for start, _, _ in order)
            return dict(zip(jobs, layers, strict=True))
        used[layer] += amount
        if (len(stack) + 1, tuple(used)) in dead:
            used[layer] -= amount
            continue
        charged.append(layer)
        stack.append(iter(order[len(stack)][2]))
    return None
