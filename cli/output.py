"""Where results go: checked before the work starts, not after it."""

from __future__ import annotations

from pathlib import Path

from ..models.errors import InputError, Problem


def check_folder(output: Path | None) -> None:
    """Refuse a result file that cannot be written.

    Raises
    ------
    InputError
        Its folder does not exist, or it is a folder itself.
    """
    if output is None:
        return
    wanted = "a file in an existing folder"
    if output.is_dir():
        raise InputError([Problem("--output", "", f"{str(output)!r} is a folder", wanted)])
    if not output.parent.is_dir():
        raise InputError([Problem("--output", "", f"no folder {str(output.parent)!r}", wanted)])
