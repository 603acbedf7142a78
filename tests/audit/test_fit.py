"""`fit` against brute force: what it places is legal, and what it calls impossible is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from oracle import _placements
from strategies import KINDS, random_instance

from rackwright.models.audit.fit import fit
from rackwright.models.audit.fit_block import Fit
from rackwright.models.audit.scene import Requests, Scene
from rackwright.models.audit.starts import cut
from rackwright.models.instance import Instance
from rackwright.models.job import Job
from rackwright.models.legality import Legality
from rackwright.models.plan import Placement, Plan
from rackwright.models.rules import held_nodes, verify
from rackwright.models.rules.usage import used_before

CASES = 120


def scene_of(instance: Instance, job: Job, legality: Legality) -> Scene:
    """The state of an instance as the audit sees it."""
    cluster = instance.cluster
    topology = cluster.topology_of(instance.partitions_of(job)[0])
    used = {
        index: tuple(used_before(instance, resource))
        for index, resource in enumerate(cluster.resources)
    }
    held = held_nodes(instance, topology, legality)
    return Scene(cluster, instance.free, instance.occupied, held, used)


def asked(instance: Instance, job: Job, legality: Legality) -> tuple[Instance, Fit]:
    """The job alone, in its first partition, and the answer."""
    partition = instance.partitions_of(job)[0]
    # The audit takes a job that gives a range at its smallest size.
    job = replace(job, partitions=(partition.name,), max_nodes=job.num_nodes)
    alone = replace(instance, jobs=(job,), now_s=None)
    request = Requests(instance.cluster, legality).of(job, partition.name)
    return alone, fit(request, scene_of(alone, job, legality))


@pytest.mark.parametrize("kind", KINDS)
def test_fits_are_legal_and_refusals_are_right(kind: str) -> None:
    rng = Random(f"fit {kind}")
    verdicts: Counter[bool | None] = Counter()
    for _ in range(CASES):
        instance = replace(random_instance(rng, kind), blocked=frozenset())
        legality = rng.choice(list(Legality))
        for job in instance.jobs:
            if not job.is_divisible:
                continue
            alone, answer = asked(instance, job, legality)
            verdicts[answer.verdict] += 1
            if answer.nodes is None:
                if answer.is_proven:
                    assert not any(
                        verify(alone, Plan((placement,)), legality) == ()
                        for placement in _placements(alone, alone.jobs[0], legality)
                    )
                continue
            only = alone.jobs[0]
            partition = alone.partitions_of(only)[0]
            segments = cut(alone, only, partition, answer.nodes, legality)
            plan = Plan((Placement(only.job_id, segments, partition.name),))
            assert verify(alone, plan, legality) == ()
    assert verdicts[True] and verdicts[False]
    # What is left open goes to the exact engine; it must stay the exception.
    assert verdicts[None] <= 0.25 * verdicts.total()
