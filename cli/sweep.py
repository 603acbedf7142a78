"""Runs independent cells on many processes or machines and keeps their rows in JSON Lines."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..models.errors import InputError, Problem
from .progress import warn

Row = dict[str, Any]
KEY = "cell"


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `count`, counted from 1: every count-th cell."""

    number: int = 1
    count: int = 1

    def of(self, cells: Sequence[str]) -> list[str]:
        """This shard's cells, in order."""
        return list(cells[self.number - 1 :: self.count])


def parse_shard(text: str) -> Shard:
    """``K/N``, as in ``--shard $SLURM_ARRAY_TASK_ID/64``."""
    number, _, count = text.partition("/")
    if number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count):
        return Shard(int(number), int(count))
    raise InputError([Problem("--shard", "", repr(text), "K/N with 1 <= K <= N")])


def read_rows(path: Path) -> dict[str, Row]:
    """Rows by cell; broken lines are told and left out, of equal cells the first counts."""
    rows: dict[str, Row] = {}
    broken: list[int] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                rows.setdefault(row[KEY], row)
            except (ValueError, KeyError, TypeError):
                if line.strip():
                    broken.append(number)
    if broken:
        shown = ", ".join(map(str, broken[:5])) + (", ..." if len(broken) > 5 else "")
        warn(f"{path}: {len(broken)} broken rows (line {shown}); their cells are run again")
    return rows


def merge_rows(paths: Iterable[Path], order: Sequence[str]) -> list[Row]:
    """Rows of all files, each cell once, in the order of the cells."""
    found: dict[str, Row] = {}
    for path in paths:
        for key, row in read_rows(path).items():
            found.setdefault(key, row)
    known = [found[key] for key in order if key in found]
    return known + [found[key] for key in sorted(found.keys() - set(order))]


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file opened for appending, for this process alone."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wanted = "a file of its own, or --shard K/N with one file each"
            problem = Problem("--output", "", f"{path} is written by another run", wanted)
            raise InputError([problem]) from None
        yield file


def run_cells(
    cells: Mapping[str, Callable[[], Row]],
    path: Path,
    *,
    shard: Shard,
    workers: int,
    backend: str,
    address: str | None,
    check: Callable[[Row], None],
) -> None:
    """Run the cells of a shard that `path` does not hold yet, appending each row when it is done.

    Parameters
    ----------
    cells
        Per key a function without arguments; both must be picklable.
    path
        JSON Lines; may exist: its rows are kept, and their cells not run again.
    backend
        ``loky``, or ``dask`` with a scheduler at `address`.
    check
        Sees every row, old and new, and raises to stop the run.

    Raises
    ------
    InputError
        If another run writes the file, or dask is missing.
    OSError
        If the disk is full; all complete rows stay.
    """
    with _locked(path) as file:
        done = read_rows(path)
        for key in cells:
            if key in done:
                check(done[key])
        mine = [key for key in shard.of(list(cells)) if key not in done]
        if done:
            kept = len(cells.keys() & done.keys())
            print(f"{path}: {kept} cells done before, {len(mine)} to go", file=sys.stderr)
        _end_last_line(path, file)
        progress = _Progress(len(mine))
        with _backend(backend, address, workers) as parallel:
            for row in parallel(_call(cells[key]) for key in mine):
                _append(file, path, row)
                check(row)
                progress.tick()


def _call(work: Callable[[], Row]) -> Any:
    from joblib import delayed

    return delayed(work)()


@contextmanager
def _backend(name: str, address: str | None, workers: int) -> Iterator[Any]:
    """joblib's Parallel, yielding rows in the order of the cells."""
    from joblib import Parallel, parallel_config

    if name != "dask":
        yield Parallel(n_jobs=workers, backend="loky", return_as="generator", batch_size="auto")
        return
    try:
        from distributed import Client
    except ImportError:
        wanted = "pip install 'rackwright[dask]'"
        raise InputError([Problem("--backend", "", "dask is not installed", wanted)]) from None
    if address is None:
        problem = Problem(
            "--backend", "", "dask without --scheduler", "its address, tcp://host:8786"
        )
        raise InputError([problem])
    client: Any = Client
    with client(address), parallel_config(backend="dask"):
        # joblib's dask backend has no generator; batches keep rows flowing to the file.
        yield _batched(Parallel(n_jobs=-1))


def _batched(parallel: Any, size: int = 64) -> Callable[[Iterable[Any]], Iterator[Row]]:
    def run(tasks: Iterable[Any]) -> Iterator[Row]:
        batch: list[Any] = []
        for task in tasks:
            batch.append(task)
            if len(batch) == size:
                yield from parallel(batch)
                batch = []
        if batch:
            yield from parallel(batch)

    return run


def _end_last_line(path: Path, file: IO[bytes]) -> None:
    """A run that was killed may have left half a row: the next one starts on a line of its own."""
    size = path.stat().st_size
    if size:
        with path.open("rb") as reader:
            reader.seek(size - 1)
            if reader.read(1) != b"\n":
                file.write(b"\n")


def _append(file: IO[bytes], path: Path, row: Row) -> None:
    try:
        file.write(json.dumps(row, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        # The buffer holds the row that did not fit; forget it, or closing would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
        reason = f"{error.strerror}; the rows before are safe, run again to go on"
        raise OSError(error.errno, reason, str(path)) from error


class _Progress:
    """Cells done and time left, on stderr while somebody watches."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begin_s = time.monotonic()
        self._told_s = 0.0

    def tick(self) -> None:
        """One more cell is done."""
        self._done += 1
        elapsed_s = time.monotonic() - self._begin_s
        if not sys.stderr.isatty() or (elapsed_s - self._told_s < 1 and self._done < self._total):
            return
        self._told_s = elapsed_s
        left_s = elapsed_s / self._done * (self._total - self._done)
        end = "\n" if self._done == self._total else ""
        text = f"\r{self._done} of {self._total} cells, about {left_s:.0f} s left   "
        print(text, end=end, file=sys.stderr, flush=True)
