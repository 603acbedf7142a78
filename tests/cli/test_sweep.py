"""Sweeps survive kills, full disks, broken rows and second runs; loky, dask and shards agree."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sweep_cells import square

from rackwright.cli import sweep
from rackwright.cli.sweep import Shard, merge_rows, parse_shard, read_rows, run_cells
from rackwright.models.errors import InputError


def cells(count: int) -> dict[str, partial[dict[str, Any]]]:
    return {str(number): partial(square, number) for number in range(count)}


def run(path: Path, count: int, **options: Any) -> list[dict[str, Any]]:
    defaults: dict[str, Any] = {
        "shard": Shard(),
        "workers": 1,
        "backend": "loky",
        "address": None,
        "check": lambda row: None,
    }
    run_cells(cells(count), path, **{**defaults, **options})
    return merge_rows([path], list(cells(count)))


EXPECTED = [square(number) for number in range(20)]


def test_rows_come_in_the_order_of_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert run(path, 20, workers=2) == EXPECTED
    assert [json.loads(line) for line in path.read_text().splitlines()] == EXPECTED


@pytest.mark.parametrize("count", range(1, 9))
def test_shards_together_are_the_whole(tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{number}.jsonl" for number in range(1, count + 1)]
    for number, path in enumerate(paths, start=1):
        run(path, 20, shard=Shard(number, count))
    assert sum(len(read_rows(path)) for path in paths) == 20
    assert merge_rows(paths, list(cells(20))) == EXPECTED


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/", "-1/2"])
def test_wrong_shards_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="wanted K/N"):
        parse_shard(text)
    assert parse_shard("3/4") == Shard(3, 4)


def test_half_a_row_is_run_again_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    run(path, 20)
    text = path.read_text()
    path.write_text(text[: len(text) - 15])  # killed while it wrote the last row
    assert run(path, 20) == EXPECTED
    assert "1 broken rows (line 20); their cells are run again" in capsys.readouterr().err
    assert len(path.read_text().splitlines()) == 21


def test_broken_rows_in_the_middle_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    run(path, 20)
    lines = path.read_text().splitlines()
    lines[3], lines[7], lines[9] = "{broken", '{"no": "cell"}', "\x00\x00"
    path.write_text("\n".join([*lines, lines[0]]) + "\n")  # and one row twice
    called: list[int] = []
    assert run(path, 20, check=lambda row: called.append(row["value"])) == EXPECTED
    assert sorted(called) == [row["value"] for row in EXPECTED]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    run(path, 10)
    before = path.read_text()
    assert run(path, 20) == EXPECTED
    assert path.read_text().startswith(before)
    run(path, 20)
    assert len(path.read_text().splitlines()) == 20


def test_two_runs_on_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with sweep._locked(path), pytest.raises(InputError, match="is written by another run"):
        run(path, 3)
    assert run(path, 20) == EXPECTED


def test_a_full_disk_keeps_every_row_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    real, left = os.fsync, [5]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="the rows before are safe, run again") as caught:
        run(path, 20)
    assert caught.value.filename == str(path)
    monkeypatch.setattr(os, "fsync", real)
    assert len(read_rows(path)) >= 5
    assert run(path, 20) == EXPECTED


def test_a_device_without_space_is_told_in_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with (
        pytest.raises(OSError, match="No space left on device"),
        Path("/dev/full").open("ab") as f,
    ):
        sweep._append(f, Path("/dev/full"), square(1))


def test_a_check_stops_the_run_after_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"

    def check(row: dict[str, Any]) -> None:
        if row["value"] == 25:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        run(path, 20, check=check)
    assert [row["value"] for row in read_rows(path).values()] == [0, 1, 4, 9, 16, 25]


def test_dask_needs_an_address_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="dask without --scheduler"):
        run(tmp_path / "rows.jsonl", 3, backend="dask")


SLOW_RUN = """
import sys, time
from functools import partial
from pathlib import Path
from rackwright.cli.sweep import Shard, run_cells
from sweep_cells import slow_square
run_cells({str(n): partial(slow_square, n) for n in range(20)}, Path(sys.argv[1]), shard=Shard(),
    workers=1, backend="loky", address=None, check=lambda row: None)
"""


def test_kill_9_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    tests = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": f"{tests}:{tests.parent / '.imports'}"}
    command = [sys.executable, "-c", SLOW_RUN, str(path)]
    process = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (
        path.exists() and path.read_text().count("\n") >= 3
    ):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = read_rows(path)
    assert 3 <= len(kept) < 20
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert merge_rows([path], list(cells(20))) == EXPECTED
    assert len(path.read_text().splitlines()) <= 21


@pytest.mark.slow
def test_dask_and_loky_give_identical_rows(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        many = run(tmp_path / "dask.jsonl", 20, backend="dask", address=address)
    assert many == run(tmp_path / "loky.jsonl", 20, workers=2) == EXPECTED
    assert (tmp_path / "dask.jsonl").read_bytes() == (tmp_path / "loky.jsonl").read_bytes()
