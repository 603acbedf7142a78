"""What a job asks of hierarchical resources, sorted by the way it is charged."""

from __future__ import annotations

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
