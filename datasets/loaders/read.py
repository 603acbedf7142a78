"""The table of trace formats, their detection, and reading a whole trace in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...models.errors import InputError, Problem
from .helios import read_acme, read_helios
from .lingjun import read_lingjun
from .normalised import read_normalised
from .openb import read_openb
from .philly import read_philly
from .swf import read_swf
from .trace import LoadOptions, Rows, TraceJob, open_text

Loader = Callable[[Path, LoadOptions, Rows], Iterator[TraceJob]]

FORMATS: dict[str, Loader] = {
    "csv": read_normalised,
    "swf": read_swf,
    "lingjun": read_lingjun,
    "helios": read_helios,
    "philly": read_philly,
    "acme": read_acme,
    "openb": read_openb,
}


@dataclass(frozen=True)
class Trace:
    """A whole trace.

    Attributes
    ----------
    jobs
        By submit time; the first one is submitted at 0.
    skipped
        Rows left out, by reason.
    format
        Name of the loader that read it.
    """

    jobs: tuple[TraceJob, ...]
    skipped: dict[str, int]
    format: str


def detect_format(path: Path) -> str:
    """Name of the format, from the file's first lines.

    Raises
    ------
    InputError
        If no format fits.
    """
    with open_text(path) as text:
        head = text.read(65_536)
    lines = [line for line in head.splitlines() if line.strip()]
    first = lines[0].strip() if lines else ""
    if first.startswith("["):
        return "philly"
    if first.startswith(";"):
        return "swf"
    columns = {name.strip() for name in first.split(",")}
    marks = {
        "csv": {"submit_s", "runtime_s"},
        "lingjun": {"job_name", "gmt_job_submitted"},
        "helios": {"gpu_num", "submit_time", "vc"},
        "acme": {"gpu_num", "submit_time", "type"},
        "openb": {"num_gpu", "creation_time"},
    }
    for name, mark in marks.items():
        if mark <= columns:
            return name
    fields = first.split()
    if len(fields) >= 18 and all(_is_number(field) for field in fields[:18]):
        return "swf"
    found = f"unknown format, begins with {first[:40]!r}" if first else "empty file"
    raise InputError([Problem(str(path), "line 1", found, "one of " + ", ".join(FORMATS))])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_trace(
    path: Path, *, format: str | None = None, options: LoadOptions | None = None
) -> Trace:
    """All jobs of a trace, in order of submission and re-based to start at 0.

    Parameters
    ----------
    path
        The file, gzipped or not.
    format
        A name of `FORMATS`; None detects it.
    options
        How sizes are read.

    Raises
    ------
    InputError
        With every problem found (at most twenty), or if no row is a job.
    """
    name = format or detect_format(path)
    rows = Rows(path.name)
    jobs = list(FORMATS[name](path, options or LoadOptions(), rows))
    rows.finish()
    if not jobs:
        raise InputError([Problem(str(path), "", f"no job (skipped: {rows.skipped})", "a trace")])
    jobs.sort(key=lambda job: (job.submit_s, job.job_id))
    return Trace(tuple(_rebased(job, jobs[0].submit_s) for job in jobs), rows.skipped, name)


def _rebased(job: TraceJob, origin: int) -> TraceJob:
    start = None if job.start_s is None else job.start_s - origin
    return replace(job, submit_s=job.submit_s - origin, start_s=start)
