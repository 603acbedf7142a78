"""``--jobs``: a YAML, CSV or sbatch file, told apart by its name and its first line."""

from __future__ import annotations

from pathlib import Path

from ..errors import ProblemLog
from .jobs_build import JobContext, JobEntry
from .jobs_csv import read_jobs_csv
from .jobs_yaml import read_jobs_yaml
from .sbatch import read_sbatch
from .text import read_text


def read_jobs(path: Path, log: ProblemLog, context: JobContext) -> list[JobEntry]:
    """Jobs of one file.

    Parameters
    ----------
    path
        ``.csv`` is CSV; a file that begins with ``#!`` or ends in ``.sh``, ``.sbatch``, ``.slurm``
        or ``.batch`` is an sbatch script, whose job is called as the file; all else is YAML.
        ``.gz`` after any of these is seen through.
    log
        Where problems go.
    context
        What there is to know about the cluster.

    Raises
    ------
    InputError
        When the file cannot be read as text, or not as YAML.
    """
    text = read_text(path)
    name = path.name.removesuffix(".gz")
    suffix = Path(name).suffix.lower()
    if suffix == ".csv":
        return read_jobs_csv(text, log, context)
    if text.startswith("#!") or suffix in (".sh", ".sbatch", ".slurm", ".batch"):
        return read_sbatch(text, Path(name).stem, log, context)
    return read_jobs_yaml(text, log, context)
