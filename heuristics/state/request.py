"""What a job asks of hierarchical resources, sorted by the way it is charged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...models.job import Job
from ...models.resources import Mode, Resource
from ...models.rules.usage import requested


@dataclass(frozen=True, slots=True)
class Request:
    """A job's requests by resource index (slurm_semantics 5.3).

    Attributes
    ----------
    per_node
        ``(index, amount)`` charged for every node in every layer containing it: MODE_3, and
        watts, where amount None is the node's own profile.
    once
        ``(index, amount)`` of MODE_2, charged once in every layer touched.
    single
        ``(index, amount)`` of MODE_1, charged once in one layer.
    """

    per_node: tuple[tuple[int, int | None], ...] = ()
    once: tuple[tuple[int, int], ...] = ()
    single: tuple[tuple[int, int], ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether closed layers take nodes out of the candidates beforehand."""
        return bool(self.once or self.single)


NO_REQUEST = Request()
_MAX_CLASSES = 6


def request_of(job: Job, resources: tuple[Resource, ...]) -> Request:
    """The requests of `job`; a cap in watts concerns every job (interfaces.md, Power)."""
    per_node: list[tuple[int, int | None]] = []
    once: list[tuple[int, int]] = []
    single: list[tuple[int, int]] = []
    for index, resource in enumerate(resources):
        amount = requested(job, resource)
        if resource.is_power:
            drawn = job.power_w if job.power_w is not None else amount or None
            per_node.append((index, None if drawn is None else drawn - resource.idle_w))
        elif amount <= 0:
            continue
        elif resource.mode is Mode.MODE_3:
            per_node.append((index, amount))
        elif resource.mode is Mode.MODE_2:
            once.append((index, amount))
        else:
            single.append((index, amount))
    return Request(tuple(per_node), tuple(once), tuple(single))


def request_classes(requests: Iterable[Request]) -> dict[Request, Request]:
    """Each request's class: itself while there are few, else the largest of similar ones.

    An index of what every block can serve is kept per class, and a thousand jobs may ask for a
    thousand different powers.
    """
    by_shape: dict[tuple[tuple[int, bool], ...], set[Request]] = {}
    for request in requests:
        shape = tuple((index, amount is None) for index, amount in request.per_node)
        by_shape.setdefault(shape, set()).add(request)
    classes: dict[Request, Request] = {}
    for members in by_shape.values():
        ordered = sorted(members, key=lambda request: _amounts(request))
        width = -(-len(ordered) // _MAX_CLASSES)
        for start in range(0, len(ordered), width):
            group = ordered[start : start + width]
            largest = tuple(map(max, zip(*map(_amounts, group), strict=True)))
            per_node = tuple(
                (index, None if amount is None else most)
                for (index, amount), most in zip(group[0].per_node, largest, strict=True)
            )
            classes.update(dict.fromkeys(group, Request(per_node)))
    return classes


def _amounts(request: Request) -> tuple[int, ...]:
    return tuple(amount or 0 for _, amount in request.per_node)
