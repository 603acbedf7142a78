"""The files of a cluster's state as a value that can be sent to another process."""

from __future__ import annotations

from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from ..models.instance import Instance
from .state_options import load


@dataclass(frozen=True, slots=True)
class StateFiles:
    """Options of ``plan`` that name files; empty means not given."""

    topology: Path
    resources: tuple[Path, ...] = ()
    nodes: tuple[Path, ...] = ()
    queue: tuple[Path, ...] = ()
    jobs: tuple[Path, ...] = ()
    unavailable: tuple[str, ...] = ()
    slurm_conf: Path | None = None

    @staticmethod
    def of(
        topology: Path,
        *,
        resources: list[Path] | None = None,
        nodes: list[Path] | None = None,
        queue: list[Path] | None = None,
        jobs: list[Path] | None = None,
        unavailable: list[str] | None = None,
        slurm_conf: Path | None = None,
    ) -> StateFiles:
        """From the options; None means that the option was not given."""
        return StateFiles(
            topology,
            tuple(resources or ()),
            tuple(nodes or ()),
            tuple(queue or ()),
            tuple(jobs or ()),
            tuple(unavailable or ()),
            slurm_conf,
        )

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        conf = (self.slurm_conf,) if self.slurm_conf else ()
        return (self.topology, *self.resources, *self.nodes, *self.queue, *self.jobs, *conf)

    def load(self) -> Instance:
        """The instance; warnings go to stderr."""
        return load(
            self.topology,
            resources=list(self.resources),
            nodes=list(self.nodes),
            queue=list(self.queue),
            jobs=list(self.jobs),
            unavailable=list(self.unavailable),
            slurm_conf=self.slurm_conf,
        ).instance

    def load_again(self) -> Instance:
        """The instance, without telling the warnings once more."""
        with redirect_stderr(StringIO()):
            return self.load()
