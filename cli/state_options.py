"""The options that name the files of a cluster's state, shared by all commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..models.formats.state import LoadedState


def _file(flag: str, help: str) -> typer.models.OptionInfo:
    option = typer.Option(flag, help=help, exists=True, dir_okay=False, metavar="FILE")
    assert isinstance(option, typer.models.OptionInfo)
    return option


TopologyFile = Annotated[
    Path, _file("--topology", "topology.yaml, topology.conf or text of `scontrol show topology`.")
]
ResourceFiles = Annotated[
    list[Path] | None,
    _file("--resources", "resources.yaml, or power.yaml with caps in watts; repeatable."),
]
NodeFiles = Annotated[
    list[Path] | None,
    _file(
        "--nodes",
        "`scontrol show nodes --json`, `sinfo --json` or a CSV node,state[,...]; repeatable.",
    ),
]
QueueFiles = Annotated[
    list[Path] | None,
    _file("--queue", "`squeue --json` or `scontrol show jobs --json`; repeatable."),
]
JobFiles = Annotated[
    list[Path] | None, _file("--jobs", "More jobs: YAML, CSV or sbatch scripts; repeatable.")
]
Unavailable = Annotated[
    list[str] | None,
    typer.Option("--unavailable", help="Nodes not to use; repeatable.", metavar="HOSTLIST"),
]
SlurmConf = Annotated[
    Path | None, _file("--slurm-conf", "slurm.conf: its node and partition lines are read.")
]
ReservationFile = Annotated[
    Path | None, _file("--reservations", "`scontrol show reservations --json`.")
]
LicenseFile = Annotated[
    Path | None,
    _file("--licenses", "`scontrol show licenses --json`: what each layer has in use."),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", help="Node profile for GPUs and watts.", metavar="NAME"),
]


def load(
    topology: Path,
    *,
    resources: list[Path] | None = None,
    nodes: list[Path] | None = None,
    queue: list[Path] | None = None,
    jobs: list[Path] | None = None,
    unavailable: list[str] | None = None,
    slurm_conf: Path | None = None,
    reservations: Path | None = None,
    licenses: Path | None = None,
    profile: str | None = None,
) -> LoadedState:
    """Read the state from all files given; its warnings go to stderr.

    Raises
    ------
    InputError
        With every problem that the readers found.
    """
    from ..models.formats.state import load_state
    from .crash_report import remember
    from .progress import warn

    state = load_state(
        topology=topology,
        resources=resources or (),
        nodes=nodes or (),
        queue=queue or (),
        jobs=jobs or (),
        unavailable=unavailable or (),
        slurm_conf=slurm_conf,
        reservations=reservations,
        licenses=licenses,
        profile=profile,
    )
    remember(state.instance)
    for warning in state.warnings:
        warn(str(warning))
    return state
