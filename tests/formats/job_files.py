"""Reads job texts in the way `load_state` does, for tests of the readers alone."""

from __future__ import annotations

from collections.abc import Callable

from rackwright.models.errors import ProblemLog
from rackwright.models.formats.jobs_build import JobContext, JobEntry
from rackwright.models.formats.jobs_csv import read_jobs_csv
from rackwright.models.formats.jobs_licenses import LicenseResolver
from rackwright.models.formats.jobs_yaml import read_jobs_yaml
from rackwright.models.formats.sbatch import read_sbatch
from rackwright.models.resources import Layer, Mode, Resource

POWER = Resource(
    "power",
    Mode.MODE_3,
    (Layer(frozenset({0}), 10),),
    variables={"full": 7, "full_node": 132, "capped_node": 90},
)
FEED = Resource("feed", Mode.MODE_3, (Layer(frozenset({0}), 10),), unit="W")
SLOTS = Resource("slots", Mode.MODE_3, (Layer(frozenset({0}), 10),))
TOKENS = Resource("tokens", Mode.MODE_1, (Layer(frozenset({0}), 10),))


def context(*, gpus_per_node: int | None = 4, now_s: int | None = None) -> JobContext:
    """A cluster of nodes with four GPUs, and four resources."""
    resources = {resource.name: resource for resource in (POWER, FEED, SLOTS, TOKENS)}
    return JobContext(LicenseResolver(resources), gpus_per_node, now_s)


Reader = Callable[[str, ProblemLog, JobContext], list[JobEntry]]


def _read(reader: Reader, text: str, given: JobContext | None) -> tuple[list[JobEntry], list[str]]:
    log = ProblemLog("f")
    entries = reader(text, log, given or context())
    log.raise_errors()
    return entries, [str(warning) for warning in log.warnings]


def from_yaml(text: str, given: JobContext | None = None) -> tuple[list[JobEntry], list[str]]:
    """Jobs and warnings of a YAML text."""
    return _read(read_jobs_yaml, text, given)


def from_csv(text: str, given: JobContext | None = None) -> tuple[list[JobEntry], list[str]]:
    """Jobs and warnings of a CSV text."""
    return _read(read_jobs_csv, text, given)


def from_script(lines: str, given: JobContext | None = None) -> tuple[list[JobEntry], list[str]]:
    """Jobs and warnings of an sbatch script with these option lines."""

    def reader(text: str, log: ProblemLog, given: JobContext) -> list[JobEntry]:
        return read_sbatch(text, "s", log, given)

    return _read(reader, f"#!/bin/bash\n{lines}\nsrun true\n", given)
