"""Configurations that a real slurmctld was started with: what killed it is refused here too."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from rackwright.models.errors import InputError
from rackwright.models.formats.state import load_state

# Fatal only because slurm.conf named another plugin than the file's lines.
NEEDS_PLUGIN = {"err-077"}


def _is_refused(record: dict[str, Any], folder: Path) -> bool:
    partition = record["partition_line"] or "PartitionName=p Nodes=ALL Default=YES"
    conf = folder / "slurm.conf"
    conf.write_text(f"NodeName={record['nodes_configured']} CPUs=4\n{partition}\n")
    topology = folder / ("topology.conf" if record["topology_yaml"] is None else "topology.yaml")
    topology.write_text(record["topology_yaml"] or record["topology_conf"] or "")
    resources = folder / "resources.yaml"
    resources.write_text(record["resources_yaml"] or "")
    given = [resources] if record["resources_yaml"] else []
    try:
        load_state(topology=topology, slurm_conf=conf, resources=given)
    except InputError:
        return True
    return False


def test_nothing_that_kills_slurmctld_is_accepted(shared_data: Path, tmp_path: Path) -> None:
    verdicts: Counter[tuple[str, bool]] = Counter()
    with gzip.open(shared_data / "errors" / "errors.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            if record["id"] in NEEDS_PLUGIN:
                continue
            refused = _is_refused(record, tmp_path)
            result = record["outcome"]["result"]
            verdicts[result, refused] += 1
            assert refused or result == "accepted", (record["id"], record["name"])
    assert verdicts["fatal", True] > 50
    # Stricter than Slurm on purpose: overlaps, unknown keys, missing names, empty layers.
    assert verdicts["accepted", True] <= verdicts["accepted", False] / 4
