"""The placement model of an instance, put together from its parts."""

from __future__ import annotations

from ..models.instance import Instance
from ..models.plan import PlanOptions
from ..models.score import capacity_mix
from .holds import exclusive_wanted
from .layout import MERGE_THRESHOLD, build_layout
from .model import PlacementModel
from .objective import Term, later_terms
from .options import OptionBuilder
from .packing import pack
from .resources import limit_resources
from .shapes import group_shapes
from .units import place_units


def build_model(
    instance: Instance, options: PlanOptions, merge_threshold: int = MERGE_THRESHOLD
) -> tuple[PlacementModel, list[Term]]:
    """The placement model of an instance, and the later terms of its score."""
    builder = OptionBuilder(instance, options.legality)
    shapes = group_shapes(instance, builder, per_job=options.locality)
    mix = capacity_mix(instance, options)
    layout = build_layout(
        instance,
        builder,
        shapes,
        mix,
        locality=options.locality,
        balance_power=options.balance_power,
        merge_threshold=merge_threshold,
    )
    model = PlacementModel(instance, options, layout)
    model.add_shapes(shapes)
    place_units(model)
    exclusive_wanted(model)
    pack(model)
    limit_resources(model)
    return model, later_terms(model, mix)
