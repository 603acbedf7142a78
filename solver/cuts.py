"""Inequalities that put back into a relaxation what it has left out of the aggregates.

A region of `c` usable nodes hosts at most ``c // t`` items of `t` or more nodes. Counted over all
regions of a span, for every item size `t`, this keeps a relaxation from spreading items that need
one region over many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from ortools.sat.python import cp_model

from ..models.topology import BlockTopology
from .bins import OUTSIDE
from .model import Expression, Kind, PlacementModel
from .options import small_unit


def add_region_cuts(model: PlacementModel) -> None:
    """Bound the number of items that need a region of their own, per span and size.

    An item is a unit larger than a base block, or a whole consolidated job.
    """
    groups: dict[tuple[int, int], list[tuple[int, Expression, Kind]]] = defaultdict(list)
    for kind in model.kinds:
        for span, size, count in _items(kind):
            groups[kind.option.topology_index, span].append((size, count, kind))
    for (topology_index, span), items in groups.items():
        for nodes in _scopes(items):
            inside = [item for item in items if item[2].option.candidates <= nodes]
            capacities = _capacities(model, topology_index, span, nodes)
            for threshold in sorted({size for size, _, _ in inside}):
                room = sum(capacity // threshold for capacity in capacities)
                large = [count for size, count, _ in inside if size >= threshold]
                model.cp.add(cp_model.LinearExpr.sum(large) <= room)


def _items(kind: Kind) -> Iterator[tuple[int, int, Expression]]:
    """``(span, nodes, number)`` of the items of a kind that need a region, one per span."""
    option = kind.option
    topology = option.topology
    if not isinstance(topology, BlockTopology) or option.is_flat or option.is_one_node:
        return
    units = option.units
    items: dict[int, tuple[int, Expression]] = {}
    if not small_unit(option):
        limits = topology.unit_limits(units.size)
        items[limits.region_span] = units.size, units.count * kind.started
        if limits.is_limited:
            # Some lower-level block gives at least its share of the unit.
            share = -(-units.size // limits.max_lower)
            items[limits.lower_span] = share, units.count * kind.started
    if units.consolidates:
        # The whole job is the item where its units would be items of the same span.
        span = topology.consolidate_span(units.count, units.size, units.spreads)
        items[span] = option.job.num_nodes, kind.started
    for span, (size, number) in items.items():
        yield span, size, number


def _scopes(items: list[tuple[int, Expression, Kind]]) -> list[frozenset[int]]:
    """Candidate sets to count within: each kind's own, and all together."""
    distinct = {id(kind.option.candidates): kind.option.candidates for _, _, kind in items}
    scopes = list(distinct.values())
    if len(scopes) > 1:
        scopes.append(frozenset().union(*scopes))
    return scopes


def _capacities(
    model: PlacementModel, topology_index: int, span: int, nodes: frozenset[int]
) -> list[int]:
    capacities: Counter[int] = Counter()
    for lane in model.layout.of(topology_index):
        for bin_ in lane.bins:
            if bin_.site != OUTSIDE:
                capacities[bin_.site // span] += len(nodes.intersection(bin_.nodes))
    return list(capacities.values())
