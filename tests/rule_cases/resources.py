"""Hierarchical resources and power caps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tiny import instance, place, plan

from rackwright.models.cluster import Cluster
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.node import Node
from rackwright.models.resources import INFINITE, Layer, Mode, Resource
from rackwright.models.topology import FlatTopology

from .case import DOCUMENTED, SLURM, Case, pair

FLAT = FlatTopology("default")


def _resource(mode: Mode, *layers: tuple[range, int], base: int = 0, **fields: Any) -> Resource:
    made = tuple(Layer(frozenset(nodes), count, base) for nodes, count in layers)
    return replace(Resource("r", mode, made), **fields)


def _on_flat(resource: Resource, *jobs: Job, **state: Any) -> Instance:
    return instance(FLAT, *jobs, num_nodes=16, resources=(resource,), **state)


def _asks(job_id: str, num_nodes: int, count: int) -> Job:
    return Job(job_id, num_nodes, licenses=(("r", count),))


# S11 of slurm_semantics 9.2, smaller: a shared layer listed before two halves.
S11 = _resource(Mode.MODE_1, (range(16), 5), (range(8), 10), (range(8, 16), 10))
S12 = _resource(Mode.MODE_2, (range(8), 4), (range(8, 16), 4))
TREE = _resource(Mode.MODE_3, (range(8), 5), (range(8, 16), 8), (range(16), 9))
WATTS = _resource(Mode.MODE_3, (range(8), 20), (range(16), 30), unit="W", idle_w=1)

CASES: tuple[Case, ...] = (
    *(
        Case(
            "license_amount", "26.11 looks at the first layer only",
            _on_flat(_resource(Mode.MODE_2, (range(8), 3), (range(8, 16), 5)), _asks("1", 2, 4)),
            plan(place("1", [8, 9])), is_legal, (legality,),
        )
        for is_legal, legality in ((True, DOCUMENTED), (False, SLURM))
    ),
    *pair(
        "mode_1", "every node in some layer",
        _on_flat(_resource(Mode.MODE_1, (range(8), 3)), _asks("1", 2, 3)),
        legal=place("1", [0, 1]), illegal=place("1", [7, 8]),
    ),
    *pair(
        "mode_1", "with enough left",
        _on_flat(
            _resource(Mode.MODE_1, (range(8), 3), (range(8, 16), 3)), _asks("1", 2, 3),
            used={"r": (1, 0)},
        ),
        legal=place("1", [8, 9]), illegal=place("1", [7, 8]),
    ),
    *pair(
        "mode_1", "charged once, whatever the number of nodes",
        _on_flat(_resource(Mode.MODE_1, (range(16), 3)), _asks("1", 8, 2), _asks("2", 1, 2)),
        legal=(place("1", range(8)),),
        illegal=(place("1", range(8)), place("2", [8])),
    ),
    Case(
        "mode_1", "S11: 26.11 drains the shared layer first",
        _on_flat(S11, *(_asks(str(i), 2, 5) for i in (1, 2, 3, 4, 5))),
        plan(*(place(str(i), [2 * i, 2 * i + 1]) for i in (1, 2, 3)), place("4", [8, 9])),
        True, (SLURM,),
    ),
    Case(
        "mode_1", "three fit in the first half, a fourth does not",
        _on_flat(S11, *(_asks(str(i), 2, 5) for i in (0, 1, 2, 3))),
        plan(*(place(str(i), [2 * i, 2 * i + 1]) for i in (0, 1, 2, 3))), False, (SLURM,),
    ),
    *(
        Case(
            "mode_1", "a later job needs the shared layer: the order of charges matters",
            _on_flat(
                _resource(Mode.MODE_1, (range(16), 5), (range(8), 5)),
                _asks("1", 2, 5), _asks("2", 2, 5),
            ),
            plan(place("1", [0, 1]), place("2", [8, 9])), is_legal, (legality,),
        )
        for is_legal, legality in ((True, DOCUMENTED), (False, SLURM))
    ),
    Case(
        "mode_1", "infinite layers always serve",
        _on_flat(_resource(Mode.MODE_1, (range(16), INFINITE)), _asks("1", 2, 99)),
        plan(place("1", [0, 1])), True,
    ),
    Case(
        "mode_1", "a count of 0 never does",
        _on_flat(
            _resource(Mode.MODE_1, (range(8, 16), INFINITE), (range(8), 0)), _asks("1", 2, 1)
        ),
        plan(place("1", [0, 1])), False,
    ),
    *pair(
        "mode_2", "S12: every overlapping layer is charged",
        _on_flat(S12, _asks("1", 6, 4), _asks("2", 2, 4)),
        legal=(place("1", range(8, 14)), place("2", [6, 7])),
        illegal=(place("1", range(6, 12)), place("2", [14, 15])),
    ),
    *pair(
        "mode_2", "every layer of every node has enough left",
        _on_flat(S12, _asks("1", 2, 4), used={"r": (0, 1)}),
        legal=place("1", [0, 1]), illegal=place("1", [7, 8]),
    ),
    *pair(
        "mode_3", "request times nodes, in every layer",
        _on_flat(TREE, _asks("1", 5, 1), _asks("2", 4, 1)),
        legal=(place("1", range(5)), place("2", range(8, 12))),
        illegal=(place("1", range(5)), place("2", [5, 8, 9, 10])),
    ),
    *pair(
        "mode_3", "the sum at the root",
        _on_flat(TREE, _asks("1", 5, 1), _asks("2", 5, 1)),
        legal=place("1", range(5)),
        illegal=(place("1", range(5)), place("2", range(8, 13))),
    ),
    *pair(
        "mode_3", "every node in some layer",
        _on_flat(_resource(Mode.MODE_3, (range(8), 9)), _asks("1", 2, 1)),
        legal=place("1", [0, 1]), illegal=place("1", [7, 8]),
    ),
    *pair(
        "mode_3", "base and use count",
        _on_flat(_resource(Mode.MODE_3, (range(8), 5), (range(16), 20), base=1),
                 _asks("1", 2, 2), used={"r": (1, 1)}),
        legal=place("1", [7, 8]), illegal=place("1", [6, 7]),
    ),
    *pair(
        "power", "the draw of all nodes under a layer",
        _on_flat(WATTS, Job("1", 2, power_w=8)),
        legal=place("1", [0, 8]), illegal=place("1", [0, 1]),
    ),
    *pair(
        "power", "a licence request is a draw",
        _on_flat(replace(WATTS, name="watts"), Job("1", 2, licenses=(("watts", 8),))),
        legal=place("1", [0, 8]), illegal=place("1", [0, 1]),
    ),
    *pair(
        "power", "else the node's own figure",
        Instance(
            Cluster(tuple(Node(f"n{i}", power_w=8) for i in range(16)), (FLAT,), (), (WATTS,)),
            (Job("1", 2),),
        ),
        legal=place("1", [0, 8]), illegal=place("1", [0, 1]),
    ),
    *pair(
        "power", "a layer over its cap admits nobody",
        _on_flat(WATTS, Job("1", 1, power_w=2), used={"r": (13, 13)}),
        legal=place("1", [8]), illegal=place("1", [0]),
    ),
)  # fmt: skip
