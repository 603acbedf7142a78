"""Reading what a controller of 55,008 nodes prints: seconds and memory of the readers alone.

Writes `scontrol show nodes --json` (about 140 MB) and `squeue --json` of 10,000 pending jobs,
every record with all the keys that Slurm 26.11 prints (recorded_node.json, recorded_job.json),
reads them with `load_state` in a fresh process, and beside it with `json.loads` alone.

    python tests/benchmarks/reading.py
    python tests/benchmarks/reading.py --racks 512 --jobs 1000 --runs 1
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from measuring import Row, markdown, print_environment, run_fresh, this_script

from rackwright.models.formats.state import load_state

BLOCK_SIZE = 18
COLUMNS = ("what", "nodes", "pending", "seconds", "CPU s", "MiB")
HERE = Path(__file__).resolve().parent
STATES = (["IDLE"], ["ALLOCATED"], ["ALLOCATED"], ["IDLE", "DRAIN"], ["IDLE"])
SIZES = (8, 16, 32, 64, 128)  # of the recorded job's --segment=8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--racks", type=int, default=3056)
    add("--jobs", type=int, default=10_000)
    add("--runs", type=int, default=3)
    add("--cell", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.cell:
        what, folder = options.cell
        print(json.dumps(CELLS[what](Path(folder))))
        return
    print_environment()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_files(folder, options.racks, options.jobs)
        sizes = ", ".join(
            f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in sorted(folder.iterdir())
        )
        print(f"\n{sizes}; medians of {options.runs}\n")
        print(markdown([measure(what, folder, options.runs) for what in CELLS], COLUMNS))


def write_files(folder: Path, num_blocks: int, num_jobs: int) -> None:
    """The three files of one state, indented as Slurm indents them."""
    names = [
        [f"n{number:05}" for number in range(block * BLOCK_SIZE + 1, (block + 1) * BLOCK_SIZE + 1)]
        for block in range(num_blocks)
    ]
    lines = ["- topology: default", "  block:", "    block_sizes: [18, 36, 72, 144, 288]"]
    lines.append("    blocks:")
    lines += [
        f'      - {{block: b{block}, nodes: "n[{nodes[0][1:]}-{nodes[-1][1:]}]"}}'
        for block, nodes in enumerate(names)
    ]
    (folder / "topology.yaml").write_text("\n".join(lines) + "\n")
    node = json.loads((HERE / "recorded_node.json").read_text())
    every = [name for nodes in names for name in nodes]
    write_records(folder / "nodes.json", "nodes", node_records(node, every))
    job = json.loads((HERE / "recorded_job.json").read_text())
    write_records(folder / "squeue.json", "jobs", job_records(job, num_jobs))


def node_records(recorded: Row, names: Iterable[str]) -> Iterable[Row]:
    for number, name in enumerate(names):
        own = {"name": name, "address": name, "hostname": name}
        yield recorded | own | {"state": STATES[number % len(STATES)], "partitions": ["batch"]}


def job_records(recorded: Row, num_jobs: int) -> Iterable[Row]:
    for number in range(1, num_jobs + 1):
        size = {"set": True, "infinite": False, "number": SIZES[number % len(SIZES)]}
        own = {"job_id": number, "node_count": size, "partition": "batch"}
        yield recorded | own | {"submit_line": f"sbatch -N{size['number']} job{number}.sh"}


def write_records(path: Path, key: str, records: Iterable[Row]) -> None:
    with path.open("w") as stream:
        stream.write(f'{{\n  "{key}": [')
        for number, record in enumerate(records):
            text = json.dumps(record, indent=2).replace("\n", "\n    ")
            stream.write(f"{',' if number else ''}\n    {text}")
        stream.write("\n  ]\n}\n")


def measure(what: str, folder: Path, runs: int) -> Row:
    """Medians over fresh processes."""
    rows = []
    for _ in range(runs):
        done = run_fresh([*this_script(), "--cell", what, str(folder)])
        if done.exit_code:
            sys.exit(done.errors)
        rows.append(done.answer | {"MiB": round(done.peak_mib)})
    times = {name: median(row[name] for row in rows) for name in ("seconds", "CPU s", "MiB")}
    return {"what": what} | rows[0] | times


def read_state(folder: Path) -> Row:
    """The whole way to an instance."""
    begun = time.perf_counter()
    state = load_state(
        topology=folder / "topology.yaml",
        nodes=[folder / "nodes.json"],
        queue=[folder / "squeue.json"],
    )
    seconds = time.perf_counter() - begun
    instance = state.instance
    return figures(seconds, len(instance.cluster.nodes), len(instance.jobs))


def parse_only(folder: Path) -> Row:
    """What `json.loads` alone takes for the two dumps, one after the other."""
    begun = time.perf_counter()
    num_nodes = len(json.loads((folder / "nodes.json").read_text())["nodes"])
    num_jobs = len(json.loads((folder / "squeue.json").read_text())["jobs"])
    return figures(time.perf_counter() - begun, num_nodes, num_jobs)


def figures(seconds: float, num_nodes: int, num_jobs: int) -> Row:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = usage.ru_utime + usage.ru_stime
    return {"nodes": num_nodes, "pending": num_jobs, "seconds": seconds, "CPU s": cpu_s}


CELLS = {"load_state": read_state, "json.loads alone": parse_only}

if __name__ == "__main__":
    main()
