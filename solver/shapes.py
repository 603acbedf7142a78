"""Shapes: jobs that nothing distinguishes in placement are counted, not listed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from ..models.instance import Instance
from ..models.resources import Mode
from ..models.topology import BlockTopology
from .options import Option, OptionBuilder, requests_mode, small_unit


@dataclass(frozen=True)
class Shape:
    """Jobs with equal options.

    Attributes
    ----------
    jobs
        Positions in ``instance.jobs``, ascending: the highest priority first.
    options
        The options of its first job; the others' differ in the job only.
    """

    jobs: tuple[int, ...]
    options: tuple[Option, ...]


def group_shapes(
    instance: Instance, builder: OptionBuilder, *, per_job: bool = False
) -> list[Shape]:
    """Shapes of all jobs that have an option.

    Parameters
    ----------
    per_job
        Give every job a shape of its own (a term of the score counts something per job).
    """
    groups: dict[Hashable, list[int]] = {}
    options_of: dict[Hashable, tuple[Option, ...]] = {}
    for index, job in enumerate(instance.jobs):
        options = tuple(builder.options(job))
        if not options:
            continue
        key: Hashable = tuple(option.key for option in options)
        if per_job or any(needs_identity(instance, option) for option in options):
            key = (key, index)
        groups.setdefault(key, []).append(index)
        options_of.setdefault(key, options)
    return [Shape(tuple(jobs), options_of[key]) for key, jobs in groups.items()]


def needs_identity(instance: Instance, option: Option) -> bool:
    """Whether a constraint speaks of this very job, so that it cannot be counted with others."""
    if option.holds_sites or option.required or option.max_leaves is not None:
        return True
    if requests_mode(instance, option.job, Mode.MODE_1):
        return True
    if requests_mode(instance, option.job, Mode.MODE_2):
        return True
    if option.is_flat or option.is_one_node or small_unit(option):
        return False
    topology = option.topology
    if isinstance(topology, BlockTopology):
        limits = topology.unit_limits(option.units.size)
        return limits.is_limited or option.one_per_site
    return False
