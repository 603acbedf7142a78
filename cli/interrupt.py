"""What Ctrl-C does while the exact engine searches."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.plan import Stop

EXIT_INTERRUPTED = 130


@contextmanager
def first_interrupt_noted() -> Iterator[Stop]:
    """Within, the first Ctrl-C is only noted and a second one ends the process at once.

    Yields
    ------
    Stop
        Whether there has been one.

    Notes
    -----
    Where somebody else handles SIGINT or ignores it (``nohup``, a host program), they still do.
    """
    noted = Event()

    def note(number: int, frame: FrameType | None) -> None:
        noted.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_ours or current_thread() is not main_thread():
        yield noted.is_set
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
