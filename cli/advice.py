"""One-line advice on what operators trip over (design.md section 10), where the plan shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..models.instance import Instance
from ..models.plan import Objective, PlanResult, Reason
from ..models.topology import BlockTopology

MAX_LISTED = 8


def advice(instance: Instance, result: PlanResult) -> list[str]:
    """Every line that applies."""
    return [
        *_overtaken_jobs(instance, result),
        *_spares_beyond_base_size(instance, result),
        *_whole_blocks_with_a_bad_node(instance, result),
        *_one_node_jobs(instance, result),
    ]


def _overtaken_jobs(instance: Instance, result: PlanResult) -> Iterator[str]:
    """Waiting jobs with a higher priority than some job that starts."""
    if result.options.objective is not Objective.PRIORITY:
        return
    started = result.plan.placement_of
    order = [job.job_id for job in instance.jobs]
    last = max((i for i, job_id in enumerate(order) if job_id in started), default=-1)
    waiting = {item.job_id for item in result.unplaced if item.reason is Reason.WAITS}
    overtaken = [job_id for job_id in order[:last] if job_id in waiting]
    if overtaken:
        yield (
            f"{_jobs(overtaken)} while jobs of lower priority start; this plan is about now and "
            "does not protect their future start"
        )


def _spares_beyond_base_size(instance: Instance, result: PlanResult) -> Iterator[str]:
    """BlockSizes 16 on blocks of 18: units of 17 and 18 need an aggregated block."""
    for topology in _block_topologies(instance):
        largest = max((len(block.nodes) for block in topology.blocks), default=0)
        hit = _waiting_with_unit(instance, result, topology.base_size + 1, largest)
        if hit:
            yield (
                f"{_jobs(hit)} for units of more than {topology.base_size} nodes, the first of "
                f"BlockSizes, though blocks have up to {largest}: such units need an aggregated "
                f"block; BlockSizes={largest} would let them use one block"
            )


def _whole_blocks_with_a_bad_node(instance: Instance, result: PlanResult) -> Iterator[str]:
    """BlockSizes 18 on blocks of 18: one bad node keeps a unit of 18 out."""
    for topology in _block_topologies(instance):
        base = topology.base_size
        hit = _waiting_with_unit(instance, result, base, base)
        short = [
            block.name
            for block in topology.blocks
            if len(block.nodes) == base and not instance.unavailable.isdisjoint(block.nodes)
        ]
        if hit and short:
            yield (
                f"{_jobs(hit)} for whole blocks of {base} nodes, and {len(short)} of "
                f"{len(topology.blocks)} blocks have a node out of service: a smaller --segment "
                "would fit them"
            )


def _one_node_jobs(instance: Instance, result: PlanResult) -> Iterator[str]:
    """Slurm gives one-node jobs the lowest free node and so nibbles at whole blocks."""
    if not any(True for _ in _block_topologies(instance)):
        return
    singles = [
        placement.job_id for placement in result.plan.placements if len(placement.nodes) == 1
    ]
    if singles:
        yield (
            f"one-node jobs that start: {len(singles)}; Slurm itself would give them its lowest "
            "free nodes and break whole blocks, --format commands pins them"
        )


def _block_topologies(instance: Instance) -> Iterator[BlockTopology]:
    for topology in instance.cluster.topologies:
        if isinstance(topology, BlockTopology):
            yield topology


def _waiting_with_unit(
    instance: Instance, result: PlanResult, smallest: int, largest: int
) -> list[str]:
    waiting = {item.job_id for item in result.unplaced if item.reason is Reason.WAITS}
    return [
        job.job_id
        for job in instance.jobs
        if job.job_id in waiting and smallest <= job.unit_size <= largest
    ]


def _jobs(job_ids: Sequence[str]) -> str:
    """``job 17 waits`` or ``3 jobs (17, 18, 21) wait``."""
    if len(job_ids) == 1:
        return f"job {job_ids[0]} waits"
    listed = ", ".join(job_ids[:MAX_LISTED]) + (", ..." if len(job_ids) > MAX_LISTED else "")
    return f"{len(job_ids)} jobs ({listed}) wait"
