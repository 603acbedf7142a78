"""Hierarchical resources and power caps over time: exact intervals above the capacity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..instance import Instance
from ..resources import INFINITE, Mode, Resource
from ..rules.usage import draw_w, overlapping, requested
from .findings import Finding, Kind, Severity, nodes_in_words
from .history import Era
from .layers_mode_1 import LayerChoice

RULE_OF_MODE = {Mode.MODE_1: "mode_1", Mode.MODE_2: "mode_2", Mode.MODE_3: "mode_3"}


@dataclass(frozen=True, slots=True)
class Charge:
    """What one allocation adds to one layer while it lasts."""

    index: int  # of the allocation; -1 for nodes that are down
    layer: int
    amount: int
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Step:
    """Use of a layer from `start_s` on, until the next step."""

    start_s: int
    used: int


def layer_findings(era: Era) -> Iterator[Finding]:
    """Every interval with a layer above its capacity, and every job without a layer."""
    instance = Instance(era.cluster)
    for resource in era.cluster.resources:
        yield from _uncovered(era, resource)
        if resource.mode is Mode.MODE_1 and not resource.is_power:
            yield from _mode_1_excesses(era, resource)
            continue
        charges = list(charges_of(era, instance, resource))
        by_layer: dict[int, list[Charge]] = {}
        for charge in charges:
            by_layer.setdefault(charge.layer, []).append(charge)
        for layer, its_charges in sorted(by_layer.items()):
            yield from _over(era, resource, layer, its_charges)


def charges_of(era: Era, instance: Instance, resource: Resource) -> Iterator[Charge]:
    """Charges of all allocations on the layers of one resource, by start.

    Parameters
    ----------
    era
        Allocations of one cluster.
    instance
        Of the era's cluster; tells what a job draws on a node.
    resource
        MODE_2, MODE_3 or power: MODE_1 leaves the choice of a layer open (`layers_mode_1`).
    """
    if resource.is_power:
        yield from _power_charges(era, instance, resource)
    else:
        for index, allocation in enumerate(era.allocations):
            amount = requested(allocation.record.job, resource)
            if not amount:
                continue
            for layer in overlapping(resource, allocation.nodes):
                nodes = resource.layers[layer].nodes
                is_per_node = resource.mode is Mode.MODE_3
                times = sum(node in nodes for node in allocation.nodes) if is_per_node else 1
                span = (allocation.start_s, allocation.end_s)
                yield Charge(index, layer, amount * times, *span)


def _power_charges(era: Era, instance: Instance, resource: Resource) -> Iterator[Charge]:
    """Watts above idle; `usage_over_time` starts from the idle draw of all nodes.

    A node that is down draws nothing: its idle watts are taken off again.
    """
    for absence in era.absences:
        if absence.outage.is_off and resource.idle_w:
            for layer, number in _per_layer(resource, absence.nodes).items():
                amount = -resource.idle_w * number
                yield Charge(-1, layer, amount, absence.start_s, absence.end_s)
    for index, allocation in enumerate(era.allocations):
        watts: dict[int, int] = {}
        for node in allocation.nodes:
            draw = draw_w(instance, allocation.record.job, node, resource) - resource.idle_w
            for layer in resource.layers_of.get(node, ()):
                watts[layer] = watts.get(layer, 0) + draw
        for layer, amount in watts.items():
            yield Charge(index, layer, amount, allocation.start_s, allocation.end_s)


def _per_layer(resource: Resource, nodes: Iterable[int]) -> dict[int, int]:
    """Number of `nodes` in each layer that has any."""
    counts: dict[int, int] = {}
    for node in nodes:
        for layer in resource.layers_of.get(node, ()):
            counts[layer] = counts.get(layer, 0) + 1
    return counts


def usage_over_time(
    resource: Resource, layer: int, charges: Iterable[Charge], start_s: int
) -> list[Step]:
    """Use of one layer, `base` not included, idle draw included: one step per change."""
    idle = resource.idle_w * len(resource.layers[layer].nodes) if resource.is_power else 0
    changes: dict[int, int] = {}
    for charge in charges:
        if charge.end_s > charge.start_s:
            changes[charge.start_s] = changes.get(charge.start_s, 0) + charge.amount
            changes[charge.end_s] = changes.get(charge.end_s, 0) - charge.amount
    steps = [Step(start_s, idle)]
    used = idle
    for instant in sorted(changes):
        used += changes[instant]
        if instant <= start_s:
            steps[0] = Step(start_s, used)
        elif used != steps[-1].used:
            steps.append(Step(instant, used))
    return steps


def _over(era: Era, resource: Resource, layer: int, charges: list[Charge]) -> Iterator[Finding]:
    capacity = resource.layers[layer].capacity
    if capacity == INFINITE:
        return
    steps = usage_over_time(resource, layer, charges, era.start_s)
    since: int | None = None
    peak = 0
    for step, end_s in zip(steps, [*(s.start_s for s in steps[1:]), era.end_s], strict=True):
        if step.used > capacity:
            since = step.start_s if since is None else since
            peak = max(peak, step.used)
            if end_s < era.end_s:
                continue
            finish = end_s
        elif since is None:
            continue
        else:
            finish = step.start_s
        if since is not None:
            yield _excess(era, resource, layer, charges, (since, finish), peak)
        since, peak = None, 0


def _excess(
    era: Era,
    resource: Resource,
    layer: int,
    charges: list[Charge],
    span: tuple[int, int],
    peak: int,
) -> Finding:
    """One interval; at fault are the jobs that started while it was, or went, above the cap."""
    start_s, end_s = span
    holding = [c for c in charges if c.start_s < end_s and c.end_s > start_s and c.amount > 0]
    at_fault = [c for c in holding if c.start_s >= start_s]
    bystanders = [c for c in holding if c.start_s < start_s]
    ordered = [era.allocations[c.index] for c in (*at_fault, *bystanders)]
    worst = ordered[0]
    name = resource.layers[layer].name or str(layer)
    unit = f" {resource.unit}" if resource.unit else ""
    layer_nodes = resource.layers[layer].nodes
    nodes = sorted({node for a in ordered for node in a.nodes if node in layer_nodes})
    return Finding(
        kind=Kind.LEGALITY,
        rule="power" if resource.is_power else RULE_OF_MODE[resource.mode],
        severity=Severity.ERROR,
        jobs=tuple(dict.fromkeys(allocation.job_id for allocation in ordered)),
        nodes=tuple(nodes),
        start_s=start_s,
        end_s=end_s,
        message=(
            f"{resource.name} layer {name} up to {peak} of {resource.layers[layer].capacity}{unit}"
        ),
        partition=worst.partition,
        user=worst.record.job.user,
        num_nodes=len(worst.nodes),
    )


def _mode_1_excesses(era: Era, resource: Resource) -> Iterator[Finding]:
    """Starts for which no layer had room, whatever layers the other jobs were charged in."""
    choice = LayerChoice(resource)
    for index, allocation in enumerate(era.allocations):
        amount = requested(allocation.record.job, resource)
        layers = overlapping(resource, allocation.nodes)
        if not amount or not layers or allocation.end_s <= allocation.start_s:
            continue
        if choice.charge(index, amount, layers, (allocation.start_s, allocation.end_s)):
            continue
        others = [era.allocations[other].job_id for other in choice.running() if other != index]
        yield Finding(
            kind=Kind.LEGALITY,
            rule=RULE_OF_MODE[resource.mode],
            severity=Severity.ERROR,
            jobs=(allocation.job_id, *others),
            nodes=allocation.nodes,
            start_s=allocation.start_s,
            end_s=allocation.end_s,
            message=f"no layer of {resource.name} had {amount} left to charge",
            partition=allocation.partition,
            user=allocation.record.job.user,
            num_nodes=len(allocation.nodes),
        )


def _uncovered(era: Era, resource: Resource) -> Iterator[Finding]:
    """Nodes whose layers can never serve the request: outside all, or too small (5.1, 5.3)."""
    if resource.is_power:
        return
    is_any = resource.mode is Mode.MODE_1
    for allocation in era.allocations:
        amount = requested(allocation.record.job, resource)
        if not amount or not allocation.is_start:
            continue
        poor = []
        for node in allocation.nodes:
            capacities = [
                resource.layers[layer].capacity for layer in resource.layers_of.get(node, ())
            ]
            enough = [capacity == INFINITE or capacity >= amount for capacity in capacities]
            if not enough or (is_any and not any(enough)):
                poor.append(node)
        if poor:
            yield Finding(
                kind=Kind.LEGALITY,
                rule=RULE_OF_MODE[resource.mode],
                severity=Severity.ERROR,
                jobs=(allocation.job_id,),
                nodes=tuple(poor),
                start_s=allocation.start_s,
                end_s=allocation.end_s,
                message=(
                    f"{nodes_in_words(len(poor))} in no layer of {resource.name} that has {amount}"
                ),
                partition=allocation.partition,
                user=allocation.record.job.user,
                num_nodes=len(allocation.nodes),
            )
