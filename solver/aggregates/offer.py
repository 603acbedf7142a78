"""What an instance offers and who asks for it: the input of a master."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import inf

from ...models.instance import Instance
from ...models.plan import PlanOptions
from ...models.score import capacity_mix
from ...models.topology import BlockTopology
from ..binding import binding_layers
from ..objective import job_values
from ..options import OptionBuilder
from ..shapes import Shape, group_shapes
from .demands import slots_and_demands
from .idle import NO_IDLE, Idle, idle_nodes, idle_slots, most_beside_waiting
from .master import Master
from .regions import Regions, build_regions
from .slots import Demand, Slot


@dataclass(frozen=True)
class Offer:
    """Regions of an instance, the slots in them, and the shapes of jobs that demand these.

    Attributes
    ----------
    values
        Per job position, what its start is worth; by default as the objective says.
    idle
        What idle nodes are worth beside that.
    highest
        What jobs are worth together at most, where that is known.
    """

    instance: Instance
    options: PlanOptions
    shapes: list[Shape]
    slots: list[Slot]
    demands: list[Demand]
    regions: Regions
    values: Sequence[int]
    idle: Idle = NO_IDLE
    highest: float = inf

    def master(self, regions: Regions) -> Master:
        """The linear program over these regions, or over one of each kind of them."""
        ids = [job.job_id for job in self.instance.jobs]
        return Master(
            regions,
            self.slots,
            self.shapes,
            self.demands,
            self.values,
            ids,
            self.idle,
            self.highest,
        )


def offer_of(
    instance: Instance,
    options: PlanOptions,
    *,
    span: int | None = None,
    waiting: Set[int] | None = None,
) -> Offer | None:
    """None where no job has a chance.

    Parameters
    ----------
    span
        As in `build_regions`.
    waiting
        If idle nodes have a worth: positions of jobs that never start.
    """
    topology = instance.cluster.topologies[0]
    assert isinstance(topology, BlockTopology)
    builder = OptionBuilder(instance, options.legality)
    shapes = group_shapes(instance, builder)
    if not shapes:
        return None
    usable = instance.free - builder.held(topology)
    all_options = [option for shape in shapes for option in shape.options]
    slots, demands = slots_and_demands(instance, topology, shapes)
    binding = binding_layers(instance, all_options, (usable,), all_finite=False)
    idle = NO_IDLE
    if waiting is not None:
        most = (
            {}
            if binding
            else most_beside_waiting(topology, shapes, demands, slots, usable, waiting)
        )
        spare = idle_slots(topology, usable, len(instance.cluster.resources))
        numbered = list(enumerate(spare, len(slots)))
        slots += spare
        idle = idle_nodes(topology, capacity_mix(instance, options), numbered, most)
    regions = build_regions(instance, topology, slots, usable, binding, span=span)
    values = job_values(instance, options.objective)
    return Offer(instance, options, shapes, slots, demands, regions, values, idle)
