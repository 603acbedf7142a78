"""``rackwright datasets``: what comes with the package, what is public, and how to get it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def datasets(
    name: Annotated[
        str | None, typer.Argument(help="Describe this one. Default: list all.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch a public trace from its address.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy a shipped instance's files into --to.")
    ] = False,
    to: Annotated[
        Path, typer.Option(help="Folder for --download and --copy.", file_okay=False)
    ] = Path(),
    regenerate: Annotated[
        bool,
        typer.Option(
            "--regenerate",
            help="Make shipped instances again, with optimum and gaps, below --to (maintainers).",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The list as JSON.")] = False,
) -> None:
    """List and describe data sets; download public traces, with their licence shown first."""
    if regenerate:
        from .datasets_regenerate import regenerate_shipped

        regenerate_shipped(name, to)
    elif download or copy:
        if name is None:
            from ..models.errors import InputError, Problem

            raise InputError([Problem("datasets", "", "no name", "the data set to fetch")])
        _download(name, to) if download else _copy(name, to)
    elif name is not None:
        _describe(name)
    elif as_json:
        print(json.dumps(_records(), indent=1))
    else:
        _print_list()


def _records() -> list[dict[str, Any]]:
    from ..datasets.catalogue import PUBLIC_TRACES
    from ..datasets.shipped import shipped

    return [
        {
            "name": entry.name,
            "kind": "shipped",
            "summary": entry.summary,
            "folder": str(entry.folder),
        }
        for entry in shipped()
    ] + [
        {
            "name": trace.name,
            "kind": "public",
            "summary": trace.summary,
            "format": trace.format,
            "licence": trace.licence,
            "urls": [file.url for file in trace.files],
        }
        for trace in PUBLIC_TRACES
    ]


def _print_list() -> None:
    records = _records()
    width = max(len(record["name"]) for record in records)
    print("shipped instances (rackwright datasets NAME tells more):")
    for record in records:
        if record["kind"] == "shipped":
            print(f"  {record['name']:<{width}}  {record['summary']}")
    print("\npublic traces (rackwright datasets NAME --download --to FOLDER):")
    for record in records:
        if record["kind"] == "public":
            print(f"  {record['name']:<{width}}  {record['summary']} [{record['licence']}]")


def _describe(name: str) -> None:
    from ..datasets.catalogue import PUBLIC_TRACES, find_public
    from ..datasets.shipped import find_shipped

    if name in {trace.name for trace in PUBLIC_TRACES}:
        trace = find_public(name)
        print(f"{trace.name}: {trace.summary}")
        print(f"licence: {trace.licence}\ncite: {trace.cite}\nformat: {trace.format}")
        for file in trace.files:
            checksum = file.sha256 or "none published; kept beside the first download"
            print(f"address: {file.url}\n  sha256: {checksum}")
        if trace.note:
            print(trace.note)
        print(f"then: rackwright replay --trace {trace.read} --topology ...")
        return
    readme = find_shipped(name).folder / "README.md"
    print(readme.read_text(encoding="utf-8"), end="")


def _download(name: str, to: Path) -> None:
    from ..datasets.catalogue import find_public
    from ..datasets.download import download

    trace = find_public(name)
    print(f"{trace.name}: licence {trace.licence}\ncite: {trace.cite}", file=sys.stderr)
    for file in trace.files:
        path = download(file, to, progress=lambda line: print(f"  {line}", file=sys.stderr))
        print(path)
    if trace.note:
        print(trace.note, file=sys.stderr)


def _copy(name: str, to: Path) -> None:
    from ..datasets.shipped import find_shipped

    to.mkdir(parents=True, exist_ok=True)
    for path in find_shipped(name).files.values():
        shutil.copyfile(path, to / path.name)
        print(to / path.name)
