"""Reading a text file from outside: encoding, compression and size are checked first."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ..errors import InputError, Problem

MAX_TEXT_BYTES = 1 << 30  # scontrol's JSON of 55,000 nodes has about 150 MB
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


def read_text(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Content of a UTF-8 file, gzipped or not; a byte order mark is dropped.

    Parameters
    ----------
    path
        The file; a pipe such as ``/dev/stdin`` will do.
    max_bytes
        Largest size accepted, after decompression.

    Raises
    ------
    InputError
        If it cannot be read, is larger than `max_bytes`, binary, or not UTF-8.
    """
    data = _read_bytes(path, max_bytes)
    if len(data) > max_bytes:
        raise _refused(path, "", f"more than {max_bytes} bytes", "a smaller file")
    data = data.removeprefix(_BOM)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise _refused(path, f"line {line}", found, "UTF-8 text") from None
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise _refused(path, f"line {line}", "a NUL character", "a text file")
    return text


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    """At most one byte more than `max_bytes`, so that a decompression bomb stays small."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
            if start != _GZIP_MAGIC:
                return start + file.read(max_bytes)
        with gzip.open(path) as unpacked:
            return unpacked.read(max_bytes + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _refused(path, "", f"broken gzip data ({error})", "a complete file") from None
    except OSError as error:
        raise _refused(path, "", f"cannot be read: {error.strerror}", "") from None


def _refused(path: Path, place: str, found: str, wanted: str) -> InputError:
    return InputError([Problem(str(path), place, found, wanted)])
