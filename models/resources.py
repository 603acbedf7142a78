"""Hierarchical resources (resources.yaml) and power caps: one mechanism for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

INFINITE = -1


class Mode(IntEnum):
    """How a layer constrains and is charged (slurm_semantics 5.3)."""

    MODE_1 = 1
    MODE_2 = 2
    MODE_3 = 3


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a resource.

    Attributes
    ----------
    nodes
        Node indices it covers.
    count
        Configured amount; INFINITE (-1) never constrains.
    base
        Amount used before any job: of this layer and, under MODE_3, of all layers below it.
    name
        Label for people: the hostlist as written, or a power layer's own name.
    """

    nodes: frozenset[int]
    count: int
    base: int = 0
    name: str = ""

    @property
    def capacity(self) -> int:
        """What jobs may use together, or INFINITE."""
        return INFINITE if self.count < 0 else self.count - self.base


@dataclass(frozen=True)
class Resource:
    """A hierarchical resource; layers in file order (MODE_1 charges in that order).

    Attributes
    ----------
    name
        Name that jobs request, as in ``--licenses=name:count``.
    mode
        MODE_1, MODE_2 or MODE_3.
    layers
        In file order.
    variables
        Named counts that a request may use instead of a number.
    topology
        The topology that a MODE_3 resource is mapped to, if any.
    unit
        ``W`` for power caps in watts: charged to every job by its draw, requested or not.
    idle_w
        Watts of a node that is up without a job; only with unit ``W``.
    """

    name: str
    mode: Mode
    layers: tuple[Layer, ...]
    variables: Mapping[str, int] = field(default_factory=dict)
    topology: str | None = None
    unit: str | None = None
    idle_w: int = 0

    @property
    def is_power(self) -> bool:
        """Whether this is a cap in watts, which every job draws on without asking."""
        return self.unit == "W"

    @cached_property
    def layers_of(self) -> dict[int, tuple[int, ...]]:
        """Node index to the indices of all layers containing it, in file order."""
        containing: dict[int, list[int]] = {}
        for index, layer in enumerate(self.layers):
            for node in layer.nodes:
                containing.setdefault(node, []).append(index)
        return {node: tuple(layers) for node, layers in containing.items()}
