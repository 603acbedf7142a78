"""``rackwright conformance``: recordings of a real Slurm against our rules and engines."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..models.legality import Legality
from ..models.plan import PlanOptions

if TYPE_CHECKING:
    from .conformance_answers import JobRow, Row
    from .conformance_tally import Tally


MAX_LISTED = 5
# Enough to prove almost every start vector of the recordings.
DEFAULT_WORK = 5.0


def conformance(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Recorded decisions, vectors or queues: .jsonl, .jsonl.gz.",
            exists=True,
            dir_okay=False,
        ),
    ],
    engine: Annotated[
        str, typer.Option(help="Whose answers are compared: slurm, optimal, or a heuristic.")
    ] = "slurm",
    legality: Annotated[
        Legality, typer.Option(help="Rules that judge the recorded allocations, and that bind.")
    ] = Legality.DOCUMENTED,
    output: Annotated[
        Path | None, typer.Option(help="Write one JSON row per record here.")
    ] = None,
    min_agreement: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Exit 1 below it: share of equal decisions; of recorded starts found, when the "
            "engine is not slurm.",
        ),
    ] = 1.0,
    work: Annotated[
        float, typer.Option(min=0, help="Deterministic work per record, for exact engines.")
    ] = DEFAULT_WORK,
    list_extra: Annotated[
        bool,
        typer.Option("--list-extra", help="List every extra start with Slurm's failing step."),
    ] = False,
    list_different: Annotated[
        bool, typer.Option("--list-different", help="List every record that is not equal.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The summary as CSV.")] = False,
) -> None:
    """Compare an engine with recordings of a real Slurm, and judge what was recorded.

    One row per record goes to --output, a summary per kind to stdout. Exit 1 when the agreement
    is below --min-agreement or a recorded allocation is judged illegal.
    """
    from .conformance_answers import CRASH, JobRow, answers
    from .conformance_tally import Tallies
    from .output import check_folder
    from .progress import warn

    check_folder(output)
    # Only starts are compared: an empty mix leaves the capacity term out.
    options = PlanOptions(legality=legality, work=work, mix=())
    tallies = Tallies(is_slurm_like=engine == "slurm")
    rows: list[Row] = []
    for path in files:
        for row in answers(path, engine, options):
            tallies.add(row)
            if not (isinstance(row, JobRow) and row.decision == CRASH):
                rows.append(row)
    if output is not None:
        from ..models.formats.atomic import write_atomically

        write_atomically(output, "".join(json.dumps(row.document) + "\n" for row in rows))
    _print_summary(tallies.each, as_json=as_json, as_csv=as_csv)
    if list_extra:
        _print_extra([row for row in rows if isinstance(row, JobRow) and row.is_extra])
    if list_different:
        for row in rows:
            if not row.is_same:
                print(f"different: {row.file}:{row.id}")
    has_failed = False
    for tally in tallies.each:
        if tally.illegal:
            has_failed = True
            shown = ", ".join(tally.illegal[:MAX_LISTED])
            warn(f"{tally.name}: {len(tally.illegal)} recorded allocations are illegal: {shown}")
        if tally.agreement < min_agreement:
            has_failed = True
            warn(f"{tally.name}: agreement {tally.agreement:.4%} is below {min_agreement:.4%}")
    if has_failed:
        raise typer.Exit(1)


def _print_extra(rows: list[JobRow]) -> None:
    """Every start that only the engine found, then how often Slurm failed at which step."""
    for row in rows:
        print(f"extra start: {row.file}:{row.id}: Slurm gave up at {row.cause}")
    for (name, cause), count in Counter((row.name, row.cause) for row in rows).most_common():
        print(f"extra starts: {count:5}  {name}: {cause}")


def _print_summary(tallies: list[Tally], *, as_json: bool, as_csv: bool) -> None:
    documents = [_document(tally) for tally in tallies]
    if as_json:
        print(json.dumps(documents, indent=1))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(documents[0] if documents else ())
        writer.writerows(document.values() for document in documents)
    else:
        _print_tables(tallies)


def _document(tally: Tally) -> dict[str, str | int | float]:
    return {
        "kind": tally.name,
        "records": tally.records,
        "equal_decisions": tally.equal,
        "same_starts": tally.same_starts,
        "recorded_starts": tally.recorded_starts,
        "missed_starts": tally.missed,
        "extra_starts": tally.extra,
        "controller_crashes": tally.crashes,
        "unsupported": tally.unsupported,
        "recorded_illegal": len(tally.illegal),
        "recorded_undecided": tally.undecided,
        "queues_better": tally.better,
        "queues_worse": tally.worse,
        "extra_nodes": tally.extra_nodes,
        "agreement": round(tally.agreement, 6),
    }


def _print_tables(tallies: list[Tally]) -> None:
    from rich import box
    from rich.table import Table

    from .console import stdout_console

    console = stdout_console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Kind", no_wrap=True)
    for heading in (
        "Records",
        "Equal",
        "Starts",
        "Same nodes",
        "Missed",
        "Extra",
        "Crashes",
        "Illegal",
        "Undecided",
        "Agreement",
    ):
        table.add_column(heading, justify="right")
    for tally in tallies:
        counts = (
            tally.records,
            tally.equal,
            tally.recorded_starts,
            tally.same_starts,
            tally.missed,
            tally.extra,
            tally.crashes,
            len(tally.illegal),
            tally.undecided,
        )
        table.add_row(tally.name, *map(str, counts), f"{tally.agreement:.3%}")
    console.print(table)
    for tally in tallies:
        if tally.queues:
            print(
                f"{tally.name}: {tally.better} start vectors better than Slurm's, "
                f"{tally.queues - tally.better - tally.worse} equal, {tally.worse} worse; "
                f"{tally.extra_nodes:+d} nodes"
            )
