"""How every engine grows: size x options x objective -> seconds to a plan, to 1 %, to a proof.

Each cell is a fresh process; reading files and making the instance are not timed. A gap is always
to the best bound that any engine proved on the same instance in the same run.

    python tests/benchmarks/scale.py --quick
    python tests/benchmarks/scale.py --racks 3056 --mix plain --engines optimal greedy slurm
    python tests/benchmarks/scale.py --growth
    python tests/benchmarks/scale.py --output rows.jsonl         (everything: about two hours)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from measuring import (
    Row,
    environment,
    markdown,
    percent,
    print_environment,
    run_fresh,
    this_script,
)
from scale_cell import ENGINES, PLAIN, Cell, run_cell

COLUMNS = (
    *("racks", "jobs", "options", "objective", "engine"),
    *("first plan s", "1 % s", "proof s", "seconds", "gap", "later terms", "MiB"),
)
GROWTH = (64, 128, 256, 512, 1024, 2048, 3056, 6000, 12_000)
JOBS = {64: 100, 512: 300, 3056: 1000, 12_000: 4000}
# Killed this many times after its limit: heuristics know none.
PATIENCE = 10
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
    add("--racks", type=int, nargs="+", default=list(JOBS))
    add("--jobs", type=int, help="by default 100, 300, 1000 and 4000, growing with the racks")
    add("--mix", choices=("plain", "all", "all+power"), nargs="+", default=None)
    add("--objective", choices=("weighted", "priority"), nargs="+", default=None)
    add("--engines", choices=ENGINES, nargs="+", default=list(ENGINES))
    add("--seeds", type=int, nargs="+", default=[0])
    add("--seconds", type=float, default=60, help="limit of every engine that knows one")
    add("--quick", action="store_true", help="64 and 512 racks, 10 seconds each")
    add("--growth", action="store_true", help="only the curve: 1,000 jobs from 64 to 12,000 racks")
    add("--output", type=Path, help="append one JSON row per cell here")
    add("--cell", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.cell:
        print(json.dumps(run_cell(Cell(**json.loads(options.cell)))))
        return
    print_environment()
    if options.growth:
        cells = [
            Cell(
                racks, options.jobs or 1000, "plain", "weighted", "optimal", seed, options.seconds
            )
            for racks in GROWTH
            for seed in options.seeds
        ]
    else:
        cells = list_cells(options)
    rows = [measure(cell, options.output) for cell in cells]
    add_gaps(rows)
    print("\n" + markdown(rows, COLUMNS) + "\n")
    if options.growth:
        print_growth(rows)
    print(RECORDED)


def list_cells(options: argparse.Namespace) -> list[Cell]:
    """Every combination that makes sense; the plain model knows neither options nor priorities."""
    racks = [64, 512] if options.quick else options.racks
    seconds = min(options.seconds, 10) if options.quick else options.seconds
    return [
        Cell(size, options.jobs or default_jobs(size), mix, objective, engine, seed, seconds)
        for size in racks
        for mix in options.mix or ("plain", "all", "all+power")
        for objective in options.objective or ("weighted", "priority")
        for seed in options.seeds
        for engine in options.engines
        if engine != PLAIN or (mix == "plain" and objective == "weighted")
    ]


def default_jobs(racks: int) -> int:
    """As many as for the largest listed hall that is no larger."""
    return max((jobs for size, jobs in JOBS.items() if size <= racks), default=min(JOBS.values()))


def measure(cell: Cell, output: Path | None) -> Row:
    """Run one cell in a fresh process and tell how it went."""
    command = [*this_script(), "--cell", json.dumps(asdict(cell))]
    done = run_fresh(command, most_s=60 + PATIENCE * cell.seconds)
    row: Row = {name: getattr(cell, name) for name in ("racks", "jobs", "objective", "engine")}
    row |= {"options": cell.mix, "seed": cell.seed, "MiB": round(done.peak_mib)}
    if done.exit_code > 0:
        sys.exit(done.errors)
    if done.exit_code < 0:
        row["later terms"] = f"stopped after {done.wall_s:.0f} s"
    else:
        row |= done.answer
    if output is not None:
        with output.open("a") as stream:
            stream.write(json.dumps(row | {"environment": environment()}) + "\n")
    told = (
        f"{name}={row[name]}" for name in ("seconds", "proof s", "later terms") if row.get(name)
    )
    print(f"{cell} {' '.join(told)}", file=sys.stderr, flush=True)
    return row


def add_gaps(rows: list[Row]) -> None:
    """Gaps to the best bound per instance; start vectors are compared with the exact engine's."""
    same: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        same[row["racks"], row["jobs"], row["options"], row["objective"], row["seed"]].append(row)
    for group in same.values():
        bounds = [row["bound"] for row in group if row.get("bound") is not None]
        for row in group:
            if bounds and row.get("value") is not None:
                row["gap"] = gap(row["value"], min(bounds))


def gap(value: int | str, bound: int | str) -> str:
    """Percent, or for a start vector the first job that the bound starts and the plan does not."""
    if isinstance(value, str) or isinstance(bound, str):
        pairs = zip(str(value), str(bound), strict=True)
        first = next((place for place, (mine, best) in enumerate(pairs) if mine != best), None)
        return "none" if first is None else f"from job {first + 1}"
    return percent((bound - value) / bound if bound else 0.0)


def print_growth(rows: list[Row]) -> None:
    """How much longer the largest hall takes than the smallest."""
    seconds = {row["racks"]: row["seconds"] for row in rows}
    first, last = min(seconds), max(seconds)
    ratio = seconds[last] / seconds[first]
    print(
        f"time grows {ratio:.1f} x from {first:,} to {last:,} racks ({last / first:.0f} x racks)\n"
    )


if __name__ == "__main__":
    main()
