"""Whether a thread that follows something still does."""

from __future__ import annotations

import threading
from typing import Protocol

_PATIENCE = 30.0


class Ending(Protocol):
    """What a thread works on, and tells of its end."""

    @property
    def is_ending(self) -> bool:
        """Whether it was asked to stop, or has failed."""


def goes_on(thread: threading.Thread | None, work: Ending | None) -> bool:
    """Whether it is running; one whose `work` is ending is given time to.

    A thread says that it failed, or is asked to stop, a moment before it ends:
    who starts it anew in that moment must not find it running.
    """
    if thread is None or work is None:
        return False
    if work.is_ending and thread is not threading.current_thread():
        thread.join(_PATIENCE)
    return thread.is_alive()
