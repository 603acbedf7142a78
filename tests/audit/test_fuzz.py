"""Corrupted dumps: an answer or a clear error, every line accounted for, never a crash."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from recorded_schedules import random_jobs, sacct_lines, simulate

from rackwright.cli.audit_run import AuditOptions, run_audit
from rackwright.models.audit.waste import WasteOptions
from rackwright.models.cluster import Cluster
from rackwright.models.errors import InputError
from rackwright.models.formats.records_clock import Clock
from rackwright.models.formats.records_read import read_records
from rackwright.models.node import Node
from rackwright.models.topology import Block, BlockTopology

SIZE = 4
ROUNDS = 60
ALPHABET = "0123456789|:-T[],n UnknowePD\t\n"


def cluster() -> Cluster:
    blocks = tuple(Block(f"b{b}", tuple(range(b * SIZE, (b + 1) * SIZE))) for b in range(6))
    nodes = tuple(Node(f"n{i:02d}") for i in range(24))
    return Cluster(nodes, (BlockTopology("default", SIZE, (0, 1), blocks),))


def corrupted(rng: Random, text: str) -> str:
    """A text after a few accidents."""
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        accident = rng.choice(("replace", "insert", "delete", "swap", "cut", "repeat"))
        end = min(len(text), at + rng.randint(1, 60))
        if accident == "replace":
            text = text[:at] + rng.choice(ALPHABET) + text[at + 1 :]
        elif accident == "insert":
            text = text[:at] + "".join(rng.choices(ALPHABET, k=rng.randint(1, 9))) + text[at:]
        elif accident == "delete":
            text = text[:at] + text[end:]
        elif accident == "swap":
            lines = text.split("\n")
            rng.shuffle(lines)
            text = "\n".join(lines)
        elif accident == "cut":
            text = text[: max(at, len(text) // 2)]
        else:
            text = text[:end] + text[at:]
    return text


@pytest.mark.parametrize("seed", range(3))
def test_corrupted_dumps(seed: int, tmp_path: Path) -> None:
    rng = Random(f"fuzz {seed}")
    machine = cluster()
    runs = simulate(machine, random_jobs(rng, 25, sizes=(1, 2, 4, 6), gap_s=700))
    clean = "\n".join(sacct_lines(machine, runs)) + "\n"
    outcomes: Counter[str] = Counter()
    options = AuditOptions(waste=WasteOptions(repack_budget_s=1))
    for _ in range(ROUNDS):
        path = tmp_path / "sacct.txt"
        path.write_text(corrupted(rng, clean))
        try:
            records = read_records([path], clock=Clock.named("UTC"))
        except InputError as error:
            outcomes["refused"] += 1
            assert str(error)
            continue
        assert all(count.is_balanced for count in records.files)
        audit = run_audit(records, [(None, machine)], options)
        outcomes["audited"] += 1
        outcomes["with findings"] += bool(audit.findings)
    assert outcomes["audited"] > ROUNDS / 3
