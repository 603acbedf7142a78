"""Dumps of 55,008 nodes and 10,000 jobs are read in seconds and in little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from formats.job_files import from_csv

NUM_BLOCKS, BLOCK_SIZE, NUM_JOBS = 3056, 18, 10_000
SCRIPT = """
import json, resource, sys, time
from pathlib import Path
from rackwright.models.formats.state import load_state
folder = Path(sys.argv[1])
start = time.perf_counter()
state = load_state(
    topology=folder / "t.yaml", nodes=[folder / "n.json"], queue=[folder / "q.json"]
)
wall_s = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([wall_s, peak, len(state.instance.cluster.nodes), len(state.instance.jobs)]))
"""


def _topology() -> str:
    lines = ["- topology: t", "  block:", "    block_sizes: [18, 36, 72]", "    blocks:"]
    for block in range(NUM_BLOCKS):
        first = block * BLOCK_SIZE + 1
        nodes = f"n[{first:05}-{first + BLOCK_SIZE - 1:05}]"
        lines.append(f'      - {{block: b{block}, nodes: "{nodes}"}}')
    return "\n".join(lines)


@pytest.mark.slow
def test_large_dumps(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "slurm_files"
    node = json.loads((folder / "scontrol_show_nodes.json").read_text())["nodes"][0]
    names = [f"n{number:05}" for number in range(1, NUM_BLOCKS * BLOCK_SIZE + 1)]
    nodes = [node | {"name": name, "state": ["IDLE"]} for name in names]
    jobs = json.loads((folder / "squeue.json").read_text())["jobs"]
    pending = next(job for job in jobs if job["state_reason"] == "Priority")
    queue = [pending | {"job_id": number} for number in range(NUM_JOBS)]
    (tmp_path / "t.yaml").write_text(_topology())
    (tmp_path / "n.json").write_text(json.dumps({"nodes": nodes}, indent=2))
    (tmp_path / "q.json").write_text(json.dumps({"jobs": queue}, indent=2))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    imports = str(Path(__file__).resolve().parents[2] / ".imports")
    environment = os.environ | {"PYTHONPATH": imports}
    shown = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
    wall_s, peak_kib, num_nodes, num_jobs = json.loads(shown)
    assert (num_nodes, num_jobs) == (len(names), NUM_JOBS)
    assert wall_s < 15
    assert peak_kib < 2 * 1024 * 1024


def test_ten_thousand_jobs_in_csv() -> None:
    rows = [f"{number},8,4,true,topo,1-00:00:00,{number}" for number in range(NUM_JOBS)]
    header = "job_id,nodes,segment,spread_segments,exclusive,time_limit,priority"
    start = time.process_time()
    entries, _ = from_csv("\n".join([header, *rows]))
    assert len(entries) == NUM_JOBS
    assert time.process_time() - start < 2  # 0.2 s on an idle core
