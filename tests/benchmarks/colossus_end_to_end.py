"""`rackwright plan` from files to plan.json as a fresh process: seconds, proofs, memory.

The hall of 3,056 racks of 18 (55,008 nodes, 220,032 GPUs) is written as topology.yaml, jobs.csv
and a hostlist for `--unavailable`; only the planning process is timed, interpreter start included.

    python tests/benchmarks/colossus_end_to_end.py
    python tests/benchmarks/colossus_end_to_end.py --case all-power --seeds 0 1 2
    python tests/benchmarks/colossus_end_to_end.py --case all --keep /tmp/hall
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measuring import Row, markdown, percent, print_environment, run_fresh

from rackwright.datasets.colossus import colossus
from rackwright.datasets.writers import unavailable_hostlist, write_instance
from rackwright.models.instance import Instance

COLUMNS = (
    *("seed", "seconds", "CPU s", "engine s", "MiB", "started"),
    *("term 1", "usable_capacity", "blocks_touched"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is planned, how, and the goal that was set for it.

    Attributes
    ----------
    budget_s
        Passed as ``--budget``; None leaves the engine its deterministic default.
    goal
        In words, for the reader of the output.
    """

    goal: str
    racks: int = 3056
    jobs: int = 1000
    mix: str = "plain"
    partitions: int = 1
    power: bool = False
    objective: str = "weighted"
    engine: str = "optimal"
    budget_s: float | None = None


CASES = {
    "segments": Case("term 1 and usable capacity proven in 2 s"),
    "segments-10000": Case("term 1 and usable capacity proven in 30 s", jobs=10_000),
    "all-power": Case(
        "gap of term 1 at most 0.5 % in 60 s",
        mix="all",
        partitions=3,
        power=True,
        budget_s=60,
    ),
    "all-power-long": Case(
        "term 1 proven in most seeds in 10 minutes",
        mix="all",
        partitions=3,
        power=True,
        budget_s=600,
    ),
    "all-priority": Case(
        "start vector proven in 60 s", mix="all", objective="priority", budget_s=60
    ),
    "all-512": Case("term 1 and usable capacity proven in 10 s", racks=512, jobs=300, mix="all"),
    "greedy": Case("planned in 0.2 s", mix="all", engine="greedy"),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--case", choices=[*CASES, "all"], default="segments")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    add("--keep", type=Path, help="write the files here and keep them")
    add("--json-lines", type=Path, help="append one row per run to this file")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    print_environment()
    for name in CASES if options.case == "all" else [options.case]:
        case = CASES[name]
        print(f"\n{name}: {describe(case)}; goal: {case.goal}\n", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            folder = options.keep or Path(scratch)
            rows = [run_seed(case, seed, folder / f"{name}-{seed}") for seed in options.seeds]
        print(markdown(rows, COLUMNS))
        print(
            f"\nmedian of {len(rows)}: {median(row['seconds'] for row in rows):.2f} s"
            f" ({median(row['CPU s'] for row in rows):.2f} s of one core),"
            f" largest process {max(row['MiB'] for row in rows):,} MiB",
            flush=True,
        )
        if options.json_lines:
            with options.json_lines.open("a") as stream:
                stream.writelines(json.dumps({"case": name} | row) + "\n" for row in rows)


def describe(case: Case) -> str:
    """The case in words."""
    options = "units within a block" if case.mix == "plain" else "all options"
    partitions = f", {case.partitions} partitions" if case.partitions > 1 else ""
    caps = ", binding caps" if case.power else ""
    return (
        f"{case.racks:,} racks x 18, {case.jobs:,} jobs, {options}{partitions}{caps},"
        f" engine {case.engine}, {case.objective}"
    )


def run_seed(case: Case, seed: int, folder: Path) -> Row:
    """Write the files of one seed, plan them in a fresh process, read plan.json back."""
    instance = colossus(
        num_blocks=case.racks,
        num_jobs=case.jobs,
        mix=case.mix,
        partitions=case.partitions,
        power=case.power,
        seed=seed,
    )
    write_instance(instance, folder)
    output = folder / "plan.json"
    done = run_fresh(plan_command(case, instance, folder, output, seed))
    if done.exit_code:
        sys.exit(done.errors)
    document = json.loads(output.read_text())
    row = {
        "seed": seed,
        "seconds": done.wall_s,
        "CPU s": done.cpu_s,
        "engine s": document["wall_s"],
        "MiB": round(done.peak_mib),
        "started": len(document["placements"]),
    }
    for number, term in enumerate(document["objective"]):
        row["term 1" if number == 0 else term["term"]] = judged(term)
    return row


def plan_command(
    case: Case, instance: Instance, folder: Path, output: Path, seed: int
) -> list[str]:
    """The command an operator would type."""
    command = [sys.executable, "-m", "rackwright.cli", "plan"]
    command += ["--topology", f"{folder}/topology.yaml", "--jobs", f"{folder}/jobs.csv"]
    command += ["--unavailable", unavailable_hostlist(instance)]
    if case.partitions > 1:
        command += ["--nodes", f"{folder}/nodes.csv"]
    if case.power:
        command += ["--resources", f"{folder}/resources.yaml"]
    if case.budget_s is not None:
        command += ["--budget", str(case.budget_s)]
    command += ["--objective", case.objective, "--engine", case.engine, "--seed", str(seed)]
    return [*command, "--no-map", "--output", str(output)]


def judged(term: Row) -> str:
    """Proven, or what is known instead."""
    if term.get("proven"):
        return "proven"
    value, bound = term["value"], term.get("bound")
    if isinstance(value, str):
        return f"proven through {term.get('proven_through')}"
    if bound is None:
        return "no bound"
    return f"gap {percent(abs(bound - value) / max(abs(bound), abs(value), 1))}"


if __name__ == "__main__":
    main()
