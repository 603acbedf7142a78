"""``rackwright bench``: how far each heuristic is from the optimum, and what the optimum costs."""

from __future__ import annotations

import json
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..models.legality import Legality
from ..models.plan import Objective
from .state_options import (
    JobFiles,
    NodeFiles,
    QueueFiles,
    ResourceFiles,
    SlurmConf,
    Unavailable,
)

if TYPE_CHECKING:
    from .bench_summary import ObjectiveSummary
    from .sweep import Row


class Backend(StrEnum):
    """Where the cells run."""

    LOKY = "loky"
    DASK = "dask"


def bench(
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help="A shipped or generated instance (see --list); repeatable. Default: all."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            help="An engine; repeatable. Default: all but slurm-backfill, which is slow."
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Seeds of generated instances and of engines: 0-4 or 1,7.")
    ] = "0-2",
    objective: Annotated[
        list[Objective] | None,
        typer.Option(help="What is optimised; repeatable. Default: weighted and priority."),
    ] = None,
    legality: Annotated[
        Legality, typer.Option(help="Rules of the documentation, or also those of the code.")
    ] = Legality.DOCUMENTED,
    work: Annotated[
        float | None, typer.Option(min=0, help="Deterministic work of each cell.")
    ] = None,
    topology: Annotated[
        Path | None,
        typer.Option(
            help="Your own instance: with --nodes, --jobs ... as in plan; instead of --dataset.",
            exists=True,
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    resources: ResourceFiles = None,
    nodes: NodeFiles = None,
    queue: QueueFiles = None,
    jobs: JobFiles = None,
    unavailable: Unavailable = None,
    slurm_conf: SlurmConf = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Rows as JSON Lines; an existing file is continued. Default: not kept."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the loky backend.")] = 2,
    backend: Annotated[Backend, typer.Option(help="loky here, or a dask cluster.")] = Backend.LOKY,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the dask scheduler.", metavar="tcp://HOST:PORT")
    ] = None,
    shard: Annotated[
        str, typer.Option(help="Run only part K of N, as in a Slurm array.", metavar="K/N")
    ] = "1/1",
    merge: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run nothing; report on the rows of these shards together; repeatable.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write one self-contained HTML page with plots.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The summary as CSV.")] = False,
    rows_csv: Annotated[
        Path | None, typer.Option(help="Also write one CSV row per cell and term.")
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="List instances and engines, and stop.")
    ] = False,
) -> None:
    """Compare all engines with the proven optimum, on shipped instances or on your own queue.

    Exit code 1 if a heuristic beats a proven optimum: then one of the two is wrong.
    """
    from .bench_cells import SLOW, Contradiction, OptimumCheck, list_cells, work_of
    from .bench_summary import summarise
    from .engines import engine_names
    from .output import check_folder
    from .state_files import StateFiles
    from .sweep import merge_rows, parse_shard, run_cells

    if list_only:
        _print_lists()
        return
    for path in (output, html, rows_csv):
        check_folder(path)
    files = None
    if topology is not None:
        files = StateFiles.of(
            topology,
            resources=resources,
            nodes=nodes,
            queue=queue,
            jobs=jobs,
            unavailable=unavailable,
            slurm_conf=slurm_conf,
        )
        files.load()  # every problem is told before anything runs
    cells = list_cells(
        dataset,
        engine or [name for name in engine_names() if name not in SLOW],
        _parse_seeds(seeds),
        objective or [Objective.WEIGHTED, Objective.PRIORITY],
        legality,
        work,
        files,
    )
    with tempfile.TemporaryDirectory() as scratch:
        store = output or Path(scratch) / "rows.jsonl"
        if merge:
            sources = merge
        else:
            sources = [store]
            try:
                run_cells(
                    work_of(cells),
                    store,
                    shard=parse_shard(shard),
                    workers=workers,
                    backend=backend.value,
                    address=scheduler,
                    check=OptimumCheck(),
                )
            except Contradiction as error:
                print(f"rackwright: error: {error}", file=sys.stderr)
                raise typer.Exit(1) from None
        rows = merge_rows(sources, list(cells))
    if merge:
        _check_all(rows)
        if output is not None:
            from ..models.formats.atomic import write_atomically

            write_atomically(
                output, "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
            )
    summaries = summarise(rows)
    _write_files(rows, summaries, html, rows_csv)
    _print(summaries, as_json, as_csv)


def _check_all(rows: list[Row]) -> None:
    from .bench_cells import Contradiction, OptimumCheck

    check = OptimumCheck()
    try:
        for row in rows:
            check(row)
    except Contradiction as error:
        print(f"rackwright: error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def _parse_seeds(text: str) -> list[int]:
    """``0-4`` or ``1,7`` as numbers."""
    from ..models.errors import InputError, Problem

    seeds: list[int] = []
    for item in text.split(","):
        first, dash, last = item.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or int(last or first) < int(first):
            raise InputError(
                [Problem("--seeds", "", repr(text), "numbers and ranges: 0-4 or 1,7")]
            )
        seeds += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(seeds))


def _print_lists() -> None:
    from ..datasets.shipped import shipped
    from ..heuristics.registry import HEURISTICS
    from .bench_cells import GENERATED
    from .engines import OPTIMAL

    print("instances:")
    for entry in shipped():
        print(f"  {entry.name:<38} {entry.summary}")
    for name, summary in GENERATED.items():
        print(f"  {name:<38} {summary}; one per seed")
    print("engines:")
    print(f"  {OPTIMAL:<38} the exact engine, with its proof")
    for known in HEURISTICS.values():
        origin = known.source if known.is_faithful else f"{known.source}; by description only"
        print(f"  {known.name:<38} {known.summary} ({origin})")
        if known.notes:
            print(f"  {'':<38}   here: {known.notes}")


def _write_files(
    rows: list[Row],
    summaries: list[ObjectiveSummary],
    html: Path | None,
    rows_csv: Path | None,
) -> None:
    from ..models.formats.atomic import write_atomically

    if rows_csv is not None:
        from .bench_summary import flat_rows
        from .bench_table import as_csv

        write_atomically(rows_csv, as_csv(flat_rows(rows)))
    if html is not None:
        from .report.bench_page import bench_page

        write_atomically(html, bench_page(rows, summaries))


def _print(summaries: list[ObjectiveSummary], as_json: bool, as_csv: bool) -> None:
    from . import bench_table

    if as_json:
        print(json.dumps(bench_table.summary_records(summaries), indent=1))
    elif as_csv:
        sys.stdout.write(bench_table.as_csv(bench_table.summary_records(summaries)))
    else:
        from .console import stdout_console

        bench_table.print_summary(stdout_console(), summaries)
