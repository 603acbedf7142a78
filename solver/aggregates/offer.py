"""What an instance offers and who asks for it: the input of a master."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...models.instance import Instance
from ...models.plan import PlanOptions
from ...models.topology import BlockTopology
from ..binding import binding_layers
from ..objective import job_values
from ..options import OptionBuilder
from ..shapes import Shape, group_shapes
from .demands import slots_and_demands
from .master import Master
from .regions import Regions, build_regions
from .slots import Demand, Slot


@dataclass(frozen=True)
class Offer:
    """Regions of an instance, the slots in them, and the shapes of jobs that demand these."""

    instance: Instance
    options: PlanOptions
    shapes: list[Shape]
    slots: list[Slot]
    demands: list[Demand]
    regions: Regions

    def master(self, regions: Regions, values: Sequence[int] | None = None) -> Master:
        """The linear program over these regions, or over one of each kind of them.

        Parameters
        ----------
        values
            Of starts, per job; by default those of the objective.
        """
        jobs = self.instance.jobs
        values = values or job_values(self.instance, self.options.objective)
        ids = [job.job_id for job in jobs]
        return Master(regions, self.slots, self.shapes, self.demands, values, ids)


def offer_of(instance: Instance, options: PlanOptions, *, span: int | None = None) -> Offer | None:
    """None where no job has a chance; `span` as in `build_regions`."""
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
    regions = build_regions(instance, topology, slots, usable, binding, span=span)
    return Offer(instance, options, shapes, slots, demands, regions)
