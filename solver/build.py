"""The placement model of an instance, put together from its parts."""

from __future__ import annotations

from ..models.errors import RackwrightError
from ..models.instance import Instance
from ..models.plan import PlanOptions
from ..models.score import capacity_mix
from .cuts import add_region_cuts
from .holds import exclusive_wanted
from .layout import MERGE_THRESHOLD, build_layout
from .model import PlacementModel
from .options import OptionBuilder
from .packing import pack
from .resources import limit_resources
from .shapes import Shape, group_shapes
from .units import place_units


class TooLarge(RackwrightError):
    """The whole model would be too large; a relaxation and neighbourhoods have to do."""


def build_model(
    instance: Instance,
    options: PlanOptions,
    merge_threshold: int = MERGE_THRESHOLD,
    most_pairs: int | None = None,
) -> PlacementModel:
    """The placement model of an instance; `later_terms` adds what only the later terms need.

    Parameters
    ----------
    merge_threshold
        See `layout.build_layout`.
    most_pairs
        Of lanes and options; beyond it the model would be too large.

    Raises
    ------
    TooLarge
        Before anything is built.
    """
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
    num_options = sum(len(shape.options) for shape in shapes)
    if most_pairs is not None and len(layout.lanes) * num_options > most_pairs:
        raise TooLarge(f"{len(layout.lanes)} lanes and {num_options} options")
    model = PlacementModel(instance, options, layout)
    _fill(model, shapes)
    return model


def build_relaxation(instance: Instance, options: PlanOptions) -> PlacementModel:
    """A far smaller model of which every legal plan is a solution: it bounds the first term.

    Units larger than a base block and consolidated jobs may use any base blocks, layers over small
    parts of the cluster are left out.
    """
    builder = OptionBuilder(instance, options.legality)
    shapes = group_shapes(instance, builder)
    layout = build_layout(
        instance, builder, shapes, (), locality=False, balance_power=False, is_relaxed=True
    )
    model = PlacementModel(instance, options, layout, is_relaxed=True)
    _fill(model, shapes)
    add_region_cuts(model)
    return model


def _fill(model: PlacementModel, shapes: list[Shape]) -> None:
    model.add_shapes(shapes)
    place_units(model)
    exclusive_wanted(model)
    pack(model)
    limit_resources(model)
