"""How every engine grows: size x options x objective -> seconds to a plan, to 1 %, to a proof.

Each run is a fresh process; reading files and making the instance are not timed. Gaps, and the
time to a plan within 1 %, refer to the best bound that any run proved on the same instance.

    python tests/benchmarks/scale.py --quick
    python tests/benchmarks/scale.py --growth
    python tests/benchmarks/scale.py --output rows.jsonl
    python tests/benchmarks/scale.py --racks 3056 --cases all/weighted --engines optimal slurm
    python tests/benchmarks/scale.py --show rows.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from measuring import Row, environment, print_environment, run_fresh, shown, this_script
from scale_cell import ENGINES, PLAIN, Cell, run_cell
from scale_table import growth, table

# Options and objective; all+power adds three partitions and binding caps.
CASES = (
    *("plain/weighted", "plain/priority"),
    *("all/weighted", "all+power/weighted", "all/priority"),
)
GROWTH = (64, 128, 256, 512, 1024, 2048, 3056, 6000, 12_000)
JOBS = {64: 100, 512: 300, 3056: 1000, 12_000: 4000}
# It plans in time; above 512 racks its emulation takes many minutes, so it runs where it is named.
BACKFILL = "slurm-backfill"
# Killed this many times after its limit: heuristics know none, nor does CP-SAT's presolve.
PATIENCE = 4
RECORDED = """
Recorded elsewhere, with the real slurmctld 26.11.0-0rc1 on 3,056 racks x 18 (VM of 2 vCPU, built
with -O1; +-30 %): 24-53 ms to place one 16-node job, 57-100 ms for -N64 --segment=16, 1.4-2.0 s
for -N2048 --segment=16; 51.5 s of scheduler time for the 806 starts of a 1,000-job queue on an
empty cluster; 116 s for the longest finished backfill cycle; 492 MB resident."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--racks", type=int, nargs="+", default=[64, 512, 3056])
    add("--jobs", type=int, help="by default 100, 300, 1000 and 4000, growing with the racks")
    add("--cases", choices=CASES, nargs="+", default=CASES)
    add("--engines", choices=(*ENGINES, BACKFILL), nargs="+", default=ENGINES)
    add("--seeds", type=int, nargs="+", default=[0])
    add(
        *("--budget", "--budgets"),
        type=float,
        nargs="+",
        default=[60.0],
        help="seconds for every engine that knows a limit; several give a row each",
    )
    add("--quick", action="store_true", help="64 and 512 racks, 10 seconds each")
    add("--growth", action="store_true", help="only the curve: 1,000 jobs from 64 to 12,000 racks")
    add("--output", type=Path, help="append one JSON row per run here")
    add("--show", type=Path, nargs="+", help="run nothing: the table of kept rows (--output)")
    add("--cell", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.cell:
        print(json.dumps(run_cell(Cell(**json.loads(options.cell)))))
        return
    if options.show:
        kept = [json.loads(line) for file in options.show for line in file.open()]
        rows = [row for row in kept if row["seed"] in options.seeds]
    else:
        print_environment()
        cells = growth_cells(options) if options.growth else table_cells(options)
        rows = [measure(cell, options.output) for cell in cells]
    print(f"\n{growth(rows) if options.growth else table(rows)}\n{RECORDED}")


def growth_cells(options: argparse.Namespace) -> list[Cell]:
    """The exact engine on the plain case."""
    return [
        Cell(racks, options.jobs or 1000, "plain", "weighted", "optimal", seed, budget_s)
        for racks in GROWTH
        for seed in options.seeds
        for budget_s in options.budget
    ]


def table_cells(options: argparse.Namespace) -> list[Cell]:
    """Every combination that makes sense; the plain model knows neither options nor priorities."""
    return [
        Cell(racks, options.jobs or default_jobs(racks), mix, objective, engine, seed, budget_s)
        for racks in ([64, 512] if options.quick else options.racks)
        for mix, objective in (case.split("/") for case in options.cases)
        for seed in options.seeds
        for budget_s in ([10.0] if options.quick else options.budget)
        for engine in options.engines
        if engine != PLAIN or (mix, objective) == ("plain", "weighted")
    ]


def default_jobs(racks: int) -> int:
    """As many as for the largest listed hall that is no larger."""
    return max((jobs for size, jobs in JOBS.items() if size <= racks), default=min(JOBS.values()))


def measure(cell: Cell, output: Path | None) -> Row:
    """Run one cell in a fresh process and tell how it went."""
    command = [*this_script(), "--cell", json.dumps(asdict(cell))]
    done = run_fresh(command, most_s=60 + PATIENCE * cell.budget_s)
    row: Row = {name: getattr(cell, name) for name in ("racks", "jobs", "objective", "engine")}
    row |= {"options": cell.mix, "seed": cell.seed, "budget s": cell.budget_s}
    row["MiB"] = round(done.peak_mib)
    if done.exit_code > 0:
        sys.exit(done.errors)
    if done.exit_code < 0:
        row["killed s"] = done.wall_s
    else:
        row |= done.answer
    if output is not None:
        with output.open("a") as stream:
            stream.write(json.dumps(row | {"environment": environment()}) + "\n")
    told = (f"{name} {shown(row[name])}" for name in ("seconds", "proof s", "MiB") if name in row)
    print(f"{cell}: {', '.join(told)}", file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    main()
