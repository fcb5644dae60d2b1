"""Whether a thread that follows something still does."""

from __future__ import annotations

import threading

_PATIENCE = 30.0


def goes_on(thread: threading.Thread | None, *, ending: bool) -> bool:
    """Whether it is running; one that is `ending` is given time to.

    A thread says that it failed, or is asked to stop, a moment before it ends:
    who starts it anew in that moment must not find it running.
    """
    if thread is None:
        return False
    if ending and thread is not threading.current_thread():
        thread.join(_PATIENCE)
    return thread.is_alive()
