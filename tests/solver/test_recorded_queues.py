"""Recorded queues: never over a cap, and lexicographically at least as good as the controller."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from rackwright.heuristics.greedy import greedy
from rackwright.models.formats.recordings import QueueOutcome, Recording, read_recordings
from rackwright.models.legality import Legality
from rackwright.models.plan import Plan, PlanOptions
from rackwright.models.resources import INFINITE
from rackwright.models.rules import verify
from rackwright.solver import optimal

OPTIONS = PlanOptions(legality=Legality.SLURM_26_11, mix=(), work=3.0)


def with_resources(files: Iterable[Path]) -> list[Recording]:
    found = (record for path in files for record in read_recordings(path))
    return [record for record in found if record.instance.cluster.resources]


def used_in_layers(record: Recording, plan: Plan) -> None:
    """An independent sum: request times nodes, over every layer, on top of what was in use."""
    instance = record.instance
    for resource in instance.cluster.resources:
        for position, layer in enumerate(resource.layers):
            if layer.capacity == INFINITE:
                continue
            total = instance.used[resource.name][position]
            for placement in plan.placements:
                asked = dict(instance.job_with_id[placement.job_id].licenses)
                inside = sum(node in layer.nodes for node in placement.nodes)
                total += asked.get(resource.name, 0) * inside
            assert total <= layer.capacity, (record.id, resource.name, position)


def check(record: Recording) -> None:
    instance = record.instance
    start = greedy(instance, OPTIONS)
    result = optimal(instance, OPTIONS, hint=start.plan)
    assert verify(instance, result.plan, OPTIONS.legality) == ()
    used_in_layers(record, result.plan)
    outcome = record.outcome
    assert isinstance(outcome, QueueOutcome)
    controller = "".join(
        "1" if index in outcome.starts else "0" for index in range(len(instance.jobs))
    )
    assert str(result.objective[0].value) >= controller, record.id


def test_shipped_queues(request: pytest.FixtureRequest) -> None:
    folder = request.config.rootpath / "tests" / "data" / "recordings"
    records = with_resources(folder.glob("queues*"))
    assert records
    for record in records[:6]:
        check(record)


@pytest.mark.slow
def test_all_queues(shared_data: Path) -> None:
    records = with_resources((shared_data / "batches").glob("*.jsonl.gz"))
    assert records
    for record in records:
        check(record)
