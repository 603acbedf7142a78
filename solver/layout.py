"""The layout: lanes of every topology, as fine as the shapes and the score need, and no finer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from ..models.instance import Instance
from ..models.topology import BlockTopology, RingTopology, Topology, TorusTopology, TreeTopology
from .binding import binding_layers, large_layers
from .bins import OUTSIDE, Bin, Lane, Signature, bins_of
from .capping import Capping
from .headroom import UNCAPPED
from .options import Option, OptionBuilder, small_unit
from .shapes import Shape

# Two or three bins cost less as single equations than as a flow over all their remainders.
MERGE_THRESHOLD = 4
ALL_SINGLE = 1 << 30


@dataclass(frozen=True)
class Layout:
    """Lanes and how to find them.

    Attributes
    ----------
    lanes
        All lanes of all topologies.
    usable
        Per topology, the nodes that are free and in no held unit.
    binding
        ``(resource, layer)`` positions that the shapes could exceed.
    in_flows
        Those of them that flows keep by the headrooms of their bins.
    """

    lanes: tuple[Lane, ...]
    usable: tuple[frozenset[int], ...]
    binding: tuple[tuple[int, int], ...]
    in_flows: frozenset[tuple[int, int]] = frozenset()

    @cached_property
    def _lanes_of(self) -> dict[int, list[Lane]]:
        lanes: dict[int, list[Lane]] = defaultdict(list)
        for lane in self.lanes:
            lanes[lane.topology_index].append(lane)
        return lanes

    def of(self, topology_index: int) -> list[Lane]:
        """Lanes of one topology."""
        return self._lanes_of.get(topology_index, [])

    @cached_property
    def _lanes_at(self) -> dict[tuple[int, int], list[Lane]]:
        sites: dict[tuple[int, int], list[Lane]] = defaultdict(list)
        for lane in self.lanes:
            if lane.is_single and lane.site != OUTSIDE:
                sites[lane.topology_index, lane.site].append(lane)
        return sites

    def at_site(self, topology_index: int, site: int) -> list[Lane]:
        """Single lanes of one site: one, or the arcs of a ring."""
        return self._lanes_at.get((topology_index, site), [])


def build_layout(
    instance: Instance,
    builder: OptionBuilder,
    shapes: Sequence[Shape],
    mix: Sequence[tuple[int, int]],
    *,
    locality: bool,
    balance_power: bool,
    merge_threshold: int = MERGE_THRESHOLD,
    is_relaxed: bool = False,
) -> Layout:
    """Cut all topologies into lanes.

    Parameters
    ----------
    shapes
        What is to be placed; decides which aggregates, layers and nodes have to be told apart.
    mix
        Sizes of the usable-capacity term.
    locality
        Whether the aggregates of the lowest level matter.
    balance_power
        Whether the headroom of every layer matters, not only of those that could be exceeded.
    merge_threshold
        Bins from which a lane is kept as one flow; smaller lanes become single bins.
    is_relaxed
        Do not tell aggregates apart, nor layers that cover only a small part of the cluster.
    """
    options = [option for shape in shapes for option in shape.options]
    topologies = instance.cluster.topologies
    usable = tuple(instance.free - builder.held(topology) for topology in topologies)
    bins: list[Bin] = []
    for index, topology in enumerate(topologies):
        reaching = [
            option.candidates
            for option in options
            if option.topology_index == index and (option.is_flat or option.is_one_node)
        ]
        outside = frozenset().union(*reaching) if reaching else frozenset()
        bins += bins_of(instance, topology, index, usable[index], outside)
    binding = binding_layers(instance, options, usable, balance_power)
    # How much is left of every layer is no longer told once bins of a flow share their layers.
    capping = Capping(
        instance, options, bins, binding, is_wanted=not balance_power, is_relaxed=is_relaxed
    )
    if is_relaxed:
        large = large_layers(instance, binding)
        binding = tuple(each for each in binding if each in capping.private or each in large)
    shared = [each for each in binding if each not in capping.private]
    signatures = _signatures(instance, options, bins, shared)
    ties = [
        _Ties(topology, index, options, mix, locality, is_relaxed)
        for index, topology in enumerate(topologies)
    ]
    lanes, in_flows = _group(bins, signatures, ties, topologies, merge_threshold, capping)
    return Layout(tuple(lanes), usable, binding, in_flows)


class _Ties:
    """What distinguishes the bins of one topology besides their free count."""

    def __init__(
        self,
        topology: Topology,
        index: int,
        options: Iterable[Option],
        mix: Sequence[tuple[int, int]],
        locality: bool,
        is_relaxed: bool,
    ) -> None:
        own = [option for option in options if option.topology_index == index]
        self.topology = topology
        self.holds = any(option.holds_sites for option in own)
        self.singles = any(option.max_leaves is not None for option in own)
        self.required = frozenset().union(*(option.required for option in own))
        self.contiguous = any(option.is_flat and option.job.contiguous for option in own)
        self.span = None if is_relaxed else self._span(own, mix, locality)

    def _span(
        self, options: Iterable[Option], mix: Sequence[tuple[int, int]], locality: bool
    ) -> int | None:
        """Base blocks of the smallest aggregate that something is tied to; None: to none."""
        topology = self.topology
        if not isinstance(topology, BlockTopology):
            return None
        spans: set[int] = set()

        def tie(unit_size: int) -> None:
            limits = topology.unit_limits(unit_size)
            if not limits.is_top:
                spans.add(limits.region_span)
            if limits.is_limited:
                spans.add(limits.lower_span)

        for size, _ in mix:
            if size > topology.base_size:
                tie(size)
        for option in options:
            units = option.units
            if option.is_flat or option.is_one_node:
                continue
            if not small_unit(option):
                tie(units.size)
                if units.spreads:
                    spans.add(1)
            if units.consolidates:
                spans.add(topology.consolidate_span(units.count, units.size, units.spreads))
        if locality and len(topology.levels) > 1:
            spans.add(1 << topology.levels[1])
        return min(spans, default=None)

    def tie_of(self, bin_: Bin) -> object:
        """Bins with different ties never share a lane."""
        tie: list[object] = [bin_.site == OUTSIDE]
        if self.span is not None:
            tie.append(bin_.site // self.span)
        if self.holds:
            tie.append(bin_.is_job_free)
        if isinstance(self.topology, TreeTopology):
            nodes = bin_.nodes[:1]
            tie.append(
                tuple(r for r in self.topology.roots if self.topology.members[r].issuperset(nodes))
            )
            tie.append(bin_.site)
        return tuple(tie)

    def is_windowed(self, bin_: Bin, signatures: dict[int, Signature]) -> bool:
        """Whether positions inside the bin matter beyond its count."""
        if isinstance(self.topology, TorusTopology):
            return bin_.site != OUTSIDE or self.contiguous
        if isinstance(self.topology, RingTopology) and bin_.site != OUTSIDE:
            num_cells = len(set(map(signatures.__getitem__, bin_.nodes)))
            return num_cells > 1 or self.contiguous or not self.required.isdisjoint(bin_.nodes)
        return self.contiguous


def _group(
    bins: Sequence[Bin],
    signatures: dict[int, Signature],
    ties: Sequence[_Ties],
    topologies: Sequence[Topology],
    merge_threshold: int,
    capping: Capping,
) -> tuple[list[Lane], frozenset[tuple[int, int]]]:
    """All lanes, and the private layers of the bins that share one."""
    arcs_at: dict[tuple[int, int], int] = defaultdict(int)
    topologies_of: dict[int, int] = defaultdict(int)
    is_shared_possible = len(topologies) > 1
    for bin_ in bins:
        arcs_at[bin_.topology_index, bin_.site] += 1
        if is_shared_possible:
            for node in bin_.nodes:
                topologies_of[node] += 1
    windowed = [False] * len(bins)
    is_settled = False
    while not is_settled:
        # Telling the nodes of one bin apart may cut a bin of another topology into cells.
        is_settled = True
        for position, bin_ in enumerate(bins):
            if windowed[position]:
                continue
            if ties[bin_.topology_index].is_windowed(bin_, signatures):
                windowed[position] = True
                is_settled = False
                signatures.update({node: ("node", node) for node in bin_.nodes})
    groups: dict[object, list[int]] = {}
    cells_of: list[dict[Signature, tuple[int, ...]]] = []
    for position, bin_ in enumerate(bins):
        tie = ties[bin_.topology_index]
        cells = _cells(bin_, signatures)
        is_single = (
            windowed[position]
            or len(cells) > 1
            or tie.singles
            or tie.span == 1
            or bin_.site == OUTSIDE
            or arcs_at[bin_.topology_index, bin_.site] > 1
            or (bool(tie.required) and not tie.required.isdisjoint(bin_.nodes))
            or (is_shared_possible and any(topologies_of[node] > 1 for node in bin_.nodes))
        )
        cells_of.append(cells)
        key: object = ("single", position)
        if not is_single:
            resource = capping.resource(position)
            key = (bin_.topology_index, next(iter(cells)), tie.tie_of(bin_), resource)
        groups.setdefault(key, []).append(position)
    lanes: list[Lane] = []
    in_flows: set[tuple[int, int]] = set()
    for alike in groups.values():
        # Fewer bins than the threshold stay apart, and so do their layers.
        is_flow = len(alike) >= max(merge_threshold, 2)
        for members, cap in capping.divide(alike) if is_flow else [(alike, UNCAPPED)]:
            topology_index = bins[members[0]].topology_index
            if len(members) < max(merge_threshold, 2):
                for position in members:
                    lane = Lane(len(lanes), topology_index, [bins[position]], cells_of[position])
                    lane.is_windowed = windowed[position]
                    lanes.append(lane)
                continue
            merged = [capping.bin(position, cap) for position in members]
            sample = cells_of[members[0]]
            lanes.append(Lane(len(lanes), topology_index, merged, sample, cap=cap))
            in_flows.update(capping.layers(members))
    return lanes, frozenset(in_flows)


def _cells(bin_: Bin, signatures: dict[int, Signature]) -> dict[Signature, tuple[int, ...]]:
    """Nodes of a bin by what distinguishes them."""
    found = dict.fromkeys(map(signatures.__getitem__, bin_.nodes))
    if len(found) == 1:
        return dict.fromkeys(found, bin_.nodes)
    return {
        signature: tuple(node for node in bin_.nodes if signatures[node] == signature)
        for signature in found
    }


def _signatures(
    instance: Instance,
    options: Sequence[Option],
    bins: Sequence[Bin],
    binding: Sequence[tuple[int, int]],
) -> dict[int, Signature]:
    """What distinguishes a usable node from its neighbours in a bin."""
    resources = instance.cluster.resources
    sets: dict[int, frozenset[int]] = {}
    for option in options:
        sets.setdefault(id(option.candidates), option.candidates)
        if option.required:
            sets.setdefault(id(option.required), option.required)
    masks = dict.fromkeys(chain.from_iterable(bin_.nodes for bin_ in bins), 0)
    for bit, nodes in enumerate(sets.values()):
        flag = 1 << bit
        if nodes.issuperset(masks):
            continue  # no difference
        for node in nodes:
            if node in masks:
                masks[node] |= flag
    draws = [resource for resource in resources if resource.is_power]
    covering: dict[int, list[int]] = defaultdict(list)
    for position, (resource, layer) in enumerate(binding):
        for node in resources[resource].layers[layer].nodes & masks.keys():
            covering[node].append(position)
    shared: dict[int, list[tuple[int, int]]] = {}
    if len(instance.cluster.topologies) > 1:
        shared = defaultdict(list)
        for position, bin_ in enumerate(bins):
            for node in bin_.nodes:
                shared[node].append((bin_.topology_index, position))
    if not (draws or binding or shared):
        return dict(masks)
    return {
        node: (
            mask,
            tuple(covering[node]),
            instance.cluster.nodes[node].power_w if draws else 0,
            tuple(shared[node]) if shared and len(shared[node]) > 1 else (),
        )
        for node, mask in masks.items()
    }
