"""``rackwright plan``: which jobs can start now, on which nodes, and is that provably the best."""

from __future__ import annotations

import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..models.legality import Legality
from ..models.plan import Interrupted, Objective, PlanOptions, PlanResult
from .interrupt import EXIT_INTERRUPTED
from .state_options import (
    JobFiles,
    LicenseFile,
    NodeFiles,
    Profile,
    QueueFiles,
    ReservationFile,
    ResourceFiles,
    SlurmConf,
    TopologyFile,
    Unavailable,
    load,
)

if TYPE_CHECKING:
    from ..models.instance import Instance

DEFAULT_MAP_BLOCKS = 64


class Format(StrEnum):
    """How the plan is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    COMMANDS = "commands"


class Balance(StrEnum):
    """What ``--balance`` keeps even."""

    POWER = "power"


def plan(
    topology: TopologyFile,
    resources: ResourceFiles = None,
    nodes: NodeFiles = None,
    queue: QueueFiles = None,
    jobs: JobFiles = None,
    unavailable: Unavailable = None,
    slurm_conf: SlurmConf = None,
    reservations: ReservationFile = None,
    licenses: LicenseFile = None,
    profile: Profile = None,
    objective: Annotated[
        Objective, typer.Option(help="What comes first: the term that decides.")
    ] = Objective.PRIORITY,
    engine: Annotated[
        str, typer.Option(help="optimal, greedy, slurm or another heuristic (see bench).")
    ] = "optimal",
    legality: Annotated[
        Legality, typer.Option(help="Rules of the documentation, or also those of the code.")
    ] = Legality.DOCUMENTED,
    budget: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds of wall time; the result then depends on the machine."),
    ] = None,
    work: Annotated[
        float | None,
        typer.Option(min=0, help="Deterministic work; the default is a deterministic budget."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[
        int, typer.Option(min=1, help="Solver threads; with more than 1 a plan may not repeat.")
    ] = 1,
    mix: Annotated[
        str | None,
        typer.Option(help="Segment sizes that shall still fit, with weights: 4:3,16:1."),
    ] = None,
    locality: Annotated[
        bool, typer.Option("--locality", help="Make few aggregated blocks a term of the score.")
    ] = False,
    balance: Annotated[
        Balance | None, typer.Option(help="Keep the smallest headroom of a layer largest.")
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="How to print the plan.")
    ] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Short for --format csv.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the plan here: JSON, or what --format says if it is no table."),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="FINGERPRINT",
            help="Only compare: exit 1 unless the state still has this fingerprint.",
        ),
    ] = None,
    show_map: Annotated[
        bool, typer.Option("--map/--no-map", help="Draw the rack map below the table.")
    ] = True,
    map_blocks: Annotated[
        int, typer.Option(min=0, help="Most blocks that the map draws; 0: all.")
    ] = DEFAULT_MAP_BLOCKS,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Progress of the engine on stderr.")
    ] = False,
) -> None:
    """Plan the pending jobs: which can start now, on which nodes, proven best or with its gap.

    Jobs that wait are normal (exit 0). The table and all other results go to stdout or --output,
    progress and warnings to stderr.
    """
    from .engines import run_engine
    from .output import check_folder
    from .progress import StderrProgress, warn

    check_folder(output)
    begin_s = time.perf_counter()
    state = load(
        topology,
        resources=resources,
        nodes=nodes,
        queue=queue,
        jobs=jobs,
        unavailable=unavailable,
        slurm_conf=slurm_conf,
        reservations=reservations,
        licenses=licenses,
        profile=profile,
    )
    read_s = time.perf_counter() - begin_s
    if expect is not None:
        _compare_fingerprint(state.instance, expect)
        return
    options = PlanOptions(
        objective=objective,
        legality=legality,
        mix=parse_mix(mix),
        locality=locality,
        balance_power=balance is Balance.POWER,
        seed=seed,
        work=work,
        budget_s=budget,
        workers=workers,
    )
    exit_code = 0
    try:
        result = run_engine(
            engine, state.instance, options, progress=StderrProgress(is_verbose=verbose)
        )
    except Interrupted as interrupted:
        result, exit_code = interrupted.best, EXIT_INTERRUPTED
        warn(f"interrupted: the plan of engine {result.engine}, the best so far, follows")
    if verbose:
        print(f"read in {read_s:.2f} s, planned in {result.wall_s:.2f} s", file=sys.stderr)
    chosen = Format.JSON if as_json else Format.CSV if as_csv else format
    if output is not None:
        from ..models.formats.atomic import write_atomically

        written = Format.JSON if chosen is Format.TABLE else chosen
        write_atomically(output, _rendered(written, state.instance, result))
    if chosen is Format.TABLE:
        _print_tables(state.instance, result, (map_blocks or sys.maxsize) if show_map else None)
    elif output is None:
        sys.stdout.write(_rendered(chosen, state.instance, result))
    if exit_code:
        raise typer.Exit(exit_code)


def _compare_fingerprint(instance: Instance, expected: str) -> None:
    """Print the state's fingerprint; exit 1 if it is not the one of the plan."""
    from ..models.formats.fingerprint import fingerprint
    from .progress import warn

    found = fingerprint(instance)
    print(found)
    if found != expected:
        warn("the state is not the one that the plan was made for")
        raise typer.Exit(1)


def parse_mix(text: str | None) -> tuple[tuple[int, int], ...] | None:
    """``4:3,16:1`` as pairs of size and weight; a size alone has weight 1."""
    if text is None:
        return None
    from ..models.errors import ProblemLog

    log = ProblemLog("--mix")
    weights: dict[int, int] = {}
    for item in text.split(","):
        size, _, weight = item.partition(":")
        try:
            pair = int(size), int(weight or "1")
        except ValueError:
            pair = 0, 0
        if pair[0] < 1 or pair[1] < 1:
            log.error("", repr(item), "SIZE:WEIGHT, both positive integers")
        elif pair[0] in weights:
            log.error("", f"size {pair[0]} twice", "every size once")
        else:
            weights[pair[0]] = pair[1]
    log.raise_errors()
    return tuple(sorted(weights.items()))


def _rendered(format: Format, instance: Instance, result: PlanResult) -> str:
    from ..models.formats.fingerprint import fingerprint

    if format is Format.CSV:
        from .plan_csv import plan_csv

        return plan_csv(instance, result)
    if format is Format.COMMANDS:
        from .commands import slurm_script

        return slurm_script(instance, result, fingerprint(instance))
    from ..models.formats.plan_file import plan_document

    document = plan_document(instance, result, fingerprint(instance))
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _print_tables(instance: Instance, result: PlanResult, map_blocks: int | None) -> None:
    from .advice import advice
    from .console import is_plain, stdout_console
    from .left_over import layer_uses, left_over
    from .plan_table import (
        print_headline,
        print_layers,
        print_left_over,
        print_score,
        print_started,
        print_unplaced,
    )
    from .progress import warn
    from .rack_map import RackMap

    console = stdout_console()
    rack_map = None
    if map_blocks is not None:
        rack_map = RackMap(
            instance,
            result.plan,
            result.options.legality,
            max_blocks=map_blocks,
            is_plain=is_plain(console),
        )
    print_headline(console, instance, result)
    print_started(console, instance, result, rack_map)
    print_unplaced(console, instance, result.unplaced)
    print_score(console, result)
    print_left_over(console, left_over(instance, result))
    print_layers(console, layer_uses(instance, result))
    if rack_map is not None:
        console.print()
        rack_map.print(console)
    sys.stdout.flush()
    for line in advice(instance, result):
        warn(line)
