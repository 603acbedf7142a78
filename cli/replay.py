"""``rackwright replay``: a trace on a cluster under one policy after another."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..models.legality import Legality
from ..models.plan import Objective
from .replay_choices import AdmissionChoice, Backend, RequeueChoice, TraceFormat
from .state_options import NodeFiles, ResourceFiles, SlurmConf, TopologyFile, Unavailable

if TYPE_CHECKING:
    from .replay_cells import ReplaySetup


def replay(
    topology: TopologyFile,
    trace: Annotated[
        Path, typer.Option(help="The trace, gzipped or not.", exists=True, dir_okay=False)
    ],
    format: Annotated[
        TraceFormat | None, typer.Option("--format", help="Its format. Default: detected.")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="A policy; repeatable. Default: greedy.")
    ] = None,
    admission: Annotated[
        list[AdmissionChoice] | None,
        typer.Option(help="Who may overtake a waiting job; repeatable. Default: easy."),
    ] = None,
    resources: ResourceFiles = None,
    nodes: NodeFiles = None,
    unavailable: Unavailable = None,
    slurm_conf: SlurmConf = None,
    gpus_per_tray: Annotated[
        int, typer.Option(min=1, help="GPUs of one node; a job gets ceil(GPUs / this) nodes.")
    ] = 4,
    segments: Annotated[
        str,
        typer.Option(help="none, divisor (largest up to 16 of jobs above a block) or a number."),
    ] = "none",
    limit_factor: Annotated[
        float, typer.Option(min=1, help="Limit = factor x runtime where the trace has no limits.")
    ] = 2.0,
    max_jobs: Annotated[int | None, typer.Option(min=1, help="Only the first jobs.")] = None,
    speedup: Annotated[
        float, typer.Option(min=0.001, help="Compress arrivals by this factor.")
    ] = 1.0,
    depth: Annotated[int, typer.Option(min=1, help="Waiting jobs looked at in one pass.")] = 100,
    requeue: Annotated[
        RequeueChoice, typer.Option(help="What becomes of jobs on failed nodes.")
    ] = RequeueChoice.EXPEDITE,
    checkpoint: Annotated[
        int | None, typer.Option(min=1, help="Seconds between checkpoints. Default: none.")
    ] = None,
    outages: Annotated[
        Path | None,
        typer.Option(
            help="CSV node,down_s,up_s[,planned]: failures and maintenance.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    mtbf_days: Annotated[
        float | None, typer.Option(min=0, help="Mean days between failures of one node.")
    ] = None,
    repair_hours: Annotated[float, typer.Option(min=0, help="Mean hours of a repair.")] = 8.0,
    objective: Annotated[
        Objective, typer.Option(help="What the engine optimises in each pass.")
    ] = Objective.PRIORITY,
    legality: Annotated[Legality, typer.Option(help="Which rules bind.")] = Legality.DOCUMENTED,
    seed: Annotated[int, typer.Option(min=0, help="Of failures and engines.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Rows as JSON Lines; an existing file is continued.")
    ] = None,
    details: Annotated[
        Path | None,
        typer.Option(help="Folder for CSVs of every job and of the time series.", file_okay=False),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Replays at the same time.")] = 2,
    backend: Annotated[Backend, typer.Option(help="loky here, or a dask cluster.")] = Backend.LOKY,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the dask scheduler.", metavar="tcp://HOST:PORT")
    ] = None,
    shard: Annotated[str, typer.Option(help="Run only part K of N.", metavar="K/N")] = "1/1",
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The figures as CSV.")] = False,
) -> None:
    """Replay a trace: waits, slowdown, utilisation, crossings and usable capacity per policy.

    Every policy sees the same jobs, failures and limits; nothing depends on the machine's speed.
    """
    from .output import check_folder
    from .replay_cells import ReplaySetup, cells_of
    from .replay_table import print_replays, replay_records
    from .state_files import StateFiles
    from .sweep import merge_rows, parse_shard, run_cells

    check_folder(output)
    setup = ReplaySetup(
        trace=trace,
        format=format.value if format else None,
        files=StateFiles.of(
            topology,
            resources=resources,
            nodes=nodes,
            unavailable=unavailable,
            slurm_conf=slurm_conf,
        ),
        gpus_per_tray=gpus_per_tray,
        segments=segments,
        limit_factor=limit_factor,
        max_jobs=max_jobs,
        speedup=speedup,
        depth=depth,
        requeue=requeue.value,
        checkpoint_s=checkpoint,
        outages=outages,
        mtbf_s=mtbf_days * 86_400 if mtbf_days else None,
        repair_s=repair_hours * 3600,
        objective=objective.value,
        legality=legality.value,
        seed=seed,
        details=details,
    )
    _describe(setup)
    admissions = [choice.value for choice in admission or [AdmissionChoice.EASY]]
    cells = cells_of(setup, engine or ["greedy"], admissions)
    if details is not None:
        details.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        store = output or Path(scratch) / "rows.jsonl"
        run_cells(
            cells,
            store,
            shard=parse_shard(shard),
            workers=workers,
            backend=backend.value,
            address=scheduler,
            check=lambda row: None,
        )
        rows = merge_rows([store], list(cells))
    rows = [row for row in rows if row["cell"] in cells]
    if as_json:
        print(json.dumps(rows, indent=1))
    elif as_csv:
        from .bench_table import as_csv as to_csv

        sys.stdout.write(to_csv(replay_records(rows)))
    else:
        from .console import stdout_console

        print_replays(stdout_console(), rows)


def _describe(setup: ReplaySetup) -> None:
    """Read everything once, so that problems are told before anything runs, and say what it is."""
    workload, cluster = setup.workload(), setup.files.load().cluster
    trays = sum(entry.job.num_nodes * entry.runtime_s for entry in workload)
    print(
        f"{len(workload)} jobs, {trays / 3600:,.0f} node-hours, on {len(cluster.nodes)} nodes",
        file=sys.stderr,
    )
