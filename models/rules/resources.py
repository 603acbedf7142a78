"""Hierarchical resources and power caps (slurm_semantics 5.3, interfaces.md Power)."""

from __future__ import annotations

from collections.abc import Iterator

from ..instance import Instance
from ..job import Job
from ..legality import Legality
from ..resources import INFINITE, Mode, Resource
from .start import Finding, Start, Starts
from .usage import (
    charge_mode_1,
    draw_w,
    overlapping,
    requested,
    room,
    used_after,
    used_before,
)


def _requesting(starts: Starts, mode: Mode) -> Iterator[tuple[Resource, list[tuple[Start, int]]]]:
    """Every resource of `mode`, with the starts that request it and how much."""
    for resource in starts.instance.cluster.resources:
        if resource.mode is mode and not resource.is_power:
            amounts = ((start, requested(start.job, resource)) for start in starts)
            yield resource, [(start, amount) for start, amount in amounts if amount]


def _uncovered(resource: Resource, start: Start) -> str | None:
    """Nodes outside all layers never serve a request, in any mode (5.1)."""
    outside = [node for node in start.nodes if node not in resource.layers_of]
    return f"{start.names(outside)} in no layer of {resource.name}" if outside else None


def license_amount(start: Start) -> str | None:
    """26.11 refuses, at submission, a count above the first listed layer of a resource (5.2)."""
    resource = refusing_resource(start.instance, start.job, start.legality)
    if resource is None:
        return None
    asked, first = requested(start.job, resource), resource.layers[0].capacity
    return f"asks for {asked} of {resource.name}, whose first layer has {first}"


def refusing_resource(instance: Instance, job: Job, legality: Legality) -> Resource | None:
    """The resource that makes Slurm 26.11 refuse `job` for ever, whatever other layers have.

    MODE_1 and MODE_2 only: under MODE_3 the layer looked at is the root, which all nodes need.
    """
    if legality is not Legality.SLURM_26_11 or not job.licenses:
        return None
    for resource in instance.cluster.resources:
        if resource.mode is Mode.MODE_3 or resource.is_power or not resource.layers:
            continue
        first = resource.layers[0].capacity
        if first != INFINITE and requested(job, resource) > first:
            return resource
    return None


def mode_1(starts: Starts) -> Iterator[Finding]:
    """MODE_1: every node in some sufficient layer, and one overlapping layer charged once.

    Sufficient in the start state under `documented`; under 26.11 at the job's turn, as Slurm
    starts jobs one by one.
    """
    for resource, requests in _requesting(starts, Mode.MODE_1):
        if not requests:
            continue
        charges = charge_mode_1(starts, resource)
        used = used_before(starts.instance, resource)
        for start, amount in requests:
            missing = _uncovered(resource, start)
            poor = [
                node
                for node in start.nodes
                if not any(
                    room(resource, used, layer, amount)
                    for layer in resource.layers_of.get(node, ())
                )
            ]
            if missing or poor:
                scarce = f"{start.names(poor)} without {amount} left of {resource.name}"
                yield start.job.job_id, missing or scarce
            if charges is not None and starts.legality is Legality.SLURM_26_11:
                used[charges[start.job.job_id]] += amount
        if charges is None:
            yield _first_uncharged(starts, resource, requests)


def _first_uncharged(
    starts: Starts, resource: Resource, requests: list[tuple[Start, int]]
) -> Finding:
    """The first request of the queue order that finds no layer when charged as Slurm does."""
    used = used_before(starts.instance, resource)
    for start, amount in requests:
        layers = overlapping(resource, start.nodes)
        layer = next((layer for layer in layers if room(resource, used, layer, amount)), None)
        if layer is None:
            return start.job.job_id, f"no layer of {resource.name} has {amount} left to charge"
        used[layer] += amount
    raise AssertionError("every request was charged, yet charging failed")


def mode_2(starts: Starts) -> Iterator[Finding]:
    """MODE_2: every overlapping layer is charged once and holds all charges."""
    for resource, requests in _requesting(starts, Mode.MODE_2):
        yield from _within(starts, resource, requests)


def mode_3(starts: Starts) -> Iterator[Finding]:
    """MODE_3: in every layer, request times nodes, over all jobs, stays within the count."""
    for resource, requests in _requesting(starts, Mode.MODE_3):
        yield from _within(starts, resource, requests)


def power(starts: Starts) -> Iterator[Finding]:
    """Power: in every layer, the draw of all jobs and idle nodes stays within the cap."""
    for resource in starts.instance.cluster.resources:
        if resource.is_power:
            drawing = [
                (start, max(draw_w(starts.instance, start.job, n, resource) for n in start.nodes))
                for start in starts
                if start.nodes
            ]
            yield from _over(starts, resource, [start for start, draw in drawing if draw])


def _within(
    starts: Starts, resource: Resource, requests: list[tuple[Start, int]]
) -> Iterator[Finding]:
    for start, _ in requests:
        missing = _uncovered(resource, start)
        if missing:
            yield start.job.job_id, missing
    if requests:
        yield from _over(starts, resource, [start for start, _ in requests])


def _over(starts: Starts, resource: Resource, users: list[Start]) -> Iterator[Finding]:
    """A finding per job in a layer that the plan raises above its capacity.

    A layer that is over its capacity already only forbids to add to it.
    """
    before = used_before(starts.instance, resource)
    after = used_after(starts, resource)
    for index, layer in enumerate(resource.layers):
        if layer.capacity == INFINITE or after[index] <= max(layer.capacity, before[index]):
            continue
        for start in users:
            if not start.nodes.isdisjoint(layer.nodes):
                yield (
                    start.job.job_id,
                    f"{resource.name} layer {layer.name or index} would use {after[index]} "
                    f"of {layer.capacity}",
                )
