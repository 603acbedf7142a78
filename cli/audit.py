"""``rackwright audit``: was a recorded schedule legal, and what did it waste."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..models.legality import Legality
from .state_options import NodeFiles, ResourceFiles, SlurmConf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .audit_against import Comparison
    from .audit_run import Audit, AuditOptions

EXIT_FOUND = 1


class FailOn(StrEnum):
    """From which severity on a finding makes the command fail."""

    NEVER = "never"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def audit(
    records: Annotated[
        list[Path],
        typer.Argument(
            help="`sacct -P` texts, `sacct --json`, `squeue --json`, CSV traces; .gz as well.",
            exists=True,
            dir_okay=False,
            metavar="RECORDS...",
        ),
    ],
    topology: Annotated[
        list[str] | None,
        typer.Option(
            help="Topology file, or DATE=FILE for each that was in force from DATE on. Without "
            "any, the nodes of the records on a flat topology.",
            metavar="[DATE=]FILE",
        ),
    ] = None,
    resources: ResourceFiles = None,
    nodes: NodeFiles = None,
    slurm_conf: SlurmConf = None,
    outages: Annotated[
        list[Path] | None,
        typer.Option(
            help="`sacctmgr show event -P`, or CSV nodes,start,end[,kind,name,reason] with kind "
            "outage or reservation; repeatable.",
            exists=True,
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    legality: Annotated[
        Legality, typer.Option(help="Rules of the documentation, or also those of the code.")
    ] = Legality.DOCUMENTED,
    timezone: Annotated[
        str | None,
        typer.Option(help="Where sacct ran, such as Europe/Berlin. Default: this machine's zone."),
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="Until when jobs without an end ran. Default: last record.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Only records of this cluster.", metavar="NAME")
    ] = None,
    overrun_tolerance: Annotated[
        int, typer.Option(min=0, help="Seconds that a job may run beyond its limit.")
    ] = 120,
    wait_tolerance: Annotated[
        int, typer.Option(min=0, help="Needless waits up to this long are no findings.")
    ] = 60,
    shared_nodes: Annotated[
        bool | None,
        typer.Option(
            "--shared-nodes/--whole-nodes",
            help="Whether jobs share nodes where records do not tell. Default: by the records.",
        ),
    ] = None,
    slots: Annotated[
        Path | None,
        typer.Option(
            help="CSV node,cpus for records that name slots.", exists=True, dir_okay=False
        ),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(help="Segment sizes of the usable capacity: 4:3,16:1. Default: base size."),
    ] = None,
    crossing_penalty: Annotated[
        float,
        typer.Option(min=0, max=1, help="Throughput lost by crossing blocks: an assumption."),
    ] = 0.1,
    waste: Annotated[
        bool, typer.Option("--waste/--no-waste", help="Look for waste, not only for legality.")
    ] = True,
    repack_budget: Annotated[
        float, typer.Option(min=0, help="Seconds for questions about repacking; 0 asks none.")
    ] = 120.0,
    exact_budget: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds for the exact engine, which decides what bounds cannot."
        ),
    ] = 120.0,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Replay the arrivals with this engine and compare; repeatable."),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Findings shown of each kind.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The findings as CSV.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write JSON (CSV with --csv) here.", metavar="FILE")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write one self-contained report here.", metavar="FILE")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit 1 when a finding is at least this bad.")
    ] = FailOn.NEVER,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Progress on stderr.")] = False,
) -> None:
    """Audit what ran: placements that broke rules, needless waits and crossings, their cost.

    Every line of the records is accounted for. Results go to stdout or files, progress and
    warnings to stderr.
    """
    from ..models.audit import Severity
    from .audit_against import compare
    from .audit_exact import exact_most_jobs
    from .audit_inputs import read_inputs
    from .audit_run import run_audit
    from .output import check_folder
    from .progress import StderrProgress

    check_folder(output)
    check_folder(html)
    progress = StderrProgress(is_verbose=verbose)
    inputs = read_inputs(
        records,
        topology or [],
        resources=resources,
        nodes=nodes,
        slurm_conf=slurm_conf,
        outages=outages or [],
        timezone=timezone,
        cluster=cluster,
        progress=progress,
    )
    options = _options(
        legality=legality,
        overrun_tolerance=overrun_tolerance,
        wait_tolerance=wait_tolerance,
        shared_nodes=shared_nodes,
        now_s=inputs.instant(now),
        slots=slots,
        mix=mix,
        penalty=crossing_penalty,
        waste=waste,
        repack_budget=repack_budget,
        slurm_conf=slurm_conf,
    )
    found = run_audit(
        inputs.records,
        inputs.clusters,
        options,
        outages=inputs.outages,
        most_jobs=exact_most_jobs(legality, exact_budget) if exact_budget else None,
        progress=progress,
    )
    comparisons = (
        compare(found, against, penalty=crossing_penalty, progress=progress) if against else []
    )
    _write(found, comparisons, as_json=as_json, as_csv=as_csv, output=output, html=html, top=top)
    if fail_on is not FailOn.NEVER and found.reaches(Severity[fail_on.name]):
        raise typer.Exit(EXIT_FOUND)


def _options(
    *,
    legality: Legality,
    overrun_tolerance: int,
    wait_tolerance: int,
    shared_nodes: bool | None,
    now_s: int | None,
    slots: Path | None,
    mix: str | None,
    penalty: float,
    waste: bool,
    repack_budget: float,
    slurm_conf: Path | None,
) -> AuditOptions:
    from ..models.audit.waste import WasteOptions
    from ..models.formats.partition_limits import read_partition_limits
    from .audit_inputs import read_slots
    from .audit_run import AuditOptions
    from .plan import parse_mix

    looks = WasteOptions(
        mix=parse_mix(mix),
        penalty=penalty,
        wait_tolerance_s=wait_tolerance,
        partition_limits=read_partition_limits(slurm_conf) if slurm_conf else {},
        repack_budget_s=repack_budget,
    )
    return AuditOptions(
        legality=legality,
        overrun_tolerance_s=overrun_tolerance,
        shares_nodes=shared_nodes,
        now_s=now_s,
        slots=read_slots(slots) if slots else {},
        waste=looks if waste else None,
    )


def _write(
    found: Audit,
    comparisons: Sequence[Comparison],
    *,
    as_json: bool,
    as_csv: bool,
    output: Path | None,
    html: Path | None,
    top: int,
) -> None:
    from ..models.formats.atomic import write_atomically
    from .audit_files import audit_csv, audit_json
    from .audit_print import print_audit
    from .console import stdout_console

    if html is not None:
        from .report.audit_html import audit_html

        write_atomically(html, audit_html(found, comparisons, top=top))
    if output is not None:
        write_atomically(output, audit_csv(found) if as_csv else audit_json(found, comparisons))
    elif as_json:
        sys.stdout.write(audit_json(found, comparisons))
    elif as_csv:
        sys.stdout.write(audit_csv(found))
    if not as_json and not as_csv:
        print_audit(stdout_console(), found, comparisons, top=top)
    sys.stdout.flush()
