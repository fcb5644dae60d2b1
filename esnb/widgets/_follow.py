"""Looking again and again, a few times a second, until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

EVERY = 0.4
"""Seconds between two looks: what people take for at once."""


class Follower:
    """Calls `look` from a thread of its own until it returns False or `stop` is called.

    The thread is a daemon: it ends with the kernel. It prints nothing; `look`
    sets traits, and handles its own errors.
    """

    def __init__(self, look: Callable[[], bool], every: float = EVERY) -> None:
        self._look = look
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="esnb-browse-follow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No look begins after this."""
        self._ended.set()

    def join(self, timeout: float) -> None:
        """Waits until the thread is gone; not from the thread itself."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            if not self._look():
                return
