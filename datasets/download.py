"""Downloads that can be interrupted: half a file is continued, a wrong one is refused."""

from __future__ import annotations

import hashlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..models.errors import RackwrightError
from ..models.plan import Progress
from .catalogue import PublicFile

TIMEOUT_S = 30
_PIECE = 1 << 16
_RANGE_NOT_SATISFIABLE = 416


class DownloadError(RackwrightError):
    """A file could not be fetched, or is not the one that was published."""


def download(file: PublicFile, folder: Path, *, progress: Progress | None = None) -> Path:
    """Fetch a file into `folder`.

    A file that is there already is only checked. An unfinished one (``NAME.part``) is continued
    where the server allows it. Where no checksum was published, the one of the first download is
    kept in ``NAME.sha256`` and later ones are compared with it.

    Raises
    ------
    DownloadError
        If the server cannot be reached, refuses, breaks off, or the checksum differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    note = folder / f"{file.name}.sha256"
    wanted = file.sha256 or (note.read_text().split()[0] if note.is_file() else None)
    if target.is_file():
        _check(target, wanted, file.url)
        return target
    part = folder / f"{file.name}.part"
    _fetch(file.url, part, progress)
    try:
        found = _check(part, wanted, file.url)
    except DownloadError:
        part.unlink()
        raise
    note.write_text(f"{found}  {file.name}\n")
    part.replace(target)
    return target


def _fetch(url: str, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"User-Agent": "rackwright", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:
            is_rest = response.status == 206
            if have and progress is not None:
                progress(
                    f"{'continuing at' if is_rest else 'server starts again, had'} {have:,} bytes"
                )
            _store(response, part, have if is_rest else 0, url, progress)
    except HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and have:
            return  # the part was complete already; its checksum decides
        raise DownloadError(f"{url}: the server says {error.code} {error.reason}") from error
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise DownloadError(f"{url}: {reason}; run again to continue") from error


def _store(
    response: HTTPResponse, part: Path, have: int, url: str, progress: Progress | None
) -> None:
    length = response.headers.get("Content-Length")
    total = have + int(length) if length and length.isdigit() else None
    done, told = have, 0
    with part.open("ab" if have else "wb") as file:
        while piece := response.read(_PIECE):
            file.write(piece)
            done += len(piece)
            if progress is not None and total and done * 10 // total > told:
                told = done * 10 // total
                progress(f"{done:,} of {total:,} bytes")
    if total is not None and done < total:
        raise DownloadError(
            f"{url}: broke off after {done:,} of {total:,} bytes; run again to continue"
        )


def _check(path: Path, wanted: str | None, url: str) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    found = digest.hexdigest()
    if wanted is not None and found != wanted:
        raise DownloadError(
            f"{url}: checksum {found} of {path.name}, published is {wanted};"
            " remove it and run again"
        )
    return found
