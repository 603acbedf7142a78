"""Writing a file so that a reader, or a crash, never sees half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_DEFAULT_MODE = 0o666


def write_atomically(path: Path, text: str) -> None:
    """Write `text` as UTF-8 beside `path` and rename it into place.

    An existing file keeps its permissions, a link keeps pointing where it did, and a device such
    as ``/dev/stdout`` is written to directly.

    Raises
    ------
    OSError
        If the folder cannot be written to; `path` is then as it was.
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode_of(target))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode_of(target: Path) -> int:
    """Permissions that a plain write would have left; mkstemp's are private."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _DEFAULT_MODE & ~mask
