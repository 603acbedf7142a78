"""Sources of tiny random instances on block topologies, small enough for brute force."""

from __future__ import annotations

import random
from collections.abc import Callable

from capped_blocks import capped_instance, capped_options
from strategies import random_instance, random_options

from rackwright.models.instance import Instance
from rackwright.models.plan import PlanOptions

Source = Callable[[random.Random], tuple[Instance, PlanOptions]]


def _of_kind(kind: str) -> Source:
    return lambda rng: (random_instance(rng, kind), random_options(rng))


SOURCES: dict[str, Source] = {
    "block": _of_kind("block"),
    "mode_2": _of_kind("mode_2"),
    "mode_3": _of_kind("mode_3"),
    "power": _of_kind("power"),
    "capped": lambda rng: (capped_instance(rng), capped_options(rng)),
}
