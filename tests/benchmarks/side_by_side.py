"""The exact engine beside the plain per-(job, block) model, in one run on one instance.

512 racks of 18 and 500 pending jobs, `weighted`: the exact engine takes t seconds to its proof,
the plain model gets `--factor` times t and shows the gap that is left: once with CP-SAT as it is,
once without the probing and symmetry detection that such a large model spends minutes on.

    python tests/benchmarks/side_by_side.py
    python tests/benchmarks/side_by_side.py --racks 64 --jobs 100 --factor 20
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace

from measuring import Row, markdown, percent, print_environment, run_fresh, shown, this_script
from plain_model import Limits, solve_plain

from rackwright.datasets.colossus import colossus
from rackwright.heuristics.greedy import greedy
from rackwright.models.instance import Instance
from rackwright.models.plan import Objective, PlanOptions
from rackwright.solver import optimal

COLUMNS = ("model", "threads", "seconds", "variables", "value", "bound", "gap", "status", "MiB")


@dataclass(frozen=True, slots=True)
class Cell:
    """One instance for one model: the exact engine, or the plain one where `limit_s` is given."""

    racks: int
    jobs: int
    seed: int
    objective: str
    is_warm: bool
    limit_s: float | None = None
    workers: int = 1
    is_lean: bool = False


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--racks", type=int, default=512)
    add("--jobs", type=int, default=500)
    add("--seeds", type=int, nargs="+", default=[0])
    add("--objective", choices=("weighted", "throughput", "jobs"), default="weighted")
    add("--factor", type=float, default=100, help="the plain model's time over ours")
    add("--most-seconds", type=float, default=3600, help="cap on the plain model's time")
    add(
        "--plain-workers",
        type=int,
        default=os.cpu_count() or 1,
        help="threads of the plain model (default: all cores); the exact engine has one",
    )
    add("--warm", action="store_true", help="start both from the greedy plan")
    add("--cell", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.cell:
        print(json.dumps(run_cell(Cell(**json.loads(options.cell)))))
        return
    print_environment()
    for seed in options.seeds:
        cell = Cell(options.racks, options.jobs, seed, options.objective, options.warm)
        compare(cell, options.factor, options.most_seconds, options.plain_workers)


def compare(cell: Cell, factor: float, most_seconds: float, workers: int) -> None:
    """Measure both on one instance and print their ratios."""
    exact = measure(cell)
    limit_s = min(factor * exact["seconds"], most_seconds)
    plain = replace(cell, limit_s=limit_s, workers=workers)
    rows = [exact, measure(plain), measure(replace(plain, is_lean=True))]
    start = "the greedy plan" if cell.is_warm else "nothing"
    print(
        f"\n{cell.racks} racks x 18, {cell.jobs} jobs, {cell.objective}, seed {cell.seed},"
        f" both start from {start}\n\n{markdown(rows, COLUMNS)}\n"
    )
    for row in rows[1:]:
        ratios = {name: row[name] / exact[name] for name in ("seconds", "variables")}
        print(
            f"{row['model']}: {shown(ratios['seconds'])} x the time, "
            f"{shown(ratios['variables'])} x the variables, "
            f"gap {row['gap']} against {exact['gap']}"
        )
    if limit_s == most_seconds:
        print(f"--most-seconds {most_seconds:g} cut the plain model's time")
    sys.stdout.flush()


def measure(cell: Cell) -> Row:
    """One model in a process of its own."""
    done = run_fresh([*this_script(), "--cell", json.dumps(asdict(cell))])
    if done.exit_code:
        sys.exit(done.errors)
    return done.answer | {"MiB": round(done.peak_mib)}


def run_cell(cell: Cell) -> Row:
    """Solve one instance with one model; making the instance is not timed."""
    instance = colossus(num_blocks=cell.racks, num_jobs=cell.jobs, seed=cell.seed)
    options = PlanOptions(objective=Objective(cell.objective), seed=cell.seed)
    if cell.limit_s is None:
        return run_exact(instance, options, cell.is_warm)
    hint = greedy(instance, options).plan if cell.is_warm else None
    limits = Limits(cell.limit_s, cell.workers, cell.seed, cell.is_lean)
    begun = time.perf_counter()
    found = solve_plain(instance, options.objective, limits, hint=hint)
    return {
        "model": "plain, lean presolve" if cell.is_lean else "plain, CP-SAT's defaults",
        "threads": cell.workers,
        "seconds": time.perf_counter() - begun,
        "variables": found.num_variables,
        "value": found.value,
        "bound": found.bound,
        "gap": percent(found.gap),
        "status": found.status,
    }


def run_exact(instance: Instance, options: PlanOptions, is_warm: bool) -> Row:
    """The exact engine on all terms of the score; a warm start counts as its time."""
    begun = time.perf_counter()
    hint = greedy(instance, options).plan if is_warm else None
    result = optimal(instance, options, hint=hint)
    seconds = time.perf_counter() - begun
    first = result.objective[0]
    value, bound = int(first.value), int(first.bound or 0)
    return {
        "model": "exact engine, all terms",
        "threads": options.workers,
        "seconds": seconds,
        "variables": result.statistics["variables"],
        "value": value,
        "bound": bound,
        "gap": percent((bound - value) / bound if bound else 0.0),
        "status": "optimal" if first.proven else "feasible",
    }


if __name__ == "__main__":
    main()
