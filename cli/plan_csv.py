"""A plan as CSV: one row per job, whether it starts or not."""

from __future__ import annotations

import csv
import io

from ..models.formats.plan_file import units_touched
from ..models.hostlist import fold
from ..models.instance import Instance
from ..models.plan import PlanResult
from .text import escape_control, guard_formula

COLUMNS = (
    "job_id",
    "name",
    "decision",
    "nodes",
    "partition",
    "nodelist",
    "segments",
    "blocks",
    "rule",
    "message",
)


def plan_csv(instance: Instance, result: PlanResult) -> str:
    """The rows, jobs that start first; segments and blocks are separated by blanks.

    A cell that a spreadsheet would evaluate (``=``, ``+``, ``-``, ``@`` first) gets an apostrophe,
    control characters are shown escaped.
    """
    cluster = instance.cluster
    rows: list[list[object]] = []
    for placement in result.plan.placements:
        job = instance.job_with_id[placement.job_id]
        topology = cluster.topology_of(cluster.partition_named[placement.partition])
        segments = [fold(cluster.names(segment)) for segment in placement.segments]
        rows.append(
            [
                job.job_id,
                job.name,
                "starts",
                len(placement.nodes),
                placement.partition,
                fold(cluster.names(placement.nodes)),
                " ".join(segments),
                " ".join(units_touched(topology, placement.nodes)),
                "",
                "",
            ]
        )
    jobs = dict(instance.job_with_id)
    jobs.update({item.job.job_id: item.job for item in instance.ineligible})
    for item in result.unplaced:
        job = jobs[item.job_id]
        partitions = ",".join(job.partitions)
        rows.append(
            [
                job.job_id,
                job.name,
                item.reason.value,
                job.num_nodes,
                partitions,
                *("", "", ""),
                item.rule,
                item.message,
            ]
        )
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([guard_formula(escape_control(str(cell))) for cell in row] for row in rows)
    return buffer.getvalue()
