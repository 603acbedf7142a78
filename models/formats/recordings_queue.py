"""Whole queues and what the controller started (``batches.jsonl``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..instance import Instance
from .recordings_cluster import used_amounts
from .recordings_decision import make_job, recorded_cluster, running_jobs

Record = Mapping[str, Any]


def queue_recording(record: Record) -> tuple[str, str, Instance, dict[str, Any]]:
    """Identifier, kind, instance and the fields of the outcome."""
    cluster, indices = recorded_cluster(record)
    queue = record["queue"]
    instance = Instance(
        cluster=cluster,
        jobs=tuple(
            make_job(
                str(number),
                each["request"],
                cluster,
                time_limit_s=60 * each["time_limit_min"],
                priority=each["priority"],
            )
            for number, each in enumerate(queue)
        ),
        running=running_jobs(record["running"], cluster, indices),
        unavailable=frozenset(indices(record["drained"])),
        blocked=frozenset(indices(record["blocked"])),
        used=used_amounts(record.get("layers_before") or (), cluster.resources, indices),
        # The elapsed times of running jobs were read about a second before the deciding cycle.
        now_s=1,
    )
    results = [each["result"] for each in queue]
    started = {
        number: result for number, result in enumerate(results) if result["nodelist"] is not None
    }
    outcome = {
        "scheduler": record["scheduler"].removeprefix("sched/"),
        "starts": {
            number: frozenset(indices(each["nodelist"])) for number, each in started.items()
        },
    }
    kind = "hres" if cluster.resources else cluster.topologies[0].kind
    return record["id"], kind, instance, outcome
